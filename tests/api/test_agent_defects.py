"""S2-114 to S2-123: what was wrong elsewhere, one by one, and what holds it here.

Each requirement names the tests that hold it; those that no other module had are here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel, func, select

from app.core.clock import FixedClock
from app.core.errors import RateLimitedError
from app.rules.quota import Tier
from app.rules.statuses import InvoiceStatus
from app.runtime import Runtime
from app.services import billing_runs, gateway, quotas
from app.services import upgrades as page
from app.services.context import SYSTEM, Context
from app.services.ports import ChargeResult, EventKind
from models.agent import AgentCall
from models.invoice import Invoice
from models.lead import Lead
from tests.api import test_agents as over_http
from tests.api import test_isolation as isolation
from tests.api import test_mcp as over_mcp
from tests.api.test_agents import manage, onboard
from tests.factories import as_agent, as_nobody, make_agent
from tests.fakes import FakeProviders
from tests.money_kit import NOVEMBER, told, until, usd, wire, work
from tests.services import test_agent_billing as billing
from tests.services import test_agents as agents
from tests.services import test_forwarding as forwarding
from tests.services import test_gateway as calls
from tests.services import test_quota_failures as failures
from tests.services import test_upgrades as upgrades

HELD: dict[str, list[Callable[..., Any]]] = {
    "S2-114": [
        over_http.test_the_hundred_and_first_call_is_told_how_to_go_on,
        calls.test_the_call_after_the_last_free_one_does_not_run,
        over_mcp.test_refusals_are_the_gateways_own_and_written_down,
    ],
    "S2-115": [
        calls.test_of_two_hundred_at_once_exactly_a_hundred_run,
        calls.test_what_fails_takes_no_call_and_leaves_nothing,
        forwarding.test_of_two_hundred_at_once_exactly_as_many_run_as_are_left,
        forwarding.test_what_fails_gives_its_call_back,
    ],
    "S2-116": [
        failures.test_a_counter_that_fails_stops_who_is_free_and_nobody_who_pays,
        failures.test_a_counter_that_somebody_holds_is_not_waited_for_longer_than_said,
        forwarding.test_where_calls_cannot_be_counted_only_who_pays_is_forwarded,
    ],
    "S2-117": [
        agents.test_a_known_address_gets_a_mail_and_nobody_a_key,
        agents.test_many_at_once_with_one_address_are_one_agent,
        over_http.test_a_known_address_is_told_nothing_but_that,
        over_mcp.test_a_known_address_gets_no_key_here_either,
    ],
    "S2-119": [
        calls.test_the_same_key_does_the_same_action_once_and_a_replay_is_not_charged,
        over_mcp.test_dry_runs_and_repeated_calls_are_what_they_are_over_rest,
    ],
    "S2-122": [upgrades.test_without_its_card_an_agent_is_free_again_from_the_months_end],
    "S2-123": [
        agents.test_a_network_onboards_only_so_many,
        over_http.test_where_addresses_must_be_confirmed_half_of_the_calls_wait_for_it,
        over_mcp.test_onboarding_is_limited_by_network_here_too,
    ],
}
"""By requirement, what holds it elsewhere."""


def test_every_one_of_them_is_held_by_a_test() -> None:
    here = {name for name in globals() if name.startswith("test_s2_")}
    named = {f"S2-{name.split('_')[2]}" for name in here} | HELD.keys()
    assert named == {f"S2-{number}" for number in range(114, 124)}
    assert all(one.__name__.startswith("test_") for held in HELD.values() for one in held)


BROKEN_AUDIT = {
    "sqlite": [
        "CREATE TRIGGER broken BEFORE INSERT ON agent_call"
        " BEGIN SELECT RAISE(ABORT, 'the audit is broken'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'the audit is broken'; END$$",
        "CREATE TRIGGER broken BEFORE INSERT ON agent_call FOR EACH ROW EXECUTE FUNCTION broken()",
    ],
}


async def test_s2_118_what_cannot_be_written_down_is_not_done(
    own_run: Runtime, dialect: str
) -> None:
    """Audit sent after the fact is lost in a crash, and with it the money; here it is one transaction."""
    async with own_run.context(SYSTEM) as ctx:
        made = await make_agent(ctx)
        for statement in BROKEN_AUDIT[dialect]:
            await ctx.db.execute(text(statement))
    with pytest.raises(DBAPIError):
        async with own_run.context(SYSTEM) as ctx:
            await gateway.run(as_agent(ctx, made.agent), calls.lead())
    async with own_run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(Lead)) == 0
        assert (await quotas.current(ctx, made.agent)).used == 0


async def test_s2_118_a_call_is_written_down_once_with_its_flag(ctx: Context) -> None:
    made = await make_agent(ctx)
    made.agent.tier = Tier.PAID
    await ctx.db.flush()
    await gateway.run(as_agent(ctx, made.agent), calls.lead())
    (row,) = (await ctx.db.scalars(select(AgentCall))).all()
    assert (row.is_billable, row.is_charged) == (True, True)
    ctx.db.add(AgentCall(**row.model_dump(exclude={"seq"})))
    with pytest.raises(IntegrityError):
        await ctx.db.flush()
    await ctx.db.rollback()


async def _everything(ctx: Context) -> str:
    said: list[str] = []
    for table in SQLModel.metadata.sorted_tables:
        said += [repr(tuple(row)) for row in await ctx.db.execute(table.select())]
    return "\n".join(said)


async def test_s2_120_no_table_holds_a_key(client: httpx.AsyncClient, run: Runtime) -> None:
    """The key was written down as who acted, for everybody who reads audit rows."""
    made = await onboard(client)
    key = made["api_key"]
    lead = {"external_id": "a", "answers": {}}
    for body in (
        {"action": "domain.leadscoring.leads.create", "params": lead, "idempotency_key": "k"},
        {"action": "meta.version", "params": {"api_key": key}},
        {"action": key},
        {"action": "meta.version", "idempotency_key": key},
    ):
        await manage(client, key, body)
    other = await client.post("/api/keys", json={}, headers={"X-API-Key": key})
    async with run.context(SYSTEM) as ctx:
        told_all = await _everything(ctx)
        actors = set(await ctx.db.scalars(select(AgentCall.actor_id)))
    assert made["tenant_uuid"].replace("-", "") in told_all.replace("-", "")
    assert key not in told_all
    assert other.json()["api_key"] not in told_all
    assert len(actors) == 1
    assert UUID(actors.pop())


@pytest.mark.parametrize("call", isolation.BY_API_KEY)
async def test_s2_121_a_key_comes_by_either_header_everywhere(
    client: httpx.AsyncClient, call: str
) -> None:
    key = (await onboard(client))["api_key"]
    statuses = set()
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        answer = await isolation._call(
            client, call, "018f0000-0000-7000-8000-000000000000", **headers
        )
        statuses.add(answer.status_code)
    assert len(statuses) == 1
    assert not {401, 403} & statuses


@pytest.mark.parametrize("outcome", ["paid", "failed"])
async def test_s2_122_what_became_of_an_invoice_is_fed_back(
    ctx: Context, clock: FixedClock, providers: FakeProviders, outcome: str
) -> None:
    providers.stripe.charge = ChargeResult("pending", "pi_1")
    agent = (await make_agent(ctx)).agent
    await page.start(as_agent(ctx, agent), agent.tenant_id)
    await upgrades.stored(ctx, agent)
    await billing.called(ctx, agent, 600, dt.datetime(2026, 11, 25, tzinfo=dt.UTC))
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, str(NOVEMBER))
    await work(ctx)
    invoice = (await ctx.db.scalars(select(Invoice))).one()
    assert invoice.status is InvoiceStatus.OPEN
    facts = {"payment_ref": "pi_1", "invoice_ref": invoice.provider_ref}
    if outcome == "paid":
        await told(ctx, EventKind.PAYMENT_SUCCEEDED, amount=wire(usd("0.60")), **facts)
    else:
        await told(ctx, EventKind.PAYMENT_FAILED, failure="declined", **facts)
    await ctx.db.refresh(invoice)
    is_paid = outcome == "paid"
    assert invoice.status is (InvoiceStatus.PAID if is_paid else InvoiceStatus.OPEN)
    assert (invoice.paid_micros == invoice.total_micros) is is_paid
    assert invoice.failures == (0 if is_paid else 1)


async def test_s2_123_a_domain_onboards_only_so_many(ctx: Context) -> None:
    ctx.settings.limit_onboard_domain = "2/hour"
    for number in range(2):
        await make_agent(ctx, f"a{number}@many.example")
    with pytest.raises(RateLimitedError):
        await make_agent(as_nobody(ctx), "a3@many.example")
    await make_agent(ctx, "a3@other.example")
