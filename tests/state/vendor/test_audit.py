from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.core.errors import NotSignedInError
from app.services import ops_tenants
from app.services.context import Context
from models.person import Person
from models.tenant import Tenant
from state.vendor.audit import SIZE, AuditState
from tests.factories import as_ops, as_token, as_vendor
from tests.state.conftest import Tab, target


@pytest.fixture
async def told(ctx: Context, vendor: Tenant, owner: Person) -> None:
    """Three rows: by the owner, by a token, by our staff."""
    as_vendor(ctx, vendor, person=owner).audit("vendor.logo_saved")
    as_token(ctx, vendor).audit(
        "device.registered", subject=("device", "d-1"), body={"device_id": "SN-0001"}
    )
    as_ops(ctx).audit("ops.tenant_suspended", tenant_id=vendor.id)
    await ctx.db.commit()


async def feed(tab: Tab, query: str = "") -> AuditState:
    tab.go(f"/vendor/audit{query}")
    state = await tab.state(AuditState)
    await state.load()
    return state


async def test_the_feed_says_what_happened_and_who_did_it(tab: Tab, told: None) -> None:
    said = {row.title: row.detail for row in (await feed(tab)).rows}
    assert said["The logo was changed"] == "By you, from 203.0.113.7."
    assert said["Device SN-0001 was registered"].startswith("By token ")
    assert said["The account was suspended"] == "By Turnpike's staff."


async def test_the_feed_is_branded(tab: Tab, told: None) -> None:
    state = await feed(tab)
    assert (state.name, state.logo_url) == ("Acme Toys", "")


async def test_another_vendor_reads_none_of_it(rival: Tab, told: None) -> None:
    assert (await feed(rival)).rows == []


async def test_what_operations_remember_of_a_vendor_is_not_in_its_feed(
    tab: Tab, ctx: Context, vendor: Tenant, told: None
) -> None:
    await ops_tenants.save_notes(as_ops(ctx), vendor.id, "Pays late")
    await ops_tenants.save_notes(as_ops(ctx), vendor.id, "Pays very late")
    await ctx.db.commit()
    assert len((await feed(tab)).rows) == 3


async def test_a_row_leads_to_what_it_is_about(tab: Tab, told: None) -> None:
    state = await feed(tab, "?kind=device.*")
    assert [row.href for row in state.rows] == ["/vendor/devices?open=d-1"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?kind=device.*", 1),
        ("?kind=vendor.*", 1),
        ("?kind=payout.*", 0),
        ("?kind=anything&result=odd", 3),
        ("?result=denied", 0),
        ("?page=2", 0),
    ],
)
async def test_the_address_says_what_is_shown(tab: Tab, told: None, query: str, count: int) -> None:
    assert len((await feed(tab, query)).rows) == count


async def test_filters_and_pages_change_the_address(tab: Tab, told: None) -> None:
    state = await feed(tab, "?kind=device.*&page=2")
    assert target(await state.filter_kind("person.*")) == "/vendor/audit?kind=person.%2A"
    assert target(await state.filter_result("denied")).endswith("&result=denied")
    assert target(await state.turn_to(3)) == "/vendor/audit?kind=device.%2A&page=3"


async def test_long_feeds_come_in_pages(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    for _ in range(SIZE + 1):
        ctx.audit("vendor.logo_removed", tenant_id=vendor.id)
    await ctx.db.commit()
    state = await feed(tab)
    assert (len(state.rows), state.page.has_next) == (SIZE, True)


async def test_the_feed_moves_by_itself(
    ctx: Context, tab: Tab, vendor: Tenant, told: None, clock: Any
) -> None:
    state = await feed(tab)
    clock.advance(dt.timedelta(minutes=1))
    ctx.audit("vendor.logo_removed", tenant_id=vendor.id)
    await ctx.db.commit()
    await state.tick()
    assert len(state.rows) == 4


async def test_strangers_are_sent_away(open_tab: Any) -> None:
    with pytest.raises(NotSignedInError):
        await feed(open_tab(""))
