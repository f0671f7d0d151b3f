"""Pages of long lists: opaque cursors for the API, numbered pages for the screens."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, or_

from app.core.clock import require_utc
from app.core.errors import InvalidInputError

T = TypeVar("T")

MAX_LIMIT = 200
DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list. ``total`` is counted for numbered pages only."""

    rows: Sequence[T]
    next_cursor: str | None = None
    total: int | None = None


def encode_cursor(sort: str, key: str | int | None, id_: object) -> str:
    """Return an opaque text for the place after one row."""
    raw = json.dumps([sort, key, str(id_)], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_cursor(cursor: str, sort: str) -> tuple[Any, UUID]:
    """Return ``(key, id)`` of the row a page ended with; raises ``InvalidInputError``.

    A cursor is only good for the sort order it was made for.
    """
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
        made_for, key, id_ = json.loads(raw)
        if made_for != sort or not isinstance(key, str | int | None) or isinstance(key, bool):
            raise ValueError("another list")
        return key, UUID(id_)
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        problem = "is no cursor of this list"
        raise InvalidInputError(f"The cursor {problem}.", fields=[("cursor", problem)]) from error


def after(
    key: SQLColumnExpression[Any],
    value: Any,
    ids: SQLColumnExpression[UUID],
    id_: UUID,
    *,
    down: bool,
) -> ColumnElement[bool]:
    """Return the condition for rows that follow ``(value, id_)``; the id breaks every tie."""
    if down:
        return or_(key < value, and_(key == value, ids < id_))
    return or_(key > value, and_(key == value, ids > id_))


def instant(key: object) -> dt.datetime:
    """Return the instant in a cursor; raises ``InvalidInputError``."""
    try:
        return require_utc(dt.datetime.fromisoformat(key if isinstance(key, str) else ""))
    except (ValueError, OverflowError) as error:
        problem = "is no cursor of this list"
        raise InvalidInputError(f"The cursor {problem}.", fields=[("cursor", problem)]) from error


def text(key: object) -> str:
    """Return the words in a cursor, which a text column is compared with; ``InvalidInputError``."""
    if isinstance(key, str) and key.isprintable():
        return key
    problem = "is no cursor of this list"
    raise InvalidInputError(f"The cursor {problem}.", fields=[("cursor", problem)])
