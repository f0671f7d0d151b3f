"""What an agent's owner lets it spend: a budget a month, told of on the way, and a stop if wanted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from app.core.errors import ForbiddenError, InvalidInputError
from app.core.money import Money
from app.rules import spending
from app.rules.gateway import Scope
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE
from app.services import agents, quotas, spend_alerts
from app.services.context import ActorKind, Context
from models.agent import Agent
from models.credential import Credential

MAY_SET = (Scope.GOVERNANCE, Scope.IAM)
"""A key with one of these sets the budget: whoever may make keys may make one for that as well."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A budget, and how far the running month is from it; without one nothing is ever told or stopped."""

    month: BillingMonth
    budget: Money | None
    hard_stop: bool
    charged: int
    set_by: str
    set_at: dt.datetime | None

    @property
    def spent(self) -> Money:
        """What the charged calls of the month cost."""
        return PRICE.times(self.charged)

    @property
    def remaining(self) -> Money | None:
        """What is left of the budget, nothing when it is spent; None without one."""
        zero = Money.zero(PRICE.currency)
        return None if self.budget is None else max(zero, self.budget - self.spent)

    @property
    def is_stopped(self) -> bool:
        """Whether the next call that costs something is refused."""
        return self.hard_stop and self.remaining is not None and self.remaining < PRICE

    @property
    def alerts(self) -> list[tuple[int, Money, bool]]:
        """The percents told of, each with its amount and whether the month has come to it."""
        if self.budget is None:
            return []
        whole = spending.calls_paid_by(self.budget)
        marks = [(one, spending.threshold(one, whole)) for one in spending.ALERTS]
        return [(one, PRICE.times(mark), self.charged >= mark) for one, mark in marks]


async def show(ctx: Context) -> Limits:
    """Return the acting agent's budget and what is spent of it."""
    return await limits_of(ctx, await agents.reading(ctx))


async def limits_of(ctx: Context, agent: Agent) -> Limits:
    """Return an agent's budget and what is spent of it, to whoever proved a right to the agent."""
    month = BillingMonth.containing(ctx.now())
    counter = await quotas.counter_of(ctx, agent, month)
    return Limits(
        month,
        agent.budget,
        agent.hard_stop,
        counter.charged,
        agent.budget_set_by,
        agent.budget_set_at,
    )


async def set_limits(ctx: Context, budget: Money | None, *, hard_stop: bool) -> Limits:
    """Set what the acting agent's calls of a month may cost, from the next call on; None: anything.

    The month's own counter holds what is checked, so a call that is under way ends before this or
    begins after it. A part of the new budget that is spent already is told of at once. Raises
    ``ForbiddenError`` ``scope_denied``, ``InvalidInputError``.
    """
    agent = await agents.acting(ctx)
    is_key = ctx.actor.kind is ActorKind.API_KEY
    if is_key and not ctx.actor.scopes & {one.value for one in MAY_SET}:
        raise ForbiddenError(f"This key lacks the scope {MAY_SET[0]}.", reason="scope_denied")
    if budget is None and hard_stop:
        problem = "needs a budget to stop at"
        raise InvalidInputError(f"The hard stop {problem}.", fields=[("hard_stop", problem)])
    if budget is not None:
        spending.checked_budget(budget)
    agent = await ctx.db.get_one(
        Agent, agent.tenant_id, with_for_update=True, populate_existing=True
    )
    month = BillingMonth.containing(ctx.now())
    before = agent.budget, agent.hard_stop
    if before != (budget, hard_stop):
        agent.budget_micros = None if budget is None else budget.micros
        agent.hard_stop = hard_stop
        agent.budget_set_by, agent.budget_set_at = await _who(ctx), ctx.now()
        await _apply(ctx, agent, month)
        ctx.audit(
            "agent.budget_set",
            tenant_id=agent.tenant_id,
            body={
                "budget": None if budget is None else str(budget),
                "hard_stop": hard_stop,
                "before": None if before[0] is None else str(before[0]),
                "by": agent.budget_set_by,
            },
        )
    await ctx.db.flush()
    return await limits_of(ctx, agent)


async def _apply(ctx: Context, agent: Agent, month: BillingMonth) -> None:
    """Put a new budget where the month's calls are checked, and tell of what is spent of it."""
    await ctx.db.flush()
    await quotas.begin_month(ctx, agent, month)
    counter = await quotas.counter_of(ctx, agent, month, lock=True)
    counter.cap = quotas.cap_of(agent)
    counter.budget_calls = None
    if agent.budget is not None:
        counter.budget_calls = spending.calls_paid_by(agent.budget)
        percent = spending.reached(counter.charged, counter.budget_calls, spending.ALERTS)
        if percent is not None:
            await spend_alerts.tell_spent(ctx, agent, month, percent, counter.charged)


async def _who(ctx: Context) -> str:
    """Return who set the budget in words that whoever is stopped by it can act on."""
    if ctx.actor.kind is ActorKind.API_KEY:
        key = await ctx.db.get(Credential, UUID(ctx.actor.id))
        return f"the key {key.prefix}… ({key.label})" if key else "a key"
    return "its owner"
