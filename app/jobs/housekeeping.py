"""Once an hour, forget what has no use any more."""

from __future__ import annotations

import datetime as dt

from app.jobs.schedule import every
from app.services import housekeeping
from app.services.context import Context


@every(dt.timedelta(hours=1))
async def forget(ctx: Context) -> int:
    """Delete what expired; there is nothing to come back to at once."""
    await housekeeping.forget(ctx)
    return 0
