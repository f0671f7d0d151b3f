"""JSON that every reader reads alike, whoever sent it."""

from __future__ import annotations

import json
import math
from typing import Any, Final, cast

from app.core.errors import MalformedError

_PLAIN: Final = json.JSONDecoder()


def read_json(body: bytes) -> Any:
    """Return what a body of plain JSON says; raises ``MalformedError`` for anything else.

    Refuses NaN, Infinity and what is as large, duplicate keys, lone surrogates, NUL and what is not
    UTF-8: each of them means something else to the next reader.
    """
    try:
        text = body.decode()
        value = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_duplicates
        )
    except UnicodeDecodeError as error:
        raise MalformedError("The body is not UTF-8.") from error
    except RecursionError as error:
        raise MalformedError("The body is nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise MalformedError(f"The body is not valid JSON: {error}.") from error
    except _NotPlainError as error:
        raise MalformedError(f"The body is not valid JSON: {error}.") from error
    except ValueError as error:  # the interpreter's limit on digits
        raise MalformedError("The body is not valid JSON: a number is too long.") from error
    # Without an escape there is no way to write either of them.
    if "\\u" in text and _has_bad_text(value):
        raise MalformedError("The body holds NUL or a lone surrogate.")
    return value


def is_deeper(value: Any, levels: int) -> bool:
    """Tell whether lists and objects are nested beyond so many levels, however many there are."""
    inside = [value]
    for _ in range(levels + 1):
        inside = [
            one
            for outer in inside
            if isinstance(outer, dict | list)
            for one in (
                cast("dict[str, Any]", outer).values() if isinstance(outer, dict) else outer
            )
        ]
    return bool(inside)


class _NotPlainError(ValueError):
    """JSON that readers disagree about."""


def _no_constant(name: str) -> Any:
    raise _NotPlainError(f"{name} is no value")


def _finite(digits: str) -> Any:
    number = _PLAIN.decode(digits)
    if number in (math.inf, -math.inf):
        raise _NotPlainError(f"{digits[:20]} is too large")
    return number


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotPlainError("a key appears twice")
    return found


def _has_bad_text(value: Any) -> bool:
    if isinstance(value, str):
        return any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return any(_has_bad_text(key) or _has_bad_text(one) for key, one in pairs.items())
    if isinstance(value, list):
        return any(_has_bad_text(one) for one in cast("list[Any]", value))
    return False
