"""Moves the sandbox's clock day by day and waits until what fell due on each day is done."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable

from app.core.errors import UnavailableError
from app.runtime import Runtime
from app.services import outbox, sandbox
from app.services.context import Actor

PATIENCE = dt.timedelta(minutes=5)


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
        await (process.settle or _watch(process))()
    return process.clock.now()


def _watch(process: Runtime) -> Callable[[], Awaitable[None]]:
    """Wait for another process's worker, which sees the moved clock within a second."""

    async def wait() -> None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                quiet = 0
                while quiet < 3:
                    await asyncio.sleep(0.7)
                    async with process.as_system(readonly=True) as ctx:
                        quiet = 0 if await outbox.in_flight(ctx) else quiet + 1
        except TimeoutError as error:
            raise UnavailableError("The clock moved, but the work it started goes on.") from error

    return wait
