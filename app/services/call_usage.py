"""What agents called: counted from the audit rows, the very ones that are invoiced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col

from app.core.errors import InvalidInputError
from app.core.money import Money
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE
from app.services import agents, call_days
from app.services.call_days import DayCalls
from app.services.context import Context
from models.invoice import Invoice
from models.tenant import Programme

MOST_TENANTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Calls:
    """How an agent's requests of a period ended; refused ones count as failed."""

    total: int = 0
    successful: int = 0
    billable: int = 0
    charged: int = 0

    @property
    def failed(self) -> int:
        """Those that did not succeed."""
        return self.total - self.successful


@dataclass(frozen=True, slots=True)
class MonthlyBill:
    """One month of the acting agent: what was called, what it costs, and the invoice if there is one."""

    month: BillingMonth
    calls: Calls
    amount: Money
    invoice: Invoice | None


async def count(
    ctx: Context,
    tenant_ids: Collection[UUID],
    start: dt.datetime,
    end: dt.datetime,
    *,
    action_prefix: str = "",
) -> dict[UUID, Calls]:
    """Return the calls in ``[start, end)`` of those tenants that made some, for the system.

    The prefix only narrows a report; what is charged is decided by the calls' own flag. Raises
    ``InvalidInputError`` for a period that ends before it begins, or too many tenants.
    """
    ctx.require_ops()
    return await _count(ctx, tenant_ids, start, end, action_prefix)


async def bill(ctx: Context, period: str) -> MonthlyBill:
    """Return a month of the acting agent, running or over."""
    agent = await agents.reading(ctx)
    month = BillingMonth.parse(period, "period")
    found = await _count(ctx, [agent.tenant_id], month.start, month.end, "")
    calls = found.get(agent.tenant_id, Calls())
    key = f"{Programme.AGENT}:{agent.tenant_id}:{month}"
    invoice = await ctx.db.scalar(ctx.mine(Invoice).where(col(Invoice.business_key) == key))
    return MonthlyBill(month, calls, PRICE.times(calls.charged), invoice)


async def by_day(ctx: Context, first: dt.date, last: dt.date) -> list[DayCalls]:
    """Return the acting agent's calls from one UTC day to another, both included, the oldest first."""
    agent = await agents.reading(ctx)
    return await call_days.rows(
        ctx, [agent.tenant_id], _midnight(first), _midnight(last + dt.timedelta(days=1))
    )


async def _count(
    ctx: Context,
    tenant_ids: Collection[UUID],
    start: dt.datetime,
    end: dt.datetime,
    action_prefix: str,
) -> dict[UUID, Calls]:
    if end <= start:
        raise InvalidInputError("The period is empty.", fields=[("end", "must be after start")])
    if len(tenant_ids) > MOST_TENANTS:
        problem = f"must name at most {MOST_TENANTS}"
        raise InvalidInputError(f"tenant_ids {problem}.", fields=[("tenant_ids", problem)])
    found = await call_days.totals(ctx, tenant_ids, start, end, action_prefix)
    return {tenant_id: Calls(*sums) for tenant_id, sums in found.items()}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
