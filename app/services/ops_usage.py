"""Who called how much in a month, near which limit, refused how often: by agent and by organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Integer, case, cast, func, literal_column, or_, select
from sqlmodel import col

from app.core.money import Money
from app.rules import quota, spending
from app.rules.gateway import CallStatus, Code
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE, Tier
from app.services import quotas
from app.services.context import Context
from app.services.ops_lists import Listed, Search, found
from models.agent import Agent, AgentCall, CallCounter
from models.tenant import Tenant

NEAR: Final = "near"
REFUSED: Final = "refused"
FAILING: Final = "failing"
NEAR_PERCENT: Final = 80
"""Of the free calls, or of a budget."""


@dataclass(frozen=True, slots=True)
class UsageLine:
    """An agent's month: how its calls ended, what they cost, how near it is to what limits it."""

    agent: Agent
    name: str
    tier: Tier
    calls: int
    succeeded: int
    charged: int
    refused: int
    failed: int
    used: int
    limit: int | None
    budget_calls: int | None

    @property
    def cost(self) -> Money:
        """What the charged calls cost."""
        return PRICE.times(self.charged)

    @property
    def is_near(self) -> bool:
        """Whether most of what limits it is gone."""
        whole = self.budget_calls if self.limit is None else self.limit
        count = self.charged if self.limit is None else self.used
        return whole is not None and count >= spending.threshold(NEAR_PERCENT, whole)


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """An organisation's month over all of its tenants; agents that named none are one of their own."""

    organisation: str
    tenants: int
    calls: int
    succeeded: int
    charged: int

    @property
    def cost(self) -> Money:
        """What the charged calls cost."""
        return PRICE.times(self.charged)


def month_of(ctx: Context, search: Search) -> BillingMonth:
    """Return the month that a search is about, by default the running one; ``InvalidInputError``."""
    return BillingMonth.parse(search.month) if search.month else BillingMonth.containing(ctx.now())


def _counted(month: BillingMonth) -> Any:
    """Return the sums over each agent's calls of a month, as a subquery."""
    return (
        select(
            col(AgentCall.tenant_id).label("tenant_id"),
            func.count().label("calls"),
            _sum(col(AgentCall.status) == CallStatus.SUCCESS).label("succeeded"),
            _sum(col(AgentCall.is_charged)).label("charged"),
            _sum(
                col(AgentCall.error_code).in_(
                    (Code.UPGRADE_REQUIRED.value, Code.CEILING_EXCEEDED.value)
                )
            ).label("refused"),
            _sum(col(AgentCall.status) == CallStatus.ERROR).label("failed"),
        )
        .where(col(AgentCall.at) >= month.start, col(AgentCall.at) < month.end)
        .group_by(col(AgentCall.tenant_id))
        .subquery("counted")
    )


def _sum(condition: Any) -> Any:
    return cast(func.sum(case((condition, 1), else_=0)), Integer)


def _usage(ctx: Context, search: Search) -> Any:
    month = month_of(ctx, search)
    counted = _counted(month)
    used = func.coalesce(col(CallCounter.used), 0)
    granted = func.coalesce(col(CallCounter.granted), 0)
    budget = func.coalesce(col(CallCounter.budget_calls), col(Agent.budget_micros) / PRICE.micros)
    query = (
        select(
            Agent,
            col(Tenant.display_name),
            counted.c.calls,
            counted.c.succeeded,
            counted.c.charged,
            counted.c.refused,
            counted.c.failed,
            used.label("used"),
            granted.label("granted"),
            budget.label("budget"),
        )
        .join(Tenant, col(Tenant.id) == Agent.tenant_id)
        .join(counted, counted.c.tenant_id == Agent.tenant_id)
        .outerjoin(
            CallCounter,
            (col(CallCounter.tenant_id) == Agent.tenant_id)
            & (col(CallCounter.period) == str(month)),
        )
        .where(
            *found(search.q, Tenant.display_name, Agent.agent_id, Agent.email, Agent.organisation)
        )
    )
    match search.status:
        case "near":
            pays = (col(Agent.tier) == Tier.PAID) & or_(
                col(Agent.paid_until).is_(None), col(Agent.paid_until) > ctx.now()
            )
            of_budget = 100 * counted.c.charged >= NEAR_PERCENT * budget
            of_free = 100 * used >= NEAR_PERCENT * (quota.FREE_CALLS + granted)
            return query.where(or_(pays & of_budget, ~pays & of_free))
        case "refused":
            return query.where(counted.c.refused > 0)
        case "failing":
            return query.where(counted.c.failed > 0)
        case _:
            return query


async def _lines(ctx: Context, rows: Sequence[Any]) -> list[UsageLine]:
    return [
        UsageLine(
            agent=agent,
            name=name,
            tier=quotas.tier_of(ctx, agent),
            calls=calls,
            succeeded=succeeded,
            charged=charged,
            refused=refused,
            failed=failed,
            used=used,
            limit=quotas.limit_with(ctx, agent, granted),
            budget_calls=None if budget is None else int(budget),
        )
        for agent, name, calls, succeeded, charged, refused, failed, used, granted, budget in rows
    ]


def _organisations(ctx: Context, search: Search) -> Any:
    counted = _counted(month_of(ctx, search))
    return (
        select(
            col(Agent.organisation).label("organisation"),
            func.count().label("tenants"),
            _total(counted.c.calls).label("calls"),
            _total(counted.c.succeeded).label("succeeded"),
            _total(counted.c.charged).label("charged"),
        )
        .join(counted, counted.c.tenant_id == Agent.tenant_id)
        .where(*found(search.q, Agent.organisation))
        .group_by(col(Agent.organisation))
    )


def _total(counts: Any) -> Any:
    return cast(func.sum(counts), Integer)


async def _organisation_lines(ctx: Context, rows: Sequence[Any]) -> list[OrganisationLine]:  # noqa: ARG001
    return [OrganisationLine(*row) for row in rows]


def _by(name: str) -> Any:
    """Return a sum of the list by its name, to sort by."""
    return literal_column(f"counted.{name}")


USAGE: Final[Listed[UsageLine]] = Listed(
    "usage",
    _usage,
    _lines,
    {
        "calls": _by("calls"),
        "charged": _by("charged"),
        "refused": _by("refused"),
        "failed": _by("failed"),
        "name": func.lower(Tenant.display_name),
    },
    col(Agent.tenant_id),
    (NEAR, REFUSED, FAILING),
)
ORGANISATIONS: Final[Listed[OrganisationLine]] = Listed(
    "organisations",
    _organisations,
    _organisation_lines,
    {
        "calls": literal_column("calls"),
        "charged": literal_column("charged"),
        "tenants": literal_column("tenants"),
        "name": col(Agent.organisation),
    },
    col(Agent.organisation),
)
