"""How params and answers of provider calls are written as JSON: amounts as decimal text, instants as RFC 3339."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from app.core.clock import require_utc, to_rfc3339
from app.core.money import Money


def write(value: Any) -> Any:
    """Return a value as JSON; raises ``ValueError`` for what no port speaks of."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Money):
        return {"amount": value.text(), "currency": value.currency}
    if isinstance(value, dt.datetime):
        return to_rfc3339(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: write(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, list | tuple):
        return [write(one) for one in cast("Sequence[Any]", value)]
    raise ValueError(f"{type(value).__name__} is not written")


def read(kind: Any, data: Any) -> Any:
    """Return JSON as a value of this type; raises ``ValueError`` for anything else."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = [one for one in get_args(kind) if one is not types.NoneType]
        return None if data is None else read(inner[0], data)
    if kind in (None, types.NoneType):
        return _checked(data is None, None, data)
    if kind in (str, bool):
        return _checked(type(data) is kind, data, data)
    if kind is Money:
        pair = _members(data, {"amount", "currency"})
        return Money.of(read(str, pair["amount"]), read(str, pair["currency"]))
    if kind is dt.datetime:
        return require_utc(dt.datetime.fromisoformat(read(str, data)))
    if origin is tuple:
        kinds = get_args(kind)
        many = _list(data)
        _checked(len(many) == len(kinds), None, data)
        return tuple(read(one, value) for one, value in zip(kinds, many, strict=True))
    if origin in (list, Sequence):
        return [read(get_args(kind)[0], one) for one in _list(data)]
    hints = get_type_hints(kind)
    given = _members(data, set(hints))
    return kind(**{name: read(hint, given[name]) for name, hint in hints.items()})


def read_params(kinds: Mapping[str, Any], data: Any) -> dict[str, Any]:
    """Return the params of a call; raises ``ValueError`` that names the one that is wrong."""
    given = _members(data, set(kinds))
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        try:
            found[name] = read(kind, given[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return found


def _members(data: Any, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise ValueError("must be an object")
    given = cast("dict[str, Any]", data)
    if missing := sorted(names - given.keys()):
        raise ValueError(f"{', '.join(missing)} is missing")
    if unknown := sorted(given.keys() - names):
        raise ValueError(f"{', '.join(unknown)[:100]} is not known")
    return given


def _list(data: Any) -> Sequence[Any]:
    if not isinstance(data, list):
        raise ValueError("must be a list")
    return cast("list[Any]", data)


def _checked(is_right: bool, value: Any, data: Any) -> Any:
    if not is_right:
        raise ValueError(f"must not be {type(data).__name__}")
    return value
