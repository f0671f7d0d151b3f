"""Laws of metering: whatever happens in whatever order, limits hold and the money adds up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from app.core.clock import FixedClock
from app.core.errors import ProviderDownError
from app.core.ids import new_id
from app.core.money import Money
from app.rules import quota as rules
from app.rules.forwarding import parse
from app.rules.invoicing import LineKind, close, line
from app.rules.periods import BillingMonth
from app.rules.quota import LEAST_INVOICE, PRICE, Tier
from app.services import agent_cards, call_counting, call_usage, forwarding, gateway, quotas
from app.services import reservations as waiting
from app.services.context import SYSTEM, Context
from app.services.gateway import Call
from models.agent import Agent, AgentCall, CallReservation
from models.payment import PaymentMethod
from models.tenant import Tenant
from tests.factories import _as, as_agent, make_agent
from tests.services.test_forwarding import ACTIONS_FILE, FIND, Died, FakeUpstream
from tests.services.test_gateway import PACK, lead

FEW = 4
"""Free calls of a month while a law is tried, so that short histories come to their end."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "FREE_CALLS", FEW)


@pytest.fixture
def elsewhere(ctx: Context) -> Generator[FakeUpstream]:
    forwarding.install(parse(ACTIONS_FILE, {"CRM": "Bearer secret-of-ours"}))
    ctx._upstream = upstream = FakeUpstream()
    yield upstream
    forwarding.install(())


@dataclass
class Model:
    """What should be so, by the plainest of arithmetic."""

    tier: Tier = Tier.FREE
    paid_until: dt.datetime | None = None
    used: dict[str, int] = field(default_factory=dict)
    charged: dict[str, int] = field(default_factory=dict)
    lost: dict[str, list[bool]] = field(default_factory=dict)

    def is_paid(self, now: dt.datetime) -> bool:
        return self.tier is Tier.PAID and (self.paid_until is None or now < self.paid_until)

    def may(self, now: dt.datetime) -> bool:
        return self.is_paid(now) or self.used.get(month_of(now), 0) < FEW

    def take(self, now: dt.datetime) -> None:
        month = month_of(now)
        self.used[month] = self.used.get(month, 0) + 1
        if self.is_paid(now):
            self.charged[month] = self.charged.get(month, 0) + 1


def month_of(now: dt.datetime) -> str:
    return str(BillingMonth.containing(now))


ACTS = st.lists(
    st.sampled_from(
        ["call", "call", "call", "forward", "fail", "forward fails", "dies", "swept", "repeat",
         "dry", "free", "upgrade", "upgrade", "card gone", "month", "day"]
    ),
    max_size=40,
)  # fmt: skip


@dataclass
class Story:
    """What happens to one agent, done for real and in the model."""

    me: Context
    clock: FixedClock
    elsewhere: FakeUpstream
    method: PaymentMethod
    model: Model = field(default_factory=Model)
    told: int = 0

    async def happen(self, act: str) -> None:
        self.told += 1
        self.elsewhere.error = None
        await getattr(self, act.replace(" ", "_"))(self.clock.now())
        await self.me.db.flush()

    async def _try(self, call: Call, otherwise: int = 200) -> None:
        now = self.clock.now()
        may = self.model.may(now)
        reply = await gateway.run(self.me, call)
        assert reply.status == (otherwise if may else 402)
        if may and otherwise == 200:
            self.model.take(now)

    async def call(self, now: dt.datetime) -> None:
        await self._try(lead(self.told))

    async def forward(self, now: dt.datetime) -> None:
        await self._try(Call(FIND, {"name": "Ann"}))

    async def fail(self, now: dt.datetime) -> None:
        await self._try(Call(f"{PACK}.scores.recompute", {"model": "none"}), 404)

    async def forward_fails(self, now: dt.datetime) -> None:
        self.elsewhere.error = ProviderDownError("down")
        await self._try(Call(FIND, {"name": "Ann"}), 503)

    async def repeat(self, now: dt.datetime) -> None:
        once = lead(self.told, idempotency_key=f"k{self.told}")
        may = self.model.may(now)
        await self._try(once)
        again = await gateway.run(self.me, once)
        assert again.body["code"] == "IDEMPOTENT_REPLAY" if may else again.status == 402

    async def dies(self, now: dt.datetime) -> None:
        self.elsewhere.error = Died()
        try:
            await gateway.run(self.me, Call(FIND, {"name": "Ann"}))
        except Died:
            await self.me.db.rollback()
            self.model.lost.setdefault(month_of(now), []).append(self.model.is_paid(now))
            self.model.take(now)

    async def swept(self, now: dt.datetime) -> None:
        for row in (await self.me.db.scalars(self.me.mine(CallReservation))).all():
            row.expires_at -= waiting.LIFE
        await self.me.db.flush()
        await waiting.sweep(_as(self.me, SYSTEM))
        for month, lost in self.model.lost.items():
            self.model.used[month] -= len(lost)
            self.model.charged[month] = self.model.charged.get(month, 0) - sum(lost)
        self.model.lost.clear()

    async def dry(self, now: dt.datetime) -> None:
        assert (await gateway.run(self.me, lead(self.told, is_dry_run=True))).status == 200

    async def free(self, now: dt.datetime) -> None:
        assert (await gateway.run(self.me, Call("meta.version"))).status == 200

    async def upgrade(self, now: dt.datetime) -> None:
        tenant = await self.me.db.get_one(Tenant, self.me.tenant_id)
        await agent_cards.card_connected(_as(self.me, SYSTEM), tenant, self.method)
        self.model.tier, self.model.paid_until = Tier.PAID, None

    async def card_gone(self, now: dt.datetime) -> None:
        await agent_cards.card_gone(_as(self.me, SYSTEM), self.method)
        if self.model.is_paid(now):
            self.model.paid_until = BillingMonth.containing(now).end

    async def month(self, now: dt.datetime) -> None:
        self.clock.advance(BillingMonth.containing(now).end - now)

    async def day(self, now: dt.datetime) -> None:
        self.clock.advance(dt.timedelta(days=1))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
async def test_whatever_happens_limits_hold_and_only_successes_while_paid_are_charged(
    ctx: Context, clock: FixedClock, few: None, elsewhere: FakeUpstream, acts: list[str]
) -> None:
    ctx.settings.limit_onboard = ctx.settings.limit_onboard_domain = ""
    agent = (await make_agent(ctx, f"{new_id()}@example.com")).agent
    tenant_id, began = agent.tenant_id, clock.now()
    method = PaymentMethod(
        tenant_id=tenant_id, provider="stripe", method_ref=f"pm_{tenant_id}", created_at=began
    )
    story = Story(as_agent(ctx, agent), clock, elsewhere, method)
    for act in acts:
        now = clock.now()
        await story.happen(act)
        agent = await ctx.db.get_one(Agent, tenant_id, populate_existing=True)
        counter = await quotas.counter_of(ctx, agent, BillingMonth.containing(now))
        month = month_of(now)
        assert counter.used == story.model.used.get(month, 0), act
        assert counter.charged == story.model.charged.get(month, 0), act
        assert counter.used - counter.charged <= FEW, "no more free calls than there are"
    await _money_agrees(ctx, tenant_id, story.model, began)


async def _money_agrees(ctx: Context, tenant_id: Any, model: Model, began: dt.datetime) -> None:
    """The counters, the rows, what is invoiced and what the agent is told are one number."""
    system = _as(ctx, SYSTEM)
    month, end = BillingMonth.containing(began), ctx.now()
    while month.start <= end:
        due = model.charged.get(str(month), 0) - sum(model.lost.get(str(month), []))
        counted = await call_counting.charged(system, [tenant_id], month)
        assert counted.get(tenant_id, 0) == due
        told = await call_usage.count(system, [tenant_id], month.start, month.end)
        assert told.get(tenant_id, call_usage.Calls()).charged == due
        month = month.next
    uncharged = await ctx.db.scalar(
        select(func.count()).where(
            col(AgentCall.tenant_id) == tenant_id,
            col(AgentCall.is_charged),
            (col(AgentCall.status) != "success") | col(AgentCall.is_replay),
        )
    )
    assert uncharged == 0


@given(
    counts=st.lists(st.integers(0, 3_000), min_size=1, max_size=24),
    rate=st.sampled_from(["0", "0.06", "0.19", "0.085"]),
    is_reversed=st.booleans(),
)
def test_what_is_invoiced_and_what_is_carried_is_what_was_called(
    counts: list[int], rate: str, is_reversed: bool
) -> None:
    carried, claimed, owed = Money.zero("USD"), Money.zero("USD"), Money.zero("USD")
    for count in counts:
        totals = close(
            [line(LineKind.CALLS, "line.calls", count, PRICE)],
            carried_in=carried,
            tax_rate=Decimal(rate),
            reverse_charge=is_reversed,
            minimum=LEAST_INVOICE,
        )
        assert totals.subtotal == PRICE.times(count)
        assert totals.subtotal + totals.tax + carried == totals.total + totals.carried_out
        assert totals.total == totals.total.rounded()
        assert totals.total == Money.zero("USD") or totals.total >= LEAST_INVOICE
        owed += totals.subtotal + totals.tax
        claimed += totals.total
        carried = totals.carried_out
    assert claimed + carried == owed
    assert abs(carried.micros) < LEAST_INVOICE.micros + 10_000


@given(used=st.integers(0, 200), granted=st.integers(0, 50))
def test_what_remains_and_what_was_used_is_what_there_is(used: int, granted: int) -> None:
    quota = rules.Quota(Tier.FREE, used, rules.FREE_CALLS + granted)
    assert quota.remaining is not None
    assert quota.remaining >= 0
    assert used + quota.remaining == max(used, rules.FREE_CALLS + granted)
