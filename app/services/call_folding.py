"""Folds the gateway's calls into days, so that no figure scans every call that was ever made."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from app.services import streams
from app.services.context import Context
from models.agent import AgentCall

STREAM: Final = "calls"
BATCH: Final = 20_000
_DAY: Final = {"sqlite": "date(at)", "postgresql": "(at AT TIME ZONE 'UTC')::date"}
_FOLD: Final = """
INSERT INTO call_day (tenant_id, day, action, status, is_billable, is_charged, calls)
SELECT tenant_id, {day}, CASE WHEN pack = '' THEN '' ELSE action END, status, is_billable, is_charged, count(*)
FROM agent_call WHERE seq > :low AND seq <= :high
GROUP BY 1, 2, 3, 4, 5, 6
ON CONFLICT (tenant_id, day, action, status, is_billable, is_charged)
DO UPDATE SET calls = call_day.calls + excluded.calls
"""


async def fold(ctx: Context, limit: int = BATCH) -> int:
    """Fold the next calls and return how many those were; 0 when there are none for now."""
    async with streams.next_part(ctx, STREAM, AgentCall, limit) as part:
        if part is None:
            return 0
        statement = _FOLD.format(day=_DAY[ctx.db.get_bind().dialect.name])
        await ctx.db.execute(text(statement), {"low": part.low, "high": part.high})
    return part.count
