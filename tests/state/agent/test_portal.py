"""The agent portal without a browser: what each page says, and what its acts do."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.core.money import Money
from app.rules.gateway import CallerType, CallStatus, Scope
from app.rules.quota import Tier
from app.rules.statuses import InvoiceStatus, TenantStatus
from app.services import billing_runs, calls, credentials, gateway, spend
from app.services.actions import ACTIONS
from app.services.calls import CallSearch
from app.services.context import Context
from app.services.gateway import Call
from models.agent import Agent, AgentCall
from models.credential import Credential
from models.invoice import Invoice
from models.tenant import Tenant
from state.agent.alerts import AlertsState
from state.agent.calls import CallsState
from state.agent.dashboard import AgentDashboardState
from state.agent.docs import DocsState
from state.agent.invoice import AgentInvoiceState
from state.agent.invoices import AgentInvoicesState
from state.agent.keys import KeysState
from state.agent.upgrade import UpgradeState
from state.agent.usage import UsageState
from state.shell import ShellState
from tests.factories import as_agent, as_customer, make_agent
from tests.money_kit import NOVEMBER, until, work
from tests.services.test_agent_billing import called
from tests.state.conftest import Tab, sign_in_agent, target

EXPORT = Call("domain.leadscoring.leads.export")


async def shown(tab: Tab, cls: Any, path: str) -> Any:
    tab.go(path)
    state = await tab.state(cls)
    await state.load()
    return state


async def call_some(ctx: Context, agent: Agent, count: int = 3) -> None:
    for _ in range(count):
        await gateway.run(as_agent(ctx, agent), EXPORT)
    await gateway.run(as_agent(ctx, agent), Call("no.such"))
    await ctx.db.commit()


async def pay_by_the_call(ctx: Context, agent: Agent, at: dt.datetime) -> None:
    agent.tier, agent.upgraded_at = Tier.PAID, at
    await ctx.db.commit()


# -- the frame and the dashboard ----------------------------------------------------------------


async def test_the_frame_says_whose_account_it_is(agent_tab: Tab) -> None:
    state = await shown(agent_tab, ShellState, "/agent")
    assert (state.name, state.email, state.home) == ("scout", "agent@example.com", "/agent")
    assert not state.may_move_clock


async def test_a_new_agent_is_shown_what_to_begin_with(agent_tab: Tab) -> None:
    state = await shown(agent_tab, AgentDashboardState, "/agent")
    assert [one.is_done for one in state.todo] == [False, False, False]
    assert (state.now.used_text, state.latest, state.debts) == ("0 of 100", [], [])
    assert not state.is_begun


async def test_the_list_of_beginnings_goes_away_when_all_is_done(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    await call_some(ctx, agent)
    await pay_by_the_call(ctx, agent, ctx.now())
    await spend.set_limits(as_customer(ctx, agent), Money.of("5", "USD"), hard_stop=False)
    await ctx.db.commit()
    state = await shown(agent_tab, AgentDashboardState, "/agent")
    assert state.is_begun
    assert [one.status for one in state.latest] == ["denied", "success", "success", "success"]


async def test_the_dashboard_moves_by_itself_when_the_agent_calls(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    state = await shown(agent_tab, AgentDashboardState, "/agent")
    await call_some(ctx, agent)
    await state.tick()
    assert state.now.used_text == "3 of 100"


async def test_a_suspended_agent_sees_that_it_is(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    (await ctx.db.get_one(Tenant, agent.tenant_id)).status = TenantStatus.SUSPENDED
    await ctx.db.commit()
    assert (await shown(agent_tab, AgentDashboardState, "/agent")).now.is_suspended
    docs = await shown(agent_tab, DocsState, "/agent/docs")
    await docs.run({"params": "{}"})
    assert docs.error == "This account is suspended."


# -- usage --------------------------------------------------------------------------------------


async def test_usage_counts_by_action_and_day(ctx: Context, agent: Agent, agent_tab: Tab) -> None:
    await call_some(ctx, agent)
    state = await shown(agent_tab, UsageState, "/agent/usage?range=7d")
    assert [(row.action, row.calls, row.failed) for row in state.actions] == [
        ("domain.leadscoring.leads.export", "3", "0"),
        ("No such action", "1", "1"),
    ]
    assert len(state.chart_rows) == 7
    assert state.chart_rows[0].cells == ["3", "1"]
    assert state.heads == ["Day", "leadscoring.leads.export", "No such action"]
    assert (state.now.used, state.now.limit, state.now.success) == (3, 100, "75 %")


async def test_the_counter_moves_by_itself(ctx: Context, agent: Agent, agent_tab: Tab) -> None:
    state = await shown(agent_tab, UsageState, "/agent/usage")
    assert state.now.used == 0
    await call_some(ctx, agent, 1)
    await state.tick()
    assert state.now.used == 1


async def test_a_forecast_waits_for_its_basis_and_then_shows_its_arithmetic(
    ctx: Context, agent: Agent, agent_tab: Tab, clock: FixedClock
) -> None:
    await pay_by_the_call(ctx, agent, ctx.now())
    for _ in range(4):
        await gateway.run(as_agent(ctx, agent), EXPORT)
    await ctx.db.commit()
    state = await shown(agent_tab, UsageState, "/agent/usage")
    assert (state.now.forecast, state.forecast_line) == (
        "–",
        "Too early to say: a forecast needs three days of calls.",
    )
    clock.advance(dt.timedelta(days=4))
    state = await shown(agent_tab, UsageState, "/agent/usage")
    assert state.forecast_line == (
        "4 charged calls in 4.0 days are 1.0 a day. 4 + 1.0 × 6.6 days left = 11 calls × $0.001 = "
        f"{state.now.forecast}, before tax."
    )
    assert (state.why.quantity, state.why.amount) == ("4", state.now.cost)


# -- calls --------------------------------------------------------------------------------------


async def test_calls_are_filtered_and_opened_by_their_address(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    await call_some(ctx, agent)
    denied = (
        await ctx.db.scalars(select(AgentCall).where(col(AgentCall.status) == CallStatus.DENIED))
    ).one()
    state = await shown(agent_tab, CallsState, f"/agent/calls?status=denied&open={denied.id}")
    assert [row.action for row in state.rows] == ["no.such"]
    assert state.opened[0].request_hash == denied.request_hash
    assert state.opened[0].code == "NOT_FOUND"
    assert "status=denied" in state.csv


async def test_calls_are_paged_without_gaps(ctx: Context, agent: Agent, agent_tab: Tab) -> None:
    await called(ctx, agent, 30, ctx.now(), charged=False)
    await ctx.db.commit()
    first = (await shown(agent_tab, CallsState, "/agent/calls")).rows
    state = await shown(agent_tab, CallsState, "/agent/calls?page=2")
    assert (len(first), len(state.rows), state.page.text) == (25, 5, "26–30")
    assert len({row.id for row in [*first, *state.rows]}) == 30


async def test_the_file_has_exactly_the_calls_of_the_filter(ctx: Context, agent: Agent) -> None:
    await called(ctx, agent, 520, ctx.now(), charged=False)
    await call_some(ctx, agent, 0)
    text = "".join([part async for part in calls.export_csv(as_customer(ctx, agent), CallSearch())])
    assert len(text.splitlines()) == 1 + 521
    only = CallSearch(status=CallStatus.DENIED)
    text = "".join([part async for part in calls.export_csv(as_customer(ctx, agent), only)])
    assert [line.split(",")[1] for line in text.splitlines()] == ["action", "no.such"]


async def test_somebody_elses_call_opens_nothing(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    other = (await make_agent(ctx, "other@example.com")).agent
    await call_some(ctx, other)
    row = (await ctx.db.scalars(select(AgentCall))).first()
    assert row is not None
    state = await shown(agent_tab, CallsState, f"/agent/calls?open={row.id}")
    assert (state.rows, state.opened) == ([], [])


# -- keys ---------------------------------------------------------------------------------------


async def test_a_key_is_made_with_what_is_ticked_and_shown_once(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    state = await shown(agent_tab, KeysState, "/agent/keys")
    await state.ask("create", "")
    await state.create({"label": "Laptop", Scope.READ.value: "yes"})
    assert state.secret.startswith("agk_")
    assert state.secret in state.curl
    made = (await ctx.db.scalars(select(Credential).where(col(Credential.label) == "Laptop"))).one()
    assert made.scopes == [Scope.READ.value]
    assert made.tenant_id == agent.tenant_id
    await state.cancel()
    assert state.secret not in str(state.dict()) or state.secret == ""


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"label": "Laptop"}, "Tick at least one thing that it may do."),
        ({"label": "", Scope.READ.value: "yes"}, "The label must be 1 to 60 printable characters."),
    ],
)
async def test_a_key_that_cannot_be_made_says_why(
    agent_tab: Tab, form: dict[str, str], said: str
) -> None:
    state = await shown(agent_tab, KeysState, "/agent/keys")
    await state.create(form)
    assert (state.error, state.secret) == (said, "")


async def test_a_key_is_rotated_with_overlap_and_revoked(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    state = await shown(agent_tab, KeysState, "/agent/keys")
    first = state.rows[0]
    await state.ask("rotate", first.id)
    await state.rotate({"overlap": "24"})
    assert {row.label: row.status for row in state.rows if row.id == first.id} == {
        first.label: "rotating"
    }
    newest = next(row for row in state.rows if row.id != first.id)
    await state.ask("revoke", newest.id)
    await state.revoke({})
    keys = await credentials.list_tokens(as_customer(ctx, agent), credentials.AGENT)
    assert {str(key.id): key.revoked_at is not None for key in keys} == {
        first.id: False,
        newest.id: True,
    }


# -- invoices -----------------------------------------------------------------------------------


@pytest.fixture
async def invoice(ctx: Context, agent: Agent, clock: FixedClock) -> Invoice:
    """The agent's invoice for 600 calls of November."""
    await pay_by_the_call(ctx, agent, ctx.now())
    await called(ctx, agent, 600, dt.datetime(2026, 11, 25, tzinfo=dt.UTC))
    await ctx.db.commit()
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, "2026-11")
    await work(ctx)
    await ctx.db.commit()
    return (await ctx.db.scalars(select(Invoice))).one()


async def test_an_invoice_is_explained_down_to_its_calls(
    ctx: Context, agent_tab: Tab, invoice: Invoice
) -> None:
    state = await shown(agent_tab, AgentInvoicesState, "/agent/invoices")
    (row,) = state.rows
    assert row.href == f"/agent/invoices/{invoice.id}"
    one = await shown(agent_tab, AgentInvoiceState, row.href)
    assert (one.why.quantity, one.why.price, one.why.amount) == ("600", "$0.001", "$0.60")
    assert (len(one.counted), one.page.text) == (25, "1–25 / 600")
    last = await shown(agent_tab, AgentInvoiceState, f"{row.href}?page=24")
    assert len(last.counted) == 25
    assert last.page.has_next is False


async def test_somebody_elses_invoice_looks_like_none(
    ctx: Context, open_tab: Any, invoice: Invoice
) -> None:
    rival = (await make_agent(ctx, "rival@example.com")).agent
    there = open_tab(await sign_in_agent(ctx, rival))
    state = await shown(there, AgentInvoiceState, f"/agent/invoices/{invoice.id}")
    assert (state.is_missing, state.counted) == (True, [])


async def test_what_is_to_be_paid_stands_on_the_dashboard(
    ctx: Context, agent_tab: Tab, invoice: Invoice
) -> None:
    assert invoice.status is InvoiceStatus.OPEN
    (debt,) = (await shown(agent_tab, AgentDashboardState, "/agent")).debts
    assert debt.href == f"/agent/invoices/{invoice.id}"
    assert debt.pay_href.startswith("/v1/pay/")
    assert not debt.is_late


# -- upgrade and alerts -------------------------------------------------------------------------


async def test_the_upgrade_leads_to_the_providers_page_and_waits_there(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    state = await shown(agent_tab, UpgradeState, "/agent/upgrade")
    assert not state.card.is_paid
    leads = await state.store()
    assert target(leads).startswith("http")
    await state.tick()
    assert state.card.is_waiting


async def test_a_card_that_is_not_there_cannot_be_removed(agent_tab: Tab) -> None:
    state = await shown(agent_tab, UpgradeState, "/agent/upgrade")
    await state.remove({})
    assert state.error == "No payment method is connected."


async def test_a_budget_is_set_shown_and_taken_away(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    state = await shown(agent_tab, AlertsState, "/agent/alerts")
    await state.save({"budget": "25.00", "hard_stop": "yes"})
    assert (state.budget.amount, state.budget.hard_stop, len(state.alerts)) == ("$25.00", True, 3)
    assert "its owner" in state.budget.set_by
    await state.save({"budget": "12,5x"})
    assert state.error == "The budget must be an amount such as 25.00."
    await state.save({"budget": "", "hard_stop": "yes"})
    assert (state.budget.amount, state.alerts, state.error) == ("", [], "")


# -- docs and the console -----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ACTIONS))
async def test_every_action_is_shown_with_an_example_that_runs(agent_tab: Tab, name: str) -> None:
    state = await shown(agent_tab, DocsState, f"/agent/docs?action={name}")
    assert state.one.id == name
    assert name in state.curl
    assert state.is_dry == state.one.can_dry
    await state.run({"params": state.typed})
    answer = json.loads(state.answer)
    assert state.error == ""
    assert answer["request_id"].startswith("req_")
    assert state.status in ("200", "404"), state.answer  # some name a model that is not there
    assert answer["ok"] == (state.status == "200")


async def test_a_real_run_counts_and_is_written_down_as_the_humans(
    ctx: Context, agent: Agent, agent_tab: Tab
) -> None:
    state = await shown(agent_tab, DocsState, f"/agent/docs?action={EXPORT.action}")
    await state.set_dry(False)
    await state.run({"params": "{}"})
    assert state.status == "200"
    row = (await ctx.db.scalars(select(AgentCall))).one()
    assert (row.actor_type, row.is_billable, row.is_dry_run) == (CallerType.USER, True, False)


@pytest.mark.parametrize(
    "typed", ["[]", "{", '{"a": NaN}', '{"a":1,"a":2}', '"\ud800"', "x" * 16_001]
)
async def test_what_is_no_json_object_is_refused_and_nothing_runs(
    ctx: Context, agent: Agent, agent_tab: Tab, typed: str
) -> None:
    state = await shown(agent_tab, DocsState, "/agent/docs")
    await state.run({"params": typed})
    assert state.error.startswith("The params must be a JSON object")
    assert await ctx.db.scalar(select(func.count()).select_from(AgentCall)) == 0
