"""Where the acting agent stands this month: what is used, what it costs, and what the month will come to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col

from app.core.money import Money
from app.rules.forecasts import Forecast, forecast
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE, Quota, Tier
from app.rules.statuses import InvoiceStatus, TenantStatus
from app.services import agents, call_days, quotas
from app.services.call_usage import Calls
from app.services.context import Context
from models.agent import Agent, AgentCall
from models.invoice import Invoice, InvoiceKind
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Standing:
    """The running month; ``forecast`` is of the charged calls, or of the free ones where none is charged."""

    agent: Agent
    month: BillingMonth
    quota: Quota
    charged: int
    forecast: Forecast | None
    calls: Calls
    last_call_at: dt.datetime | None
    is_suspended: bool

    @property
    def is_paid(self) -> bool:
        """Whether calls are charged now."""
        return self.quota.tier is Tier.PAID

    @property
    def cost(self) -> Money:
        """What the charged calls of the month cost so far, before tax."""
        return PRICE.times(self.charged)


@dataclass(frozen=True, slots=True)
class Debt:
    """An invoice that is to be paid."""

    invoice: Invoice
    is_late: bool


async def standing(ctx: Context) -> Standing:
    """Return where the acting agent stands this month."""
    agent = await agents.reading(ctx)
    now = ctx.now()
    month = BillingMonth.containing(now)
    counter = await quotas.counter_of(ctx, agent, month)
    quota = await quotas.current(ctx, agent)
    totals = await call_days.totals(ctx, [agent.tenant_id], month.start, month.end)
    last = await ctx.db.scalar(
        ctx.mine(AgentCall)
        .with_only_columns(col(AgentCall.at))
        .order_by(col(AgentCall.at).desc(), col(AgentCall.id).desc())
        .limit(1)
    )
    is_paid = quota.tier is Tier.PAID
    began = agent.upgraded_at if is_paid and agent.upgraded_at else agent.onboarded_at
    counted = counter.charged if is_paid else counter.used
    tenant = await ctx.db.get_one(Tenant, agent.tenant_id)
    return Standing(
        agent,
        month,
        quota,
        counter.charged,
        forecast(counted, max(month.start, began), now, month.end),
        Calls(*totals.get(agent.tenant_id, (0, 0, 0, 0))),
        last,
        tenant.status is TenantStatus.SUSPENDED,
    )


async def debts(ctx: Context) -> list[Debt]:
    """Return what the acting agent has to pay, the oldest first."""
    await agents.reading(ctx)
    rows = await ctx.db.scalars(
        ctx.mine(Invoice)
        .where(col(Invoice.status) == InvoiceStatus.OPEN, col(Invoice.kind) == InvoiceKind.INVOICE)
        .order_by(col(Invoice.opened_at), col(Invoice.id))
    )
    return [Debt(one, one.due_at is not None and one.due_at <= ctx.now()) for one in rows]
