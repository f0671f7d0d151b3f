"""The lists of operations: what matches a search, in order; a numbered page of it, or all of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, NoReturn, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from app.core.errors import InvalidInputError
from app.services.context import Context
from app.services.paging import Page

SIZE: Final = 25
"""Rows of one numbered page."""
BATCH: Final = 500
"""Rows read at once where all of a list is wanted."""
LONGEST_TEXT: Final = 128

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Search:
    """What to show of a list; what a list does not know it passes over.

    ``sort`` is one of the list's keys, ``-`` before it for descending; without one the list comes
    in its own order, the newest first.
    """

    q: str = ""
    status: str = ""
    sort: str = ""
    tenant_id: UUID | None = None
    provider: str = ""
    area: str = ""
    programme: str = ""
    month: str = ""


@dataclass(frozen=True, slots=True)
class Listed(Generic[Line]):
    """One list: ``matching`` selects what a search wants, ``lines`` says the rows that come.

    The first of ``sorts`` is the list's own order, descending; ``key`` breaks every tie.
    """

    name: str
    matching: Callable[[Context, Search], Any]
    lines: Callable[[Context, Sequence[Any]], Awaitable[list[Line]]]
    sorts: Mapping[str, Any]
    key: Any
    statuses: Collection[str] = ()

    @property
    def order(self) -> str:
        """The list's own order, as a search would ask for it."""
        return f"-{next(iter(self.sorts))}"

    async def page(
        self, ctx: Context, search: Search, number: int = 1, *, size: int = SIZE
    ) -> Page[Line]:
        """Return page ``number`` (from 1) of what matches, and how much matches in all."""
        query = self._sorted(ctx, search)
        found = await ctx.db.execute(query.offset((max(1, number) - 1) * size).limit(size))
        return Page(await self.lines(ctx, found.all()), total=await _count(ctx, query))

    async def count(self, ctx: Context, search: Search) -> int:
        """Return how much matches."""
        return await _count(ctx, self._sorted(ctx, search))

    async def batches(self, ctx: Context, search: Search) -> AsyncGenerator[list[Line]]:
        """Yield all that matches as it stood when reading began, some lines at a time."""
        query = self._sorted(ctx, search).execution_options(yield_per=BATCH)
        result = await ctx.db.stream(query)
        async for rows in result.partitions():
            yield await self.lines(ctx, rows)

    def _sorted(self, ctx: Context, search: Search) -> Any:
        ctx.require_ops()
        if search.status and search.status not in self.statuses:
            _refuse("status", f"must be one of {', '.join(self.statuses)}")
        sort = search.sort or self.order
        by = self.sorts.get(sort.removeprefix("-"))
        if by is None:
            _refuse("sort", f"must be one of {', '.join(self.sorts)}, with - for descending")
        query = self.matching(ctx, search)
        if sort.startswith("-"):
            return query.order_by(by.desc().nulls_last(), self.key.desc())
        return query.order_by(by.asc().nulls_last(), self.key)


async def as_they_are(ctx: Context, rows: Sequence[Any]) -> list[Any]:  # noqa: ARG001
    """Return rows of one column as what they hold."""
    return [row[0] for row in rows]


def found(q: str, *columns: Any) -> list[ColumnElement[bool]]:
    """Return the condition that a text stands somewhere in the columns; none for no text."""
    text = q.strip().lower()[:LONGEST_TEXT]
    if not text:
        return []
    return [or_(*(func.lower(one).contains(text, autoescape=True) for one in columns))]


def of_tenant(model: Any, search: Search) -> list[ColumnElement[bool]]:
    """Return the condition for the one vendor that a search is about, if it is about one."""
    return [] if search.tenant_id is None else [model.tenant_id == search.tenant_id]


async def _count(ctx: Context, query: Any) -> int:
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    return await ctx.db.scalar(counted) or 0


def _refuse(name: str, problem: str) -> NoReturn:
    raise InvalidInputError(f"The {name} {problem}.", fields=[(name, problem)])
