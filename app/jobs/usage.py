"""The steady fold of raw events and calls into the days and payments that everything is counted from."""

from __future__ import annotations

import datetime as dt

from app.jobs.schedule import every
from app.services import call_folding, folding
from app.services.context import Context


@every(dt.timedelta())
async def fold_usage(ctx: Context) -> int:
    """Fold what came since the last look."""
    return await folding.fold(ctx)


@every(dt.timedelta(minutes=1))
async def fold_calls(ctx: Context) -> int:
    """Fold what was called since the last look; figures read what is newer from the calls themselves."""
    folded = 0
    while count := await call_folding.fold(ctx):
        folded += count
        await ctx.save()
    return folded
