from __future__ import annotations

import datetime as dt

import pytest

from app.core.errors import ForbiddenError, NotSignedInError
from app.rules.statuses import RunStatus
from app.services.billing_runs import Progress
from app.services.context import Context
from models.exchange import OutboxStatus
from models.tenant import Tenant
from state.ops.overview import OverviewState
from state.ops.overview_rows import to_run
from state.ops.words import span
from tests.factories import make_device, make_vendor
from tests.ops_kit import make_job
from tests.state.conftest import Tab


async def test_strangers_and_vendors_see_nothing_of_it(tab: Tab, open_tab: object) -> None:
    state = await tab.state(OverviewState)
    for handler in (state.load, state.tick):
        with pytest.raises(ForbiddenError):
            await handler()
    stranger = await Tab().state(OverviewState)
    with pytest.raises(NotSignedInError):
        await stranger.load()
    assert not state.is_loaded
    assert not stranger.is_loaded


async def test_a_viewer_sees_the_figures_and_who_came_last(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    await make_device(ctx, vendor)
    vendor.created_at = ctx.now() - dt.timedelta(hours=3, minutes=7)
    vendor.first_device_at = ctx.now()
    await ctx.db.commit()
    state = await viewer.state(OverviewState)
    await state.load()
    assert (state.tenants, state.devices, state.devices_note) == ("1", "0", "1 registered")
    assert (state.median, state.median_note) == ("3 h 7 min", "Median of 1 vendor")
    assert [(row.name, row.took) for row in state.recent] == [("Acme Toys", "3 h 7 min")]
    assert state.waiting == []


async def test_it_moves_by_itself_when_something_fails(ctx: Context, viewer: Tab) -> None:
    state = await viewer.state(OverviewState)
    await state.load()
    await make_job(ctx, status=OutboxStatus.FAILED)
    await ctx.db.commit()
    await state.tick()
    assert [(row.text, row.href) for row in state.waiting] == [
        ("1 job failed", "/ops/jobs?status=failed")
    ]


def test_a_run_says_how_far_it_is() -> None:
    at = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    counts = {RunStatus.DONE: 3, RunStatus.RUNNING: 1}
    row = to_run(Progress("2026-11", RunStatus.RUNNING, counts, 2, (), (), at, None))
    assert (row.done, row.total, row.counted) == (3, 4, "3 of 4 customers billed")
    assert row.times == "Began 1 Dec 2026, 00:00 UTC"
    assert row.failed == ""


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (None, "–"),
        (dt.timedelta(seconds=20), "under 1 min"),
        (dt.timedelta(minutes=59), "59 min"),
        (dt.timedelta(hours=25, minutes=5), "1 d 1 h"),
    ],
)
def test_a_span_is_said_in_its_largest_units(length: dt.timedelta | None, said: str) -> None:
    assert span(length) == said


async def test_it_says_which_share_had_a_device_within_half_an_hour(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    vendor.first_device_at = vendor.created_at + dt.timedelta(minutes=12)
    slow = await make_vendor(ctx, name="Beta Robots")
    slow.first_device_at = slow.created_at + dt.timedelta(hours=2)
    await ctx.db.commit()
    viewer.go("/ops")
    state = await viewer.state(OverviewState)
    await state.load()
    assert (state.median_note, state.on_time) == ("Median of 2 vendors", ", 50% within 30 minutes")
