"""Rows that are folded into figures: each once, in the order of their numbers, by one worker at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, text
from sqlmodel import col, select

from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.usage import UsageFold

_PAUSE: Final = 5
"""Milliseconds between two looks at who is still writing."""
_PATIENCE: Final = 40
"""How often to look before leaving it to the next turn."""
_WRITERS: Final = text(
    """
SELECT virtualtransaction FROM pg_locks
WHERE relation = CAST(:table AS regclass) AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND pid <> pg_backend_pid()
"""
)


@dataclass(frozen=True, slots=True)
class Part:
    """The next rows of a stream: those numbered above ``low`` up to ``high``, ``count`` of them."""

    low: int
    high: int
    count: int


@asynccontextmanager
async def next_part(
    ctx: Context, stream: str, model: type[Any], limit: int
) -> AsyncGenerator[Part | None]:
    """Give the next rows of a stream to the block, None when there are none for now.

    The stream's row is locked meanwhile, so that two workers never fold the same rows, and its
    position moves in the same transaction: after a crash nothing is counted twice or left out.
    """
    ctx.require_system()
    query = select(UsageFold).where(col(UsageFold.stream) == stream).with_for_update()
    place = (await ctx.db.scalars(query)).one_or_none()
    if place is None:
        start = {"stream": stream, "position": 0}
        await ctx.db.execute(insert_or_ignore(ctx, UsageFold, start, "stream"))
        place = (await ctx.db.scalars(query)).one()
    part = await _part(ctx, model, place.position, limit)
    yield part
    if part is not None:
        place.position, place.folded_at = part.high, ctx.now()


async def _part(ctx: Context, model: type[Any], low: int, limit: int) -> Part | None:
    """Return rows below which no other can appear any more.

    On PostgreSQL a number is drawn before its row is committed, so rows become visible out of
    order. Whoever may still bring a lower number than the highest seen held the table's write lock
    when that was seen: once those transactions have ended, everything below is there for good.
    """
    query = select(col(model.seq)).where(col(model.seq) > low).order_by(col(model.seq)).limit(limit)
    seen = (await ctx.db.scalars(query)).all()
    if not seen:
        return None
    high: int = seen[-1]
    if ctx.db.get_bind().dialect.name == "sqlite":
        # One writer at a time: numbers are drawn and committed in one order.
        return Part(low, high, len(seen))
    writing = await _writers(ctx, model)
    for _ in range(_PATIENCE):
        if not writing:
            between = (col(model.seq) > low, col(model.seq) <= high)
            count = await ctx.db.scalar(select(func.count()).where(*between))
            return Part(low, high, count or 0)
        await asyncio.sleep(_PAUSE / 1000)
        writing &= await _writers(ctx, model)
    return None


async def _writers(ctx: Context, model: type[Any]) -> set[str]:
    return set((await ctx.db.scalars(_WRITERS, {"table": model.__tablename__})).all())
