from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.core.errors import NotFoundError, NotSignedInError
from app.services.context import Context
from models.device import Device
from models.tenant import Tenant
from models.usage import DeviceDay
from state.vendor.device import DeviceState
from state.vendor.devices import DevicesState
from tests.factories import make_device
from tests.state.conftest import Tab, target


@pytest.fixture
async def device(ctx: Context, vendor: Tenant) -> Device:
    device = await make_device(ctx, vendor)
    device.last_active_at = ctx.now() - dt.timedelta(minutes=2)
    ctx.db.add(
        DeviceDay(
            device_pk=device.id,
            day=ctx.now().date(),
            tenant_id=vendor.id,
            events=3,
            first_at=ctx.now(),
            last_at=ctx.now(),
        )
    )
    await ctx.db.commit()
    return device


async def listed(tab: Tab, path: str = "/vendor/devices") -> DevicesState:
    tab.go(path)
    state = await tab.state(DevicesState)
    await state.load()
    return state


async def test_the_list_shows_the_vendors_devices(tab: Tab, device: Device) -> None:
    state = await listed(tab)
    assert [(row.device_id, row.status, row.active) for row in state.rows] == [
        ("SN-0001", "active", "2 min ago")
    ]
    assert state.count_line == "1 active, 1 registered, 1 new today"
    assert state.page.text == "1–1 / 1"


async def test_another_vendor_sees_none_of_them(rival: Tab, device: Device) -> None:
    assert (await listed(rival)).rows == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=sn-00", 1),
        ("q=nothing", 0),
        ("status=released", 0),
        ("status=active", 1),
        ("within=7", 1),
        ("status=no-such&within=x&sort=drop&page=y", 1),
        ("page=2", 0),
    ],
)
async def test_the_address_says_what_is_shown(
    tab: Tab, device: Device, query: str, found: int
) -> None:
    assert len((await listed(tab, f"/vendor/devices?{query}")).rows) == found


async def test_the_export_asks_for_exactly_what_is_shown(tab: Tab, device: Device) -> None:
    state = await listed(tab, "/vendor/devices?q=SN&status=active&sort=device_id&page=3")
    assert state.csv_href == "/files/vendor/devices.csv?q=SN&status=active&sort=device_id"


@pytest.mark.parametrize(
    ("handler", "value", "query"),
    [
        ("search_for", "x y", "sort=device_id&q=x+y"),
        ("filter_status", "quiet", "q=SN&sort=device_id&status=quiet"),
        ("filter_within", "30", "q=SN&sort=device_id&within=30"),
        ("sort_by", "device_id", "q=SN&sort=-device_id"),
        ("sort_by", "last_active_at", "q=SN&sort=-last_active_at"),
        ("turn_to", 3, "q=SN&sort=device_id&page=3"),
    ],
)
async def test_a_tool_changes_the_address_and_nothing_else(
    tab: Tab, device: Device, handler: str, value: Any, query: str
) -> None:
    state = await listed(tab, "/vendor/devices?q=SN&sort=device_id&page=2&open=1")
    there = target(await getattr(state, handler)(value))
    path, _, asked = there.partition("?")
    assert path == "/vendor/devices"
    assert set(asked.split("&")) == set(query.split("&"))


async def test_the_list_moves_by_itself(
    ctx: Context, tab: Tab, vendor: Tenant, device: Device
) -> None:
    state = await listed(tab)
    await make_device(ctx, vendor, "SN-0002")
    ctx.audit("device.registered", tenant_id=vendor.id)
    await ctx.db.commit()
    await state.tick()
    assert len(state.rows) == 2


async def opened(tab: Tab, device: Device) -> DeviceState:
    await listed(tab, f"/vendor/devices?page=2&open={device.id}")
    state = await tab.state(DeviceState)
    await state.load()
    return state


async def test_a_devices_address_opens_its_drawer(tab: Tab, device: Device) -> None:
    state = await opened(tab, device)
    assert state.detail.device_id == "SN-0001"
    assert state.detail.receipt == "header.claims.signature"
    assert state.activity_words == "3 authority events on 1 of the last 90 days"
    assert [bar.count for bar in state.bars if not bar.is_quiet] == ["3"]
    assert len(state.bars) == 90


async def test_closing_the_drawer_leads_back_to_the_same_page(tab: Tab, device: Device) -> None:
    state = await opened(tab, device)
    assert target(await state.close()) == "/vendor/devices?page=2"
    assert state.detail.id == ""


async def test_opening_keeps_the_list(tab: Tab, device: Device) -> None:
    await listed(tab, "/vendor/devices?q=SN&page=2")
    state = await tab.state(DeviceState)
    there = target(await state.open(str(device.id)))
    assert there == f"/vendor/devices?page=2&q=SN&open={device.id}"


async def test_a_strangers_device_does_not_open(rival: Tab, device: Device) -> None:
    state = await opened(rival, device)
    assert state.detail.id == ""


async def test_a_rekey_is_asked_about_and_then_done(ctx: Context, tab: Tab, device: Device) -> None:
    state = await opened(tab, device)
    before = state.detail.actor
    await state.ask("rekey", str(device.id))
    assert (state.act, state.title) == ("rekey", "Re-key device SN-0001?")
    await state.confirm({})
    assert (state.act, state.detail.generation, state.error) == ("", 1, "")
    assert state.detail.actor != before
    assert [row.state for row in state.bindings] == ["active", "superseded"]


async def test_a_release_shows_in_the_list_at_once(tab: Tab, device: Device) -> None:
    state = await opened(tab, device)
    tab.go("/vendor/devices")
    await (await tab.state(DevicesState)).load()
    await state.ask("release", str(device.id))
    await state.confirm({})
    assert [row.status for row in (await tab.state(DevicesState)).rows] == ["released"]


async def test_cancelling_changes_nothing(ctx: Context, tab: Tab, device: Device) -> None:
    state = await opened(tab, device)
    await state.ask("release", str(device.id))
    await state.cancel()
    await ctx.db.refresh(device)
    assert (state.act, device.released_at) == ("", None)


async def test_nobody_asks_about_a_strangers_device(rival: Tab, device: Device) -> None:
    state = await rival.state(DeviceState)
    with pytest.raises(NotFoundError):
        await state.ask("release", str(device.id))
    assert state.act == ""


@pytest.mark.parametrize("cls", [DevicesState, DeviceState])
async def test_strangers_are_sent_away(open_tab: Any, cls: Any, device: Device) -> None:
    tab = open_tab("")
    tab.go(f"/vendor/devices?open={device.id}")
    with pytest.raises(NotSignedInError):
        await (await tab.state(cls)).load()


async def test_a_tab_of_somebody_else_forgets_what_it_showed(
    tab: Tab, rival: Tab, device: Device
) -> None:
    state = await listed(tab)
    tab.cookie = rival.cookie
    tab.go("/vendor/devices")
    await state.tick()
    assert state.rows == []
