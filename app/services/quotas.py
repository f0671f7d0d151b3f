"""An agent's calls of a month: taken before the action runs, given back with it when it fails."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.core.errors import PaymentRequiredError
from app.rules import quota as rules
from app.rules.periods import BillingMonth
from app.rules.quota import Quota, Tier
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.agent import Agent, CallCounter

PATIENCE: Final = "3s"
"""How long PostgreSQL waits for the counter's row; SQLite has one lock for everything, and its own."""
_COUNTER: Final = CallCounter.__table__  # type: ignore[attr-defined]


class CounterDownError(Exception):
    """The counter cannot be counted up; what was begun must be rolled back to before it was tried."""


async def take(ctx: Context, agent: Agent) -> Quota:
    """Take one billable call of the running month, in the transaction of the action itself.

    The counter's row is locked until that ends, so of many at once exactly as many run as are left;
    whatever undoes the action undoes this. Raises ``PaymentRequiredError`` ``upgrade_required``, and
    ``CounterDownError`` when the database does not let it.
    """
    limit = _limit(ctx, agent)
    period = str(BillingMonth.containing(ctx.now()))
    try:
        used = await _count_up(ctx, agent, period, limit)
        if used is None:
            await _begin(ctx, agent, period)
            used = await _count_up(ctx, agent, period, limit)
    except DBAPIError as error:
        if error.connection_invalidated:  # nothing else can be done on it either
            raise
        raise CounterDownError from error
    if used is None:
        raise PaymentRequiredError(
            _why(agent, limit),
            reason="upgrade_required",
            usage={"calls_used": limit, "calls_limit": limit, "tier": Tier.FREE.value},
        )
    return Quota(tier_of(ctx, agent), used, limit)


def tier_of(ctx: Context, agent: Agent) -> Tier:
    """Return an agent's tier as of now."""
    return rules.tier_at(agent.tier, agent.paid_until, ctx.now())


async def current(ctx: Context, agent: Agent) -> Quota:
    """Return what is used of the running month."""
    used = await ctx.db.scalar(
        select(CallCounter.used).where(
            col(CallCounter.tenant_id) == agent.tenant_id,
            col(CallCounter.period) == str(BillingMonth.containing(ctx.now())),
        )
    )
    return Quota(tier_of(ctx, agent), used or 0, _limit(ctx, agent))


async def _begin(ctx: Context, agent: Agent, period: str) -> None:
    """Add the counter of a month; nobody's, if there is one."""
    if not _is_sqlite(ctx):
        await ctx.db.execute(select(_wait_at_most(PATIENCE)))
    first = {"tenant_id": agent.tenant_id, "period": period, "used": 0}
    await ctx.db.execute(insert_or_ignore(ctx, CallCounter, first, "tenant_id", "period"))


async def _count_up(ctx: Context, agent: Agent, period: str, limit: int | None) -> int | None:
    """Return the number of the call taken, None where none is left or nobody counted yet."""
    query = update(_COUNTER).where(
        _COUNTER.c.tenant_id == agent.tenant_id, _COUNTER.c.period == period
    )
    if limit is not None:
        query = query.where(_COUNTER.c.used < limit)
    counting = query.values(used=_COUNTER.c.used + 1)
    if _is_sqlite(ctx):
        return await ctx.db.scalar(counting.returning(_COUNTER.c.used))
    # The row is found first, then waited for: so the wait has its end without a round trip of its own.
    bounded = counting.where(_wait_at_most(PATIENCE).is_not(None))
    return await ctx.db.scalar(bounded.returning(_COUNTER.c.used, _wait_at_most("0")))


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


def _why(agent: Agent, limit: int | None) -> str:
    if limit == rules.UNCONFIRMED_CALLS:
        return f"Confirm {agent.email} to use the rest of this month's free calls."
    return f"The {limit} free calls of this month are used up. Upgrade to go on."
