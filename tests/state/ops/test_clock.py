from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlmodel import select

from app.core.clock import FixedClock
from app.core.errors import ForbiddenError, InvalidInputError
from app.runtime import Runtime
from app.services import workers
from app.services.context import Context
from models.audit import AuditEvent
from state.ops.clock import ClockState
from state.shell import ShellState
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened


@pytest.fixture
def settled(run: Runtime, clock: FixedClock) -> list[str]:
    """A worker that is done at once, and a clock that follows."""
    days: list[str] = []

    async def settle() -> None:
        midnight = clock.now().replace(hour=0) + dt.timedelta(days=1)
        clock.advance(midnight - clock.now())
        days.append(str(clock.now().date()))
        async with run.as_system() as ctx:
            await workers.settled(ctx, "w1", clock.now())

    run.settle = settle
    return days


async def test_vendors_see_no_clock(tab: Tab) -> None:
    with pytest.raises(ForbiddenError):
        await opened(tab, ClockState, "/ops/clock")


async def test_the_product_says_what_time_it_is(viewer: Tab) -> None:
    state = await opened(viewer, ClockState, "/ops/clock")
    assert (state.now, state.next_month) == ("20 Nov 2026, 09:00 UTC", "1 Dec 2026, 00:00 UTC")


async def test_it_is_asked_before_time_moves(operator: Tab) -> None:
    state = await opened(operator, ClockState, "/ops/clock")
    await state.ask("month")
    assert (state.goal_text, state.days) == ("1 Dec 2026, 00:00 UTC", 11)
    await state.cancel()
    assert state.goal == ""
    await state.ask_for_day({"day": "2026-11-22"})
    assert state.goal_text == "22 Nov 2026, 00:00 UTC"
    await state.ask_for_day({"day": "2026-11-01"})
    assert (state.goal, state.error) == ("", "Time only moves forward.")
    await state.ask_for_day({"day": "soon"})
    assert state.error == "Day must be a day."
    with pytest.raises(InvalidInputError):
        await state.ask("year")


async def test_time_moves_day_by_day_and_shows_how_far_it_is(
    ctx: Context, operator: Tab, settled: list[str]
) -> None:
    state = await opened(operator, ClockState, "/ops/clock")
    await state.ask_for_day({"day": "2026-11-23"})
    said: list[Any] = [state.done_text async for _ in state.confirm({})]
    assert said[:2] == ["Beginning", "1 of 3 stops done"]
    assert said[-1] == "3 of 3 stops done"
    assert (state.is_moving, state.error, state.now) == (False, "", "23 Nov 2026, 00:00 UTC")
    assert (await operator.state(ShellState)).clock == "23 Nov 2026, 00:00 UTC"
    assert settled == ["2026-11-21", "2026-11-22", "2026-11-23"]
    rows = await ctx.db.scalars(select(AuditEvent).where(AuditEvent.kind == "ops.clock_moved"))
    assert len(rows.all()) == 3


async def test_a_viewer_moves_nothing(viewer: Tab) -> None:
    state = await opened(viewer, ClockState, "/ops/clock")
    with pytest.raises(ForbiddenError):
        await state.ask("day")
    with pytest.raises(InvalidInputError):
        _ = [one async for one in state.confirm({})]
