"""A clock moved by another process: the worker says when its work for that instant is done."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from app import clockwork
from app.core.clock import SystemClock
from app.core.ids import new_id
from app.jobs.worker import Worker
from app.runtime import Runtime
from app.services import outbox, sandbox, workers
from app.services.context import SYSTEM
from app.services.ports import JobName
from models import installation


@pytest.fixture
def own_run(own_run: Runtime) -> Runtime:
    """A clock that goes on by itself and is moved through the database, as in the product."""
    own_run.clock = SystemClock()
    return own_run


async def _queue(run: Runtime, key: str) -> None:
    async with run.context(SYSTEM) as ctx:
        await outbox.enqueue(ctx, JobName.HANDLE_INBOX, key, inbox_id=str(new_id()))


async def _move(run: Runtime, days: int) -> dt.datetime:
    to = run.clock.now() + dt.timedelta(days=days)
    async with run.context(SYSTEM) as ctx:
        await sandbox.move(ctx, to, note=False)
    return to


async def _is_settled(run: Runtime, stop: dt.datetime) -> bool:
    async with run.context(SYSTEM, readonly=True) as ctx:
        return await sandbox.is_settled(ctx, stop)


async def test_an_instant_is_settled_by_a_look_at_it_and_no_earlier_one(
    own_run: Runtime, worker: Worker
) -> None:
    await worker.turn()
    first = await _move(own_run, 1)
    assert not await _is_settled(own_run, first)
    await worker.turn()
    assert await _is_settled(own_run, first)
    second = await _move(own_run, 2)
    assert not await _is_settled(own_run, second)
    await worker._answer_mover(first)  # a look that began before the clock was moved again
    assert not await _is_settled(own_run, second)
    await worker.turn()
    assert await _is_settled(own_run, second)


async def test_nothing_is_settled_while_work_is_under_way(own_run: Runtime, worker: Worker) -> None:
    stop = await _move(own_run, 1)
    await own_run.refresh_clock()
    await _queue(own_run, "one")
    await worker._answer_mover(own_run.clock.now())
    assert not await _is_settled(own_run, stop)
    await worker.settle()
    assert await _is_settled(own_run, stop)
    await _queue(own_run, "two")
    assert not await _is_settled(own_run, stop)


async def test_an_instant_is_settled_once_every_worker_that_lives_is_done(
    own_run: Runtime, worker: Worker
) -> None:
    """The other may still be ticking: what it finds is not in the outbox yet."""
    async with own_run.context(SYSTEM) as ctx:
        await workers.beat(ctx, "other")
    stop = await _move(own_run, 1)
    await worker.turn()
    assert not await _is_settled(own_run, stop)
    async with own_run.context(SYSTEM) as ctx:
        await sandbox.note_settled(ctx, "other", stop)
    assert await _is_settled(own_run, stop)
    later = await _move(own_run, 2)
    await worker.turn()
    assert not await _is_settled(own_run, later)
    async with own_run.context(SYSTEM) as ctx:
        (await ctx.db.get_one(installation.Worker, "other")).seen_at -= workers.SILENCE
    assert await _is_settled(own_run, later)  # it died: what it left is somebody else's


async def test_thirty_days_beside_a_worker_pass_in_seconds(
    own_run: Runtime, worker: Worker
) -> None:
    seen: list[dt.date] = []
    tick = worker._tick

    async def noted(now: dt.datetime) -> int:
        seen.append(now.date())
        return await tick(now)

    worker._tick = noted  # type: ignore[method-assign]
    looking = asyncio.create_task(worker._run())
    began = own_run.clock.now()
    async with asyncio.timeout(30):
        to = (began + dt.timedelta(days=30)).replace(hour=0, minute=0, second=0, microsecond=0)
        await clockwork.move(own_run, SYSTEM, to)
    worker._stopping = True
    worker.wake()
    await looking
    days = {began.date() + dt.timedelta(days=number) for number in range(1, 31)}
    assert days <= set(seen)
