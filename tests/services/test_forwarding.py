"""Forwarded actions: a call is taken and saved before it leaves, and settled or given back after."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, ProviderDownError
from app.rules.forwarding import parse
from app.rules.gateway import CallStatus, Scope
from app.rules.periods import BillingMonth
from app.rules.quota import FREE_CALLS, PRICE, Tier
from app.runtime import Runtime
from app.services import billing_runs, forwarding, gateway, quotas, reservations
from app.services.actions import ACTIONS
from app.services.context import SYSTEM, Context
from app.services.gateway import Call, Reply
from app.services.idempotency import STALE
from app.services.upstream_ports import UpstreamAnswer, UpstreamRequest
from models.agent import Agent, AgentCall, CallCounter, CallReservation
from models.exchange import StoredAnswer
from tests.factories import as_agent, make_agent
from tests.money_kit import NOVEMBER
from tests.services.test_quota_failures import BREAK

FIND = "domain.crm.contacts.find"
PING = "domain.crm.ping"
SECRET = "s3cret-of-the-operator"
ACTIONS_FILE = {
    "hosts": [{"name": "crm.example.com"}],
    "actions": [
        {
            "name": FIND,
            "scope": "manage.domain",
            "description": "Find contacts by name.",
            "billable": True,
            "unit": "call",
            "params": {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
            },
            "method": "POST",
            "url": "https://crm.example.com/search",
            "headers": {"Authorization": "CRM"},
        },
        {
            "name": PING,
            "scope": "manage.read",
            "description": "Ask whether it is there.",
            "billable": False,
            "params": {"type": "object", "properties": {"deep": {"type": "boolean"}}},
            "method": "GET",
            "url": "https://crm.example.com/ping",
        },
    ],
}


@dataclass
class FakeUpstream:
    """Answers what it is told to, remembers what it was asked, and may do something meanwhile."""

    status: int = 200
    body: bytes = b'{"found": ["Ann"]}'
    content_type: str = "application/json"
    retry_after: int | None = None
    error: BaseException | None = None
    meanwhile: Callable[[], Awaitable[None]] | None = None
    asked: list[UpstreamRequest] = field(default_factory=list[UpstreamRequest])

    async def ask(self, request: UpstreamRequest) -> UpstreamAnswer:
        self.asked.append(request)
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.error is not None:
            raise self.error
        return UpstreamAnswer(self.status, self.content_type, self.body, self.retry_after)

    async def close(self) -> None:
        """Keep nothing."""


@pytest.fixture
def upstream() -> Generator[FakeUpstream]:
    forwarding.install(parse(ACTIONS_FILE, {"CRM": f"Bearer {SECRET}"}))
    yield FakeUpstream()
    forwarding.install(())


@pytest.fixture
def site(own_run: Runtime, upstream: FakeUpstream) -> Runtime:
    own_run.upstream = upstream
    return own_run


@pytest.fixture
async def agent(site: Runtime) -> Agent:
    async with site.context(SYSTEM) as ctx:
        return (await make_agent(ctx)).agent


def find(name: str = "Ann", **more: Any) -> Call:
    return Call(FIND, {"name": name}, **more)


async def call(site: Runtime, agent: Agent, asked: Call | None = None) -> Reply:
    async with site.context(SYSTEM) as ctx:
        return await gateway.run(as_agent(ctx, agent), asked or find())


async def state(site: Runtime, agent: Agent) -> tuple[int, int, list[AgentCall]]:
    """Return calls used of this month, reservations that are open, and all audit rows."""
    async with site.context(SYSTEM) as ctx:
        used = (await quotas.current(ctx, agent)).used
        waiting = await ctx.db.scalar(select(func.count()).select_from(CallReservation))
        rows = await ctx.db.scalars(select(AgentCall).order_by(col(AgentCall.id)))
        return used, waiting or 0, list(rows)


async def charged(site: Runtime, agent: Agent) -> int:
    async with site.context(SYSTEM) as ctx:
        counter = await quotas.counter_of(ctx, agent, BillingMonth.containing(ctx.now()))
        return counter.charged


async def set_up(site: Runtime, agent: Agent, *, used: int = 0, tier: Tier = Tier.FREE) -> None:
    async with site.context(SYSTEM) as ctx:
        row = await ctx.db.get_one(Agent, agent.tenant_id)
        row.tier = tier
        period = str(BillingMonth.containing(ctx.now()))
        ctx.db.add(CallCounter(tenant_id=agent.tenant_id, period=period, used=used))


async def expire(site: Runtime) -> None:
    """Let as much time pass as a call on its way may take at most."""
    async with site.context(SYSTEM) as ctx:
        for row in (await ctx.db.scalars(select(CallReservation))).all():
            row.expires_at -= reservations.LIFE


async def sweep(site: Runtime) -> int:
    async with site.context(SYSTEM) as ctx:
        return await reservations.sweep(ctx)


async def test_a_forwarded_action_is_asked_for_answered_counted_and_written_down(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    reply = await call(site, agent)
    assert (reply.status, reply.body["data"]) == (200, {"found": ["Ann"]})
    used, waiting, (row,) = await state(site, agent)
    assert (used, waiting) == (1, 0)
    assert (row.action, row.pack, row.unit, row.status) == (
        FIND,
        "crm",
        "call",
        CallStatus.SUCCESS,
    )
    assert (row.is_billable, row.is_charged) == (True, False)
    (asked,) = upstream.asked
    assert (asked.method, asked.url) == ("POST", "https://crm.example.com/search")
    assert json.loads(asked.body) == {"name": "Ann"}
    assert asked.headers["X-Tenant-ID"] == str(agent.tenant_id)
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert {"X-Request-ID", "Idempotency-Key"} <= asked.headers.keys()
    assert not {"X-API-Key", "Cookie"} & asked.headers.keys()
    assert not asked.may_be_private


async def test_a_get_carries_its_params_in_the_address(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    assert (await call(site, agent, Call(PING, {"deep": True}))).status == 200
    assert upstream.asked[0].url == "https://crm.example.com/ping?deep=true"
    assert upstream.asked[0].body == b""
    used, waiting, (row,) = await state(site, agent)
    assert (used, waiting, row.is_billable) == (0, 0, False)


async def test_it_is_offered_like_any_other_and_taken_back(upstream: FakeUpstream) -> None:
    assert {FIND, PING} <= ACTIONS.keys()
    with pytest.raises(ValueError, match="already"):
        forwarding.install(
            parse(
                ACTIONS_FILE
                | {
                    "actions": [
                        ACTIONS_FILE["actions"][1] | {"name": "domain.leadscoring.leads.create"}
                    ]
                },
                {},
            )
        )
    forwarding.install(())
    assert not {FIND, PING} & ACTIONS.keys()
    assert "meta.actions" in ACTIONS


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Call(FIND, {}), "VALIDATION_ERROR"),
        (Call(FIND, {"name": 5}), "VALIDATION_ERROR"),
        (Call(FIND, {"name": "Ann", "more": 1}), "VALIDATION_ERROR"),
        (Call(FIND, {"name": "Ann"}, is_dry_run=True), "VALIDATION_ERROR"),
    ],
)
async def test_what_is_not_valid_goes_nowhere(
    site: Runtime, agent: Agent, upstream: FakeUpstream, asked: Call, code: str
) -> None:
    reply = await call(site, agent, asked)
    assert (reply.status, reply.body["code"]) == (400, code)
    assert upstream.asked == []
    used, waiting, (row,) = await state(site, agent)
    assert (used, waiting, row.error_code) == (0, 0, code)


async def test_a_key_without_the_scope_reaches_nobody(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    async with site.context(SYSTEM) as ctx:
        reply = await gateway.run(as_agent(ctx, agent, Scope.READ), find())
    assert (reply.body["code"], upstream.asked) == ("SCOPE_DENIED", [])


async def test_nothing_is_locked_while_another_service_is_asked(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    async def others_go_on() -> None:
        async with asyncio.timeout(5), site.database.session() as db:
            used = await db.scalar(text("UPDATE call_counter SET used = used RETURNING used"))
            assert used == 1  # it is saved before it leaves
            await db.commit()

    upstream.meanwhile = others_go_on
    assert (await call(site, agent)).status == 200


@pytest.mark.parametrize(
    ("changed", "status", "code", "said"),
    [
        ({"error": ProviderDownError("It did not answer in time.")}, 503, "UNAVAILABLE", "in time"),
        ({"status": 500}, 503, "UNAVAILABLE", "cannot do it"),
        ({"status": 302, "body": b""}, 503, "UNAVAILABLE", "cannot do it"),
        ({"status": 401, "body": b'{"error": "bad token"}'}, 503, "UNAVAILABLE", "cannot do it"),
        ({"status": 429, "retry_after": 9}, 503, "UNAVAILABLE", "cannot do it"),
        ({"status": 422, "body": b'{"error": "no such name"}'}, 400, "VALIDATION_ERROR",
         "no such name"),
        ({"status": 400, "body": b"<html>", "content_type": "text/html"}, 400, "VALIDATION_ERROR",
         "refused it (400)"),
        ({"status": 404, "body": b"{}"}, 404, "NOT_FOUND", "refused it (404)"),
        ({"status": 409, "body": b'{"message": "taken"}'}, 409, "CONFLICT", "taken"),
        ({"body": b"<html>", "content_type": "text/html"}, 503, "UNAVAILABLE", "no JSON"),
        ({"body": b"{"}, 503, "UNAVAILABLE", "no JSON"),
        ({"body": b'{"a": NaN}'}, 503, "UNAVAILABLE", "no JSON"),
        ({"body": b'{"a": "\\ud800"}'}, 503, "UNAVAILABLE", "no JSON"),
        ({"body": b"[" * 500 + b"]" * 500}, 503, "UNAVAILABLE", "no JSON"),
    ],
)  # fmt: skip
async def test_what_fails_gives_its_call_back(
    site: Runtime,
    agent: Agent,
    upstream: FakeUpstream,
    changed: dict[str, Any],
    status: int,
    code: str,
    said: str,
) -> None:
    for name, value in changed.items():
        setattr(upstream, name, value)
    reply = await call(site, agent, find(idempotency_key="k"))
    assert (reply.status, reply.body["code"]) == (status, code)
    assert said in reply.body["error"]
    assert reply.retry_after == (changed.get("retry_after", 5) if status == 503 else None)
    used, waiting, (row,) = await state(site, agent)
    assert (used, waiting) == (0, 0)
    assert (row.error_code, row.is_billable, row.is_charged) == (code, False, False)
    async with site.context(SYSTEM) as ctx:  # the key may be used again
        assert await ctx.db.scalar(select(func.count()).select_from(StoredAnswer)) == 0


async def test_an_answer_without_a_body_is_an_answer(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    upstream.status, upstream.body, upstream.content_type = 204, b"", ""
    reply = await call(site, agent)
    assert (reply.status, reply.body["data"]) == (200, None)


@pytest.mark.parametrize("status", [200, 422])
async def test_a_service_that_says_our_secret_back_does_not_tell_it_to_an_agent(
    site: Runtime, agent: Agent, upstream: FakeUpstream, status: int
) -> None:
    upstream.status = status
    upstream.body = json.dumps({"error": f"Bearer {SECRET}", "headers": [SECRET]}).encode()
    reply = await call(site, agent)
    _, _, (row,) = await state(site, agent)
    assert SECRET not in str(reply.body) + row.error


async def test_of_two_hundred_at_once_exactly_as_many_run_as_are_left(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    await set_up(site, agent, used=FREE_CALLS - 60)
    upstream.meanwhile = lambda: asyncio.sleep(0.05)
    replies = await asyncio.gather(*(call(site, agent, find(str(n))) for n in range(200)))
    statuses = [reply.status for reply in replies]
    assert (statuses.count(200), statuses.count(402)) == (60, 140)
    assert len(upstream.asked) == 60
    used, waiting, rows = await state(site, agent)
    assert (used, waiting, len(rows)) == (FREE_CALLS, 0, 200)
    assert sum(row.is_billable for row in rows) == 60


async def test_calls_that_fail_at_once_leave_the_month_as_it_was(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    await set_up(site, agent, used=FREE_CALLS - 10)
    upstream.error = ProviderDownError("down")
    replies = await asyncio.gather(*(call(site, agent, find(str(n))) for n in range(40)))
    assert {reply.status for reply in replies} <= {402, 503}
    used, waiting, _ = await state(site, agent)
    assert (used, waiting) == (FREE_CALLS - 10, 0)


class Died(BaseException):
    """Stands for the end of the process: nothing after it runs."""


async def died(site: Runtime, agent: Agent, asked: Call) -> None:
    with pytest.raises(Died):
        await call(site, agent, asked)


async def test_a_process_that_ends_on_the_way_loses_the_customer_no_call(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    upstream.error = Died()
    await died(site, agent, find(idempotency_key="k"))
    used, waiting, rows = await state(site, agent)
    assert (used, waiting, rows) == (1, 1, [])
    assert await sweep(site) == 0  # its time is not over
    await expire(site)
    assert await sweep(site) == 1
    assert await sweep(site) == 0
    used, waiting, (row,) = await state(site, agent)
    assert (used, waiting) == (0, 0)
    assert (row.action, row.status, row.error_code) == (FIND, CallStatus.ERROR, "UNAVAILABLE")
    assert (row.is_billable, row.is_charged, row.tenant_id) == (False, False, agent.tenant_id)
    assert row.idempotency_key == "k"


async def test_two_sweepers_give_a_call_back_once(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    await set_up(site, agent, used=5)
    upstream.error = Died()
    for name in "abc":
        await died(site, agent, find(name))
    await expire(site)
    swept = await asyncio.gather(*(sweep(site) for _ in range(4)))
    assert sum(swept) == 3
    used, waiting, rows = await state(site, agent)
    assert (used, waiting, len(rows)) == (5, 0, 3)


async def test_a_repeated_call_is_a_repeated_call_there_too_and_charged_once(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    """The process ended after the service had done it, and before that was written down."""
    await set_up(site, agent, tier=Tier.PAID)
    upstream.error = Died()
    await died(site, agent, find(idempotency_key="k"))
    upstream.error = None
    early = await call(site, agent, find(idempotency_key="k"))
    assert (early.status, early.body["code"], early.retry_after) == (409, "CONFLICT", 1)
    async with site.context(SYSTEM) as ctx:
        (claim,) = (await ctx.db.scalars(select(StoredAnswer))).all()
        claim.created_at -= STALE
    again = await call(site, agent, find(idempotency_key="k"))
    replay = await call(site, agent, find(idempotency_key="k"))
    assert (again.status, replay.body["code"]) == (200, "IDEMPOTENT_REPLAY")
    keys = {asked.headers["Idempotency-Key"] for asked in upstream.asked}
    assert (len(upstream.asked), len(keys)) == (2, 1)
    await expire(site)
    await sweep(site)
    used, waiting, rows = await state(site, agent)
    assert (used, waiting) == (1, 0)
    assert sum(row.is_charged for row in rows) == 1


async def test_one_tenants_key_is_never_anothers(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    async with site.context(SYSTEM) as ctx:
        other = (await make_agent(ctx, "other@example.com")).agent
    for who in (agent, other):
        await call(site, who, find(idempotency_key="k"))
    await call(site, agent, find())
    await call(site, agent, find())
    assert len({asked.headers["Idempotency-Key"] for asked in upstream.asked}) == 4


async def test_a_call_given_back_meanwhile_is_not_charged_when_it_comes_after_all(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    async def too_long() -> None:
        await expire(site)
        assert await sweep(site) == 1

    upstream.meanwhile = too_long
    reply = await call(site, agent)
    assert (reply.status, reply.body["code"]) == (503, "UNAVAILABLE")
    used, waiting, rows = await state(site, agent)
    assert (used, waiting) == (0, 0)
    assert not any(row.is_billable for row in rows)


@pytest.mark.parametrize("error", [None, ProviderDownError("down")])
async def test_a_call_belongs_to_the_month_in_which_it_began(
    site: Runtime,
    agent: Agent,
    upstream: FakeUpstream,
    clock: FixedClock,
    error: BaseException | None,
) -> None:
    await set_up(site, agent, used=4, tier=Tier.PAID)
    began = dt.datetime(2026, 11, 30, 23, 59, 59, tzinfo=dt.UTC)
    clock.advance(began - clock.now())

    async def a_month_ends() -> None:
        clock.advance(dt.timedelta(seconds=2))
        async with site.context(SYSTEM) as ctx:
            assert await billing_runs.schedule(ctx) == 0  # it waits for the last call
            with pytest.raises(ConflictError) as refused:
                await billing_runs.start_run(ctx, str(NOVEMBER))
            assert refused.value.reason == "calls_running"

    upstream.meanwhile, upstream.error = a_month_ends, error
    reply = await call(site, agent)
    assert reply.status == (503 if error else 200)
    used, waiting, (row,) = await state(site, agent)
    assert (used, waiting, row.at) == (0, 0, began)  # of December
    assert row.is_charged is (error is None)
    async with site.context(SYSTEM) as ctx:
        november = await ctx.db.scalar(
            select(CallCounter.used).where(col(CallCounter.period) == str(NOVEMBER))
        )
        assert november == (4 if error else 5)
        assert await billing_runs.schedule(ctx) == 1


@pytest.mark.parametrize("before", list(Tier))
async def test_what_is_charged_is_decided_when_the_call_begins(
    site: Runtime, agent: Agent, upstream: FakeUpstream, before: Tier
) -> None:
    await set_up(site, agent, tier=before)
    after = Tier.FREE if before is Tier.PAID else Tier.PAID

    async def changes() -> None:
        async with site.context(SYSTEM) as ctx:
            (await ctx.db.get_one(Agent, agent.tenant_id)).tier = after

    upstream.meanwhile = changes
    assert (await call(site, agent)).status == 200
    _, _, (row,) = await state(site, agent)
    assert row.is_charged is (before is Tier.PAID)


@pytest.mark.parametrize("tier", list(Tier))
async def test_where_calls_cannot_be_counted_only_who_pays_is_forwarded(
    site: Runtime, agent: Agent, upstream: FakeUpstream, dialect: str, tier: Tier
) -> None:
    await set_up(site, agent, used=7, tier=tier)
    async with site.context(SYSTEM) as ctx:
        for statement in BREAK[dialect]:
            await ctx.db.execute(text(statement))
    reply = await call(site, agent)
    used, waiting, (row,) = await state(site, agent)
    assert (used, waiting) == (7, 0)
    if tier is Tier.FREE:
        assert (reply.status, upstream.asked, row.is_charged) == (503, [], False)
    else:
        assert (reply.status, row.is_charged) == (200, True)
    upstream.error = ProviderDownError("down")  # and what was never counted is not given back
    await call(site, agent)
    assert (await state(site, agent))[:2] == (7, 0)


async def test_the_calls_of_the_ended_process_are_swept_by_a_task_that_recurs(ctx: Context) -> None:
    from app.jobs import housekeeping  # noqa: F401 - registers it
    from app.jobs.schedule import RECURRING

    assert RECURRING["release_lost_calls"].every <= dt.timedelta(minutes=1)
    assert await RECURRING["release_lost_calls"].run(ctx) == 0


async def test_what_fails_costs_no_part_of_a_budget(
    site: Runtime, agent: Agent, upstream: FakeUpstream
) -> None:
    """A budget of two calls is still there after five that failed, and stops the third that succeeds."""
    async with site.context(SYSTEM) as ctx:
        row = await ctx.db.get_one(Agent, agent.tenant_id)
        row.tier, row.budget_micros, row.hard_stop = Tier.PAID, PRICE.micros * 2, True
    upstream.error = ProviderDownError("down")
    for _ in range(5):
        assert (await call(site, agent)).status == 503
    assert await charged(site, agent) == 0
    upstream.error = Died()
    await died(site, agent, find())
    assert await charged(site, agent) == 1
    await expire(site)
    await sweep(site)
    upstream.error = None
    statuses = [(await call(site, agent)).status for _ in range(3)]
    assert statuses == [200, 200, 403]
    assert await charged(site, agent) == 2
