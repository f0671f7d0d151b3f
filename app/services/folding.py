"""Folds raw events into per-day activity and Pro payments: each event once, in whole statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import TextClause, bindparam, text

from app.services import pro_payments, streams
from app.services.context import Context
from models.base import UtcDateTime
from models.usage import UsageEvent

STREAM: Final = "usage"
BATCH: Final = 20_000

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


async def fold(ctx: Context, limit: int = BATCH) -> int:
    """Fold the next events and return how many those were; 0 when there are none for now."""
    async with streams.next_part(ctx, STREAM, UsageEvent, limit) as part:
        if part is None:
            return 0
        is_sqlite = ctx.db.get_bind().dialect.name == "sqlite"
        parts = _SQLITE if is_sqlite else _POSTGRESQL
        bounds = {"low": part.low, "high": part.high}
        for statement in (_DAYS, _LAST, _UNMATCHED):
            await ctx.db.execute(_filled(ctx, statement, parts), bounds)
        await pro_payments.fold(ctx, part.low, part.high)
    return part.count


def _filled(ctx: Context, statement: str, parts: Mapping[str, str]) -> TextClause:
    filled = text(statement.format_map(parts))
    if ":now" not in statement:
        return filled
    return filled.bindparams(bindparam("now", ctx.now(), UtcDateTime()))
