"""The steady fold of raw events into the days and payments that everything is counted from."""

from __future__ import annotations

import datetime as dt

from app.jobs.schedule import every
from app.services import folding
from app.services.context import Context


@every(dt.timedelta())
async def fold_usage(ctx: Context) -> int:
    """Fold what came since the last look."""
    return await folding.fold(ctx)
