"""Moves the sandbox's clock day by day and waits until what fell due on each day is done."""

from __future__ import annotations

import asyncio
import datetime as dt

from app.core.errors import UnavailableError
from app.runtime import Runtime
from app.services import sandbox
from app.services.context import Actor

PATIENCE = dt.timedelta(minutes=5)
LOOK_EVERY = 0.05


async def move(process: Runtime, actor: Actor, to: dt.datetime) -> dt.datetime:
    """Move to an instant; returns the product's time afterwards.

    Stops at every midnight in between, so that each day's work carries that day's date.
    """
    async with process.context(actor, readonly=True) as ctx:
        stops = sandbox.check(ctx, to)
    for stop in stops:
        async with process.context(actor) as ctx:
            await sandbox.move(ctx, stop, note=stop is stops[-1])
        await process.refresh_clock()
        if process.settle:
            await process.settle()
        await _watch(process, stop)
    return process.clock.now()


async def _watch(process: Runtime, stop: dt.datetime) -> None:
    """Wait for every worker, of whatever process, to say that it did what was due at an instant."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while True:
                async with process.as_system(readonly=True) as ctx:
                    if await sandbox.is_settled(ctx, stop):
                        return
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError as error:
        raise UnavailableError("The clock moved, but the work it started goes on.") from error
