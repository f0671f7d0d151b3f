"""Numbered pages of long lists for operations: who may look, how many there are, which come now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from sqlalchemy import Select, SQLColumnExpression, func, select

from app.core.errors import InvalidInputError
from app.services.context import Context
from app.services.paging import Page

SIZE: Final = 25
"""Rows of one numbered page."""

T = TypeVar("T")


async def numbered(ctx: Context, query: Select[T], number: int, *, size: int = SIZE) -> Page[T]:
    """Return page ``number`` (from 1) of a sorted query of single rows, and how many rows it has."""
    ctx.require_ops()
    rows = await ctx.db.scalars(query.offset((max(1, number) - 1) * size).limit(size))
    return Page(list(rows), total=await count(ctx, query))


async def pairs(
    ctx: Context, query: Any, number: int, *, size: int = SIZE
) -> Page[tuple[Any, ...]]:
    """Return page ``number`` of a sorted query of several columns, and how many rows it has."""
    ctx.require_ops()
    rows = await ctx.db.execute(query.offset((max(1, number) - 1) * size).limit(size))
    return Page([tuple(row) for row in rows], total=await count(ctx, query))


async def count(ctx: Context, query: Any) -> int:
    """Return how many rows a query has, whatever its order."""
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    return await ctx.db.scalar(counted) or 0


def order(query: Any, sorts: Mapping[str, SQLColumnExpression[Any]], sort: str, id_: Any) -> Any:
    """Sort by one of the known keys, ``-`` before it for descending; the id breaks every tie."""
    key = sorts.get(sort.removeprefix("-"))
    if key is None:
        problem = f"must be one of {', '.join(sorts)}, with - for descending"
        raise InvalidInputError(f"The sort {problem}.", fields=[("sort", problem)])
    if sort.startswith("-"):
        return query.order_by(key.desc().nulls_last(), id_.desc())
    return query.order_by(key.asc().nulls_last(), id_)
