"""Folds raw events into per-day activity and Pro payments: each event once, in whole statements."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from sqlalchemy import TextClause, bindparam, text
from sqlmodel import col, select

from app.services import pro_payments
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.base import UtcDateTime
from models.usage import UsageEvent, UsageFold

STREAM: Final = "usage"
BATCH: Final = 20_000
_PAUSE: Final = 5
"""Milliseconds between two looks at who is still writing."""
_PATIENCE: Final = 40
"""How often to look before leaving it to the next turn."""

# The parts in which the two databases differ.
_POSTGRESQL: Final = {
    "actor": "(e.data::json ->> 'actor_omni')",
    "day": "(e.occurred_at AT TIME ZONE 'UTC')::date",
    "least": "least",
    "greatest": "greatest",
}
_SQLITE: Final = {
    "actor": "json_extract(e.data, '$.actor_omni')",
    "day": "date(e.occurred_at)",
    "least": "min",
    "greatest": "max",
}
_EVENTS: Final = """
  FROM usage_event e
  LEFT JOIN device_binding b ON b.actor_omni = {actor}
  LEFT JOIN device ON device.id = b.device_pk
  WHERE e.seq > :low AND e.seq <= :high AND e.type LIKE 'authority.%'
"""
_COUNTS: Final = "device.id IS NOT NULL AND (released_at IS NULL OR occurred_at <= released_at)"
_DAYS: Final = f"""
INSERT INTO device_day (device_pk, day, tenant_id, events, first_at, last_at)
SELECT b.device_pk, {{day}}, b.tenant_id, count(*), min(occurred_at), max(occurred_at)
{_EVENTS} AND {_COUNTS}
GROUP BY 1, 2, 3
ON CONFLICT (device_pk, day) DO UPDATE SET
  events = device_day.events + excluded.events,
  first_at = {{least}}(device_day.first_at, excluded.first_at),
  last_at = {{greatest}}(device_day.last_at, excluded.last_at)
"""
_LAST: Final = f"""
UPDATE device SET last_active_at = seen.at
FROM (SELECT b.device_pk, max(occurred_at) AS at {_EVENTS} AND {_COUNTS} GROUP BY 1) AS seen
WHERE device.id = seen.device_pk AND (last_active_at IS NULL OR last_active_at < seen.at)
"""  # noqa: S608 - put together from constants
_UNMATCHED: Final = f"""
INSERT INTO unmatched_event (seq, reason, noted_at)
SELECT e.seq, CASE WHEN device.id IS NULL THEN 'actor_not_registered' ELSE 'device_released' END,
  :now
{_EVENTS} AND NOT ({_COUNTS})
"""
_WRITERS: Final = text(
    """
SELECT virtualtransaction FROM pg_locks
WHERE relation = 'usage_event'::regclass AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND pid <> pg_backend_pid()
"""
)


async def fold(ctx: Context, limit: int = BATCH) -> int:
    """Fold the next events and return how many those were; 0 when there are none for now.

    The row of the stream is locked meanwhile, so that two workers never fold the same event, and
    its position moves in the same transaction: after a crash nothing is counted twice or left out.
    """
    ctx.require_system()
    query = select(UsageFold).where(col(UsageFold.stream) == STREAM).with_for_update()
    place = (await ctx.db.scalars(query)).one_or_none()
    if place is None:
        start = {"stream": STREAM, "position": 0}
        await ctx.db.execute(insert_or_ignore(ctx, UsageFold, start, "stream"))
        place = (await ctx.db.scalars(query)).one()
    low = place.position
    high = await _horizon(ctx, low, limit)
    if high <= low:
        return 0
    is_sqlite = ctx.db.get_bind().dialect.name == "sqlite"
    parts = _SQLITE if is_sqlite else _POSTGRESQL
    for statement in (_DAYS, _LAST, _UNMATCHED):
        await ctx.db.execute(_filled(ctx, statement, parts), {"low": low, "high": high})
    await pro_payments.fold(ctx, low, high)
    place.position, place.folded_at = high, ctx.now()
    counted = await ctx.db.scalar(
        text("SELECT count(*) FROM usage_event WHERE seq > :low AND seq <= :high"),
        {"low": low, "high": high},
    )
    return int(counted or 0)


async def _horizon(ctx: Context, low: int, limit: int) -> int:
    """Return a number up to which no event can appear any more.

    On PostgreSQL a number is drawn before its row is committed, so rows become visible out of
    order. Whoever may still bring a lower number than the highest seen held the table's write lock
    when that was seen: once those transactions have ended, everything below is there for good.
    """
    batch = (
        select(col(UsageEvent.seq))
        .where(col(UsageEvent.seq) > low)
        .order_by(col(UsageEvent.seq))
        .limit(limit)
    )
    seen = (await ctx.db.scalars(batch)).all()
    if not seen:
        return low
    high = seen[-1] or low
    if ctx.db.get_bind().dialect.name == "sqlite":
        return high  # one writer at a time: numbers are drawn and committed in one order
    writing = await _writers(ctx)
    for _ in range(_PATIENCE):
        if not writing:
            return high
        await asyncio.sleep(_PAUSE / 1000)
        writing &= await _writers(ctx)
    return low


async def _writers(ctx: Context) -> set[str]:
    return set((await ctx.db.scalars(_WRITERS)).all())


def _filled(ctx: Context, statement: str, parts: Mapping[str, str]) -> TextClause:
    filled = text(statement.format_map(parts))
    if ":now" not in statement:
        return filled
    return filled.bindparams(bindparam("now", ctx.now(), UtcDateTime()))
