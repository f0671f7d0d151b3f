from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.core.errors import NotSignedInError
from app.services import invoices
from app.services.context import Context
from models.tenant import Tenant
from state.vendor.invoices import SIZE, InvoicesState
from tests.factories import as_ops
from tests.money_kit import make_invoice, used
from tests.state.conftest import Tab, target


async def listed(tab: Tab, path: str = "/vendor/invoices") -> InvoicesState:
    tab.go(path)
    state = await tab.state(InvoicesState)
    await state.load()
    return state


async def opened(ctx: Context, vendor: Tenant, count: int = 1) -> None:
    for _ in range(count):
        await make_invoice(ctx, vendor, pushed=False)
    await ctx.db.commit()


async def test_the_list_shows_the_vendors_invoices(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    await opened(ctx, vendor)
    (row,) = (await listed(tab)).rows
    assert (row.kind, row.period, row.total, row.status) == (
        "Invoice",
        "November 2026",
        "$25.00",
        "open",
    )
    assert row.number.startswith("TP-")
    assert row.href == f"/vendor/invoices/{row.id}"
    assert row.pdf == ""


async def test_another_vendor_sees_none_of_them(ctx: Context, rival: Tab, vendor: Tenant) -> None:
    await opened(ctx, vendor)
    state = await listed(rival)
    assert state.rows == []


async def test_a_late_one_is_shown_and_found_as_overdue(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    invoice = await make_invoice(ctx, vendor, pushed=False)
    invoice.due_at = ctx.now() - dt.timedelta(days=1)
    await ctx.db.commit()
    assert [row.status for row in (await listed(tab)).rows] == ["overdue"]
    assert len((await listed(tab, "/vendor/invoices?status=overdue")).rows) == 1
    assert (await listed(tab, "/vendor/invoices?status=open")).rows == []


async def test_a_credit_note_gives_money_back(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    invoice = await make_invoice(ctx, vendor, pushed=False)
    await invoices.void_with_credit_note(as_ops(ctx), invoice.id, reason="A test run")
    await ctx.db.commit()
    found = {row.kind: (row.total, row.due) for row in (await listed(tab)).rows}
    assert found["Credit note"] == ("−$25.00", "")
    assert found["Invoice"][0] == "$25.00"


@pytest.mark.parametrize("query", ["status=no-such", "status=draft", "page=-1"])
async def test_what_cannot_be_asked_for_is_left_out(
    ctx: Context, tab: Tab, vendor: Tenant, query: str
) -> None:
    await opened(ctx, vendor)
    assert len((await listed(tab, f"/vendor/invoices?{query}")).rows) == 1


async def test_a_long_list_comes_in_pages(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    await opened(ctx, vendor, SIZE + 2)
    first = [row.id for row in (await listed(tab)).rows]
    state = await listed(tab, "/vendor/invoices?page=2")
    assert (len(first), len(state.rows), state.page.has_next) == (SIZE, 2, False)
    assert not set(first) & {row.id for row in state.rows}


async def test_tools_change_the_address(tab: Tab, vendor: Tenant) -> None:
    state = await listed(tab, "/vendor/invoices?status=open&page=2")
    assert target(await state.filter_status("paid")) == "/vendor/invoices?status=paid"
    assert target(await state.turn_to(3)) == "/vendor/invoices?status=open&page=3"


async def test_one_device_is_said_of_one(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    await used(ctx, vendor, 1, day=ctx.now().date())
    await ctx.db.commit()
    assert (await listed(tab)).estimate_line.startswith("1 active device × $2.50")


async def test_the_running_month_is_on_top(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    await used(ctx, vendor, 2, day=ctx.now().date())
    await ctx.db.commit()
    state = await listed(tab)
    assert state.estimate_title.endswith(" so far: $5.00")
    assert state.estimate_line.startswith("2 active devices × $2.50 = $5.00, before tax.")
    assert state.first_line.startswith("The first one comes on 1 ")


async def test_before_going_live_nothing_is_estimated(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    vendor.activated_at = None
    await ctx.db.commit()
    state = await listed(tab)
    assert state.estimate_title == ""
    assert "after your account goes live" in state.first_line


async def test_the_list_moves_by_itself(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    state = await listed(tab)
    await opened(ctx, vendor)
    await state.tick()
    assert len(state.rows) == 1


async def test_strangers_are_sent_away(open_tab: Any) -> None:
    with pytest.raises(NotSignedInError):
        await listed(open_tab(""))
