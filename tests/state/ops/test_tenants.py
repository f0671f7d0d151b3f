from __future__ import annotations

import pytest
from sqlmodel import select

from app.core.errors import ForbiddenError, InvalidInputError, NotSignedInError
from app.core.ids import new_id
from app.core.money import Money
from app.rules.statuses import TenantStatus
from app.services import gateway, spend
from app.services.context import Context
from app.services.gateway import Call
from models.audit import AuditEvent
from models.price import PriceContract
from models.tenant import Tenant
from state.ops.tenant import TenantState
from state.ops.tenant_calls import TenantCallsState
from state.ops.tenant_devices import TenantDevicesState
from state.ops.tenants import TenantsState
from tests.factories import as_agent, make_agent, make_device, make_person, make_vendor
from tests.state.conftest import Tab, target
from tests.state.ops.conftest import opened


async def listed(tab: Tab, path: str = "/ops/tenants") -> TenantsState:
    return await opened(tab, TenantsState, path)


async def shown(tab: Tab, tenant_id: object) -> TenantState:
    return await opened(tab, TenantState, f"/ops/tenants/{tenant_id}")


async def test_the_list_shows_vendors_with_their_devices(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    await make_device(ctx, vendor)
    await ctx.db.commit()
    state = await listed(viewer)
    assert [(row.name, row.status, row.uses, row.programme) for row in state.rows] == [
        ("Acme Toys", "active", "1 device", "Vendor")
    ]
    assert state.page.text == "1–1 / 1"


async def test_the_view_stands_in_the_address(ctx: Context, viewer: Tab) -> None:
    await make_vendor(ctx, name="Beta", status=TenantStatus.PENDING)
    await make_vendor(ctx, name="Alpha")
    await ctx.db.commit()
    state = await listed(viewer, "/ops/tenants/?status=pending&sort=name&q=be&page=1&x=%22")
    assert [row.name for row in state.rows] == ["Beta"]
    assert (state.sort, state.is_descending, state.is_filtered) == ("name", False, True)
    assert state.csv_href == "/files/ops/tenants.csv?q=be&status=pending&sort=name"
    assert "q=be&sort=-name&status=pending" in target(await state.sort_by("name"))
    assert "page" not in target(await state.filter_status("active"))
    assert "page=2" in target(await state.turn_to(2))
    odd = await listed(viewer, "/ops/tenants?status=nonsense&sort=password&page=-3")
    assert (odd.status, odd.sort, len(odd.rows)) == ("", "created_at", 2)


async def test_strangers_and_vendors_find_nothing(tab: Tab, vendor: Tenant) -> None:
    with pytest.raises(ForbiddenError):
        await listed(tab)
    with pytest.raises(ForbiddenError):
        await shown(tab, vendor.id)
    with pytest.raises(NotSignedInError):
        await listed(Tab())


@pytest.mark.parametrize("wanted", [new_id(), "no-id", "tenants"])
async def test_what_does_not_exist_is_said_to_be_missing(viewer: Tab, wanted: object) -> None:
    assert (await shown(viewer, wanted)).is_missing


async def test_the_page_says_everything_of_a_vendor(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    await make_person(ctx, vendor)
    await ctx.db.commit()
    state = await shown(viewer, vendor.id)
    assert (state.one.name, state.one.method) == ("Acme Toys", "Visa ending 4242, connected")
    assert [(row.price, row.state) for row in state.prices] == [("$2.50", "active")]
    assert [row.is_done for row in state.steps] == [True, False, False, True, False, False]


async def test_an_operator_suspends_and_resumes_after_being_asked(
    ctx: Context, vendor: Tenant, operator: Tab
) -> None:
    state = await shown(operator, vendor.id)
    await state.ask("suspend")
    assert state.question.title == "Suspend Acme Toys?"
    assert await state.confirm({"reason": " "}) == []
    assert state.refusal == "Reason must not be empty."
    assert len(await state.confirm({"reason": "Sold as new"})) == 1
    assert (state.one.status, state.one.status_reason) == ("suspended", "Sold as new")
    assert state.question.act == ""
    await state.ask("resume")
    await state.confirm({"reason": "Settled"})
    assert state.one.status == "active"
    assert [row.title for row in state.history][:2] == ["Tenant resumed", "Tenant suspended"]


async def test_a_viewer_is_refused_and_that_is_audited(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    state = await shown(viewer, vendor.id)
    await state.ask("suspend")
    assert await state.confirm({"reason": "because"}) == []
    assert state.refusal == "Your role does not allow this."
    assert (await ctx.db.get_one(Tenant, vendor.id)).status is TenantStatus.ACTIVE
    rows = await ctx.db.scalars(select(AuditEvent).where(AuditEvent.result == "denied"))
    assert [row.kind for row in rows] == ["access.refused"]


async def test_a_price_is_set_after_being_asked(
    ctx: Context, vendor: Tenant, operator: Tab
) -> None:
    state = await shown(operator, vendor.id)
    await state.ask("price")
    assert state.question.preset_day == "2026-12-01"
    form = {"price": "2.2.0", "starts_on": "2026-12-01", "reason": "Volume"}
    await state.confirm(form)
    assert "Price must be an amount" in state.refusal
    await state.confirm({**form, "price": "9.00"})
    assert "Price must be 2.00 USD to 3.00 USD" in state.refusal
    await state.confirm({**form, "price": "2.20", "starts_on": "soon"})
    assert state.refusal == "Starts on must be a day."
    await state.confirm({**form, "price": "2.20"})
    assert [(row.price, row.state) for row in state.prices] == [
        ("$2.20", "announced"),
        ("$2.50", "active"),
    ]
    assert len((await ctx.db.scalars(select(PriceContract))).all()) == 2


async def test_nothing_is_done_that_was_not_asked(vendor: Tenant, operator: Tab) -> None:
    state = await shown(operator, vendor.id)
    with pytest.raises(InvalidInputError):
        await state.ask("close")
    await state.confirm({"reason": "x"})
    assert state.one.status == "active"
    await state.ask("suspend")
    await state.cancel()
    assert state.question.act == ""


async def test_notes_are_kept(vendor: Tenant, operator: Tab) -> None:
    state = await shown(operator, vendor.id)
    await state.ask_notes({"notes": "Pilot until May"})
    assert (state.one.notes, state.question.title) == ("", "Save these notes on Acme Toys?")
    await state.confirm({})
    assert state.one.notes == "Pilot until May"


async def test_a_vendors_devices_are_searched_on_its_page(
    ctx: Context, vendor: Tenant, viewer: Tab, tab: Tab
) -> None:
    await make_device(ctx, vendor, "SN-0001")
    await make_device(ctx, vendor, "SN-0002")
    await make_device(ctx, await make_vendor(ctx, name="Beta"), "SN-0003")
    await ctx.db.commit()

    async def devices(query: str) -> TenantDevicesState:
        return await opened(viewer, TenantDevicesState, f"/ops/tenants/{vendor.id}{query}")

    state = await devices("?sort=device_id")
    assert [row.device_id for row in state.rows] == ["SN-0001", "SN-0002"]
    assert not state.is_filtered
    assert state.csv_href == f"/files/ops/devices.csv?tenant_id={vendor.id}&sort=device_id"
    state = await devices("?q=0002&status=quiet")
    assert [row.device_id for row in state.rows] == ["SN-0002"]
    assert target(await state.turn_to(2)) == f"/ops/tenants/{vendor.id}?q=0002&status=quiet&page=2"
    viewer.go("/ops/tenants/no-id")
    assert await state.load() is None  # the page says that nobody has this id
    with pytest.raises(ForbiddenError):
        await opened(tab, TenantDevicesState, f"/ops/tenants/{vendor.id}")


async def test_the_list_is_narrowed_down_to_agents(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    made = await make_agent(ctx, "scout@example.com")
    await ctx.db.commit()
    state = await listed(viewer, "/ops/tenants?programme=agent")
    assert [(row.name, row.programme, row.rail, row.uses) for row in state.rows] == [
        ("scout", "Agent", "Free calls", "0 calls")
    ]
    assert state.rows[0].id == str(made.agent.tenant_id)
    assert state.csv_href == "/files/ops/tenants.csv?programme=agent&sort=-created_at"
    assert "programme=vendor" in target(await state.filter_programme("vendor"))
    assert len((await listed(viewer, "/ops/tenants?programme=odd")).rows) == 2


async def test_an_agents_page_says_what_it_is_used_and_called(
    ctx: Context, viewer: Tab, operator: Tab
) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    await gateway.run(me, Call("meta.version"))
    await spend.set_limits(me, Money.of("5", "USD"), hard_stop=True)
    await ctx.db.commit()
    state = await shown(viewer, me.tenant_id)
    assert state.is_agent
    assert (state.agent.agent_id, state.agent.tier, state.agent.used) == (
        "scout", "Free calls", "0 of 100 calls",
    )  # fmt: skip
    assert (state.agent.budget, state.agent.is_stopped) == ("$5.00 a month, stops calls", False)
    assert [(row.label, row.scopes) for row in state.tokens] == [("First key", "read, domain, iam")]
    assert made.api_key not in repr(state.tokens)
    calls = await opened(viewer, TenantCallsState, f"/ops/tenants/{me.tenant_id}?status=success")
    assert [(row.action, row.status, row.charged) for row in calls.rows] == [
        ("meta.version", "success", "Free")
    ]
    acting = await shown(operator, me.tenant_id)
    with pytest.raises(InvalidInputError):
        await acting.ask("price")  # an agent has no price of its own
    await acting.ask("grant")
    assert await acting.confirm({"calls": "many", "reason": "x"}) == []
    assert acting.refusal == "Calls must be a whole number."
    await acting.confirm({"calls": "20", "reason": "Our outage"})
    assert (acting.agent.used, acting.agent.granted) == ("0 of 120 calls", "20 calls")
    await acting.ask_key(acting.tokens[0].id)
    await acting.confirm({"reason": "Leaked"})
    assert acting.tokens[0].state == "revoked"
    with pytest.raises(InvalidInputError):
        await acting.ask_key(str(new_id()))


async def test_a_vendors_page_has_nothing_of_an_agents(vendor: Tenant, operator: Tab) -> None:
    state = await shown(operator, vendor.id)
    assert (state.is_agent, state.agent.agent_id) == (False, "")
    with pytest.raises(InvalidInputError):
        await state.ask("grant")
