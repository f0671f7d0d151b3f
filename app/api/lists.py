"""What all lists and answers of the REST surface have in common."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, PlainSerializer

from app.api.errors import Envelope
from app.core.clock import to_rfc3339
from app.core.money import Money
from app.services import paging

Out = TypeVar("Out", bound=BaseModel)
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=paging.MAX_LIMIT, description="Rows on a page.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="The `next_cursor` of the page before.")
]
Instant = Annotated[dt.datetime, PlainSerializer(to_rfc3339, return_type=str)]
"""An instant as RFC 3339 in UTC with ``Z``."""


_INSTANT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]")


def _no_number(value: object) -> object:
    """Refuse seconds since an epoch, which the library behind would take as well."""
    if isinstance(value, dt.datetime) or (isinstance(value, str) and _INSTANT.match(value)):
        return value
    raise ValueError("must be an RFC 3339 instant")


InstantIn = Annotated[AwareDatetime, BeforeValidator(_no_number)]
"""An instant as RFC 3339 with its zone, and nothing else."""

_MEANINGS = {
    400: "The address or the body cannot be read.",
    401: "No valid credential came along.",
    402: "Something has to be paid first.",
    403: "The credential does not allow this.",
    404: "There is no such thing here.",
    409: "It clashes with what is already there.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    422: "Some fields are not valid.",
    429: "Too many requests; `Retry-After` says when to come back.",
    502: "A provider refused.",
    503: "Something we depend on is down; try again later.",
}


class MoneyOut(BaseModel):
    """An amount as decimal text with its currency."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> MoneyOut:
        """Return the amount as it is written in answers."""
        return cls(amount=money.text(), currency=money.currency)


class ListOut(BaseModel, Generic[Out]):
    """One page of a list; ``next_cursor`` is null on the last one."""

    data: list[Out]
    next_cursor: str | None = None


def page_of(page: paging.Page[Row], out: Callable[[Row], Out]) -> ListOut[Out]:
    """Return a page as it is answered."""
    return ListOut(data=[out(row) for row in page.rows], next_cursor=page.next_cursor)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of refusals, all of one shape; any request may be unreadable."""
    return {
        status: {"model": Envelope, "description": _MEANINGS[status]}
        for status in sorted({400, *statuses})
    }
