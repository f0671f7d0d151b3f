"""What an agent's invoice counts: its calls that succeeded while it paid by the call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from app.core.money import Money
from app.core.phrases import Phrase, to_json
from app.rules.invoicing import Line, LineKind, Totals, close, line
from app.rules.periods import BillingMonth
from app.rules.quota import LEAST_INVOICE, PRICE
from app.services import ledger
from app.services.context import Context
from app.services.ledger import HOUSE, Fact
from app.services.opening import DraftLine
from models.agent import AgentCall
from models.invoice import Invoice
from models.ledger import AccountKind
from models.tenant import Tenant


async def charged(
    ctx: Context, tenant_ids: Collection[UUID], month: BillingMonth
) -> dict[UUID, int]:
    """Return how many calls of a month are charged for, of those that have some."""
    rows = await ctx.db.execute(
        select(col(AgentCall.tenant_id), func.count())
        .where(
            col(AgentCall.tenant_id).in_(tenant_ids),
            col(AgentCall.is_charged).is_(True),
            col(AgentCall.at) >= month.start,
            col(AgentCall.at) < month.end,
        )
        .group_by(col(AgentCall.tenant_id))
    )
    return {row[0]: row[1] for row in rows}


class ChargedCalls:
    """Agents owe for each charged call; a small sum waits for the next month."""

    async def owing(
        self, ctx: Context, tenants: Mapping[UUID, Tenant], month: BillingMonth
    ) -> dict[UUID, str]:
        """Return agents that owe enough for an invoice; what the others owe is carried in the books."""
        counts = await charged(ctx, tenants, month)
        carried = await ledger.balances(ctx, counts, AccountKind.ROUNDING)
        small: list[Fact] = []
        large: dict[UUID, str] = {}
        for tenant_id, count in counts.items():
            totals = _totals(tenants[tenant_id], count, carried.get((tenant_id, PRICE.currency)))
            if totals.total < LEAST_INVOICE:
                small.append(_carry(tenant_id, month, totals))
            else:
                large[tenant_id] = PRICE.currency
        if small:
            await ledger.post_all(ctx, small)
        return large

    async def lines(
        self, ctx: Context, invoices: Collection[Invoice], month: BillingMonth
    ) -> dict[UUID, Sequence[DraftLine]]:
        """Return one line over the calls counted; the calls themselves are the evidence."""
        counts = await charged(ctx, [one.tenant_id for one in invoices], month)
        return {tenant_id: [_draft_line(count, month)] for tenant_id, count in counts.items()}


CALLS: Final = ChargedCalls()


def _line(count: int) -> Line:
    return line(LineKind.CALLS, "line.calls", count, PRICE)


def _draft_line(count: int, month: BillingMonth) -> DraftLine:
    one = _line(count)
    return DraftLine(
        one,
        "API calls",
        {
            "text": to_json(Phrase.of("line.calls")),
            "detail": to_json(
                Phrase.of(
                    "line.calls.detail", count=count, start=month.first_day, end=month.last_day
                )
            ),
            "why": to_json(Phrase.of("basis.calls", count=count, price=PRICE, amount=one.amount)),
            "counted_from": month.first_day.isoformat(),
            "counted_until": month.end.date().isoformat(),
        },
    )


def _totals(tenant: Tenant, count: int, carried_in: Money | None) -> Totals:
    return close(
        [_line(count)],
        carried_in=carried_in or Money.zero(PRICE.currency),
        tax_rate=Decimal(tenant.tax_rate),
        reverse_charge=tenant.is_reverse_charge,
        minimum=LEAST_INVOICE,
    )


def _carry(tenant_id: UUID, month: BillingMonth, totals: Totals) -> Fact:
    """Return what the books say of a month that is too small to be invoiced by itself."""
    return Fact(
        key=f"carried:{tenant_id}:{month}",
        kind="carried",
        tenant_id=tenant_id,
        memo=str(month),
        postings=[
            (str(tenant_id), AccountKind.ROUNDING, totals.carried_out - totals.carried_in),
            (HOUSE, AccountKind.REVENUE, -totals.subtotal),
            (HOUSE, AccountKind.TAX, -totals.tax),
        ],
    )
