"""An agent's calls of a month: taken before the action runs, given back with it when it fails."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import DBAPIError

from app.core.errors import DomainError, ForbiddenError, PaymentRequiredError
from app.core.money import Money
from app.rules import quota as rules
from app.rules import spending
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE, Quota, Tier
from app.services import spend_alerts
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.agent import Agent, CallCounter

PATIENCE: Final = "15s"
"""How long PostgreSQL waits for the counter's row: as long as SQLite does for its one lock."""
_COUNTER: Final = CallCounter.__table__  # type: ignore[attr-defined]


class CounterDownError(Exception):
    """The counter cannot be counted up; what was begun must be rolled back to before it was tried."""


class Counted(NamedTuple):
    """A month's counter as it stands after a call was taken."""

    used: int
    charged: int
    granted: int
    budget_calls: int | None


async def take(ctx: Context, agent: Agent) -> Quota:
    """Take one billable call of the running month, in the transaction of the action itself.

    The counter's row is locked until that ends, so of many at once exactly as many run as are left,
    or as the budget pays for; whatever undoes the action undoes this. The owner is told when it was
    the call that came to a part of either. Raises ``PaymentRequiredError`` ``upgrade_required``,
    ``ForbiddenError`` ``ceiling_exceeded`` where a spent budget stops calls, and ``CounterDownError``
    when the database does not let it.
    """
    tier, limit = tier_of(ctx, agent), _limit(ctx, agent)
    month = BillingMonth.containing(ctx.now())
    try:
        counted = await _count_up(ctx, agent, month, limit)
        if counted is None:
            await begin_month(ctx, agent, month)
            counted = await _count_up(ctx, agent, month, limit)
    except DBAPIError as error:
        if error.connection_invalidated:  # nothing else can be done on it either
            raise
        raise CounterDownError from error
    if counted is None:
        raise await _refusal(ctx, agent, month, limit)
    if limit is not None:
        limit += counted.granted
        await spend_alerts.after_free(ctx, agent, month, counted.used - 1, counted.used, limit)
    else:
        await spend_alerts.after_charged(
            ctx, agent, month, counted.charged - 1, counted.charged, counted.budget_calls
        )
    return Quota(tier, counted.used, limit)


def tier_of(ctx: Context, agent: Agent) -> Tier:
    """Return an agent's tier as of now."""
    return rules.tier_at(agent.tier, agent.paid_until, ctx.now())


async def current(ctx: Context, agent: Agent) -> Quota:
    """Return what is used of the running month."""
    counter = await counter_of(ctx, agent, BillingMonth.containing(ctx.now()))
    return Quota(tier_of(ctx, agent), counter.used, limit_with(ctx, agent, counter.granted))


async def counter_of(
    ctx: Context, agent: Agent, month: BillingMonth, *, lock: bool = False
) -> CallCounter:
    """Return an agent's counter of a month as it stands now; one nobody counted in is all noughts."""
    key = (agent.tenant_id, str(month))
    found = await ctx.db.get(CallCounter, key, with_for_update=lock, populate_existing=True)
    return found or CallCounter(tenant_id=agent.tenant_id, period=str(month))


async def begin_month(ctx: Context, agent: Agent, month: BillingMonth) -> None:
    """Add the counter of a month with the budget in force; nobody's, if there is one."""
    if not _is_sqlite(ctx):
        await ctx.db.execute(select(_wait_at_most(PATIENCE)))
    first = {
        "tenant_id": agent.tenant_id,
        "period": str(month),
        "used": 0,
        "charged": 0,
        "granted": 0,
        "budget_calls": None if agent.budget is None else spending.calls_paid_by(agent.budget),
        "cap": cap_of(agent),
    }
    await ctx.db.execute(insert_or_ignore(ctx, CallCounter, first, "tenant_id", "period"))


def cap_of(agent: Agent) -> int | None:
    """Return how many charged calls a month has room for, None for any number of them."""
    has_cap = agent.hard_stop and agent.budget is not None
    return spending.calls_paid_by(agent.budget) if has_cap and agent.budget else None


async def limit_now(ctx: Context, agent: Agent) -> int | None:
    """Return how many calls the running month has, what operations added included."""
    return (await current(ctx, agent)).limit


async def _count_up(
    ctx: Context, agent: Agent, month: BillingMonth, limit: int | None
) -> Counted | None:
    """Return the counter with the call taken, None where none is left or nobody counted yet."""
    of, is_free = _COUNTER.c, limit is not None
    counting = (
        update(_COUNTER)
        .where(
            of.tenant_id == agent.tenant_id,
            of.period == str(month),
            of.used < limit + of.granted if is_free else or_(of.cap.is_(None), of.charged < of.cap),
        )
        .values(used=of.used + 1, charged=of.charged + (0 if is_free else 1))
    )
    told = (of.used, of.charged, of.granted, of.budget_calls)
    if _is_sqlite(ctx):
        found = await ctx.db.execute(counting.returning(*told))
    else:
        # The row is found first, then waited for: so the wait has its end without a round trip of its own.
        bounded = counting.where(_wait_at_most(PATIENCE).is_not(None))
        found = await ctx.db.execute(bounded.returning(*told, _wait_at_most("0")))
    row: Any = found.first()
    return None if row is None else Counted(*row[:4])


def _is_sqlite(ctx: Context) -> bool:
    return ctx.db.get_bind().dialect.name == "sqlite"


def _wait_at_most(time: str) -> Any:
    """Return what bounds the waits for locks in the running transaction, where ``0`` is for ever."""
    return func.set_config("lock_timeout", time, True)


def _limit(ctx: Context, agent: Agent) -> int | None:
    return rules.limit_of(
        tier_of(ctx, agent),
        is_confirmed=agent.confirmed_at is not None,
        must_confirm=ctx.settings.agents_must_confirm,
    )


def limit_with(ctx: Context, agent: Agent, granted: int) -> int | None:
    """Return how many calls an agent has in a month to which operations added some; None: any."""
    limit = _limit(ctx, agent)
    return None if limit is None else limit + granted


async def _refusal(
    ctx: Context, agent: Agent, month: BillingMonth, limit: int | None
) -> DomainError:
    if limit is None:
        return _spent(agent, month)
    limit += (await counter_of(ctx, agent, month)).granted
    return PaymentRequiredError(
        _why(agent, limit),
        reason="upgrade_required",
        usage={"calls_used": limit, "calls_limit": limit, "tier": Tier.FREE.value},
    )


def _spent(agent: Agent, month: BillingMonth) -> ForbiddenError:
    """Say that a budget stops calls, whose it is, and how to go on."""
    budget = agent.budget or Money.zero(PRICE.currency)
    set_on = f" on {agent.budget_set_at:%Y-%m-%d}" if agent.budget_set_at else ""
    return ForbiddenError(
        f"The budget of {budget} for {month} is spent, and it stops calls. It was set by "
        f"{agent.budget_set_by}{set_on}. To go on, raise it or switch the stop off with "
        f"PUT /api/spend-limits, or wait for {month.next.first_day}.",
        reason="ceiling_exceeded",
        usage={
            "budget": budget.text(),
            "currency": budget.currency,
            "period_end": month.end.isoformat().replace("+00:00", "Z"),
        },
    )


def _why(agent: Agent, limit: int | None) -> str:
    if limit == rules.UNCONFIRMED_CALLS:
        return f"Confirm {agent.email} to use the rest of this month's free calls."
    return f"The {limit} free calls of this month are used up. Upgrade to go on."
