"""Once an hour: forget what has no use any more, and look whether the books are in order."""

from __future__ import annotations

import datetime as dt

from app.jobs.schedule import every
from app.services import books, housekeeping, reservations
from app.services.context import Context


@every(dt.timedelta(hours=1))
async def forget(ctx: Context) -> int:
    """Delete what expired; there is nothing to come back to at once."""
    await housekeeping.forget(ctx)
    return 0


@every(dt.timedelta(minutes=1))
async def release_lost_calls(ctx: Context) -> int:
    """Give back the calls of agents whose process ended while they were on their way elsewhere."""
    return await reservations.sweep(ctx)


@every(dt.timedelta(minutes=5))
async def check_books(ctx: Context) -> int:
    """Look at the ledger once its last look is an hour old."""
    await books.check_when_due(ctx)
    return 0
