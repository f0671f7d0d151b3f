"""Opening an invoice: its number, parties, lines and amounts freeze, and the books know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.core.money import Money
from app.rules import dunning
from app.rules.invoicing import Line, close, due_at, due_on
from app.rules.periods import BillingMonth
from app.rules.statuses import InvoiceStatus, move
from app.services import ledger, numbers, parties, pay_links
from app.services.context import Context
from app.services.ledger import HOUSE
from models.invoice import Invoice, InvoiceLine
from models.ledger import AccountKind
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line with its plain words and what it is based on."""

    line: Line
    description: str
    basis: Mapping[str, Any] = field(default_factory=dict[str, Any])


def draft(
    ctx: Context, tenant: Tenant, month: BillingMonth, *, business_key: str, currency: str
) -> Invoice:
    """Add an invoice without number or amounts; its business key is taken from here on."""
    invoice = Invoice(
        tenant_id=tenant.id,
        business_key=business_key,
        period_start=month.start,
        period_end=month.end,
        currency=currency,
        locale=tenant.locale,
        rail=tenant.rail or "",
        created_at=ctx.now(),
    )
    ctx.db.add(invoice)
    return invoice


async def open_draft(
    ctx: Context, invoice: Invoice, tenant: Tenant, lines: Sequence[DraftLine]
) -> None:
    """Open a draft; the tenant is locked by the caller.

    What earlier invoices could not claim to the smallest unit stands on the tenant's rounding
    account and is carried in; what this one cannot claim is carried out. The number is taken and
    the books are written last, because both are locked until the transaction ends.
    """
    now = ctx.now()
    carried_in = await ledger.balance(ctx, tenant.id, AccountKind.ROUNDING, invoice.currency)
    totals = close(
        [each.line for each in lines],
        carried_in=carried_in,
        tax_rate=Decimal(tenant.tax_rate),
        reverse_charge=tenant.is_reverse_charge,
        minimum=Money.zero(invoice.currency),
    )
    invoice.subtotal_micros, invoice.tax_micros = totals.subtotal.micros, totals.tax.micros
    invoice.carried_in_micros = totals.carried_in.micros
    invoice.carried_out_micros = totals.carried_out.micros
    invoice.total_micros = totals.total.micros
    invoice.tax_rate, invoice.is_reverse_charge = tenant.tax_rate, tenant.is_reverse_charge
    invoice.seller, invoice.buyer = parties.seller(ctx), parties.buyer(tenant)
    invoice.pay_token_hash = pay_links.token_hash(ctx, pay_links.token(ctx, invoice.id))
    invoice.status = move(invoice.status, InvoiceStatus.OPEN)
    invoice.opened_at, invoice.issued_on = now, now.date()
    invoice.due_at = due_at(due_on(now, ctx.settings.invoice_due_days))
    invoice.remind_at = dunning.next_reminder(now, invoice.due_at, 0)
    _add_lines(ctx, invoice, lines)
    ctx.audit(
        "invoice.opened",
        tenant_id=tenant.id,
        subject=("invoice", invoice.id),
        body={
            "total": str(totals.total),
            "period": str(BillingMonth.containing(invoice.period_start)),
        },
    )
    await ctx.db.flush()
    invoice.number = await numbers.take(
        ctx, ctx.settings.invoice_prefix, now.date(), issuer=invoice.issuer
    )
    await ctx.db.flush()
    owner = str(tenant.id)
    await ledger.post(
        ctx,
        key=f"invoice:{invoice.id}",
        kind="invoice",
        tenant_id=tenant.id,
        subject_id=invoice.id,
        memo=invoice.number,
        postings=[
            (owner, AccountKind.RECEIVABLE, totals.total),
            (owner, AccountKind.ROUNDING, totals.carried_out - totals.carried_in),
            (HOUSE, AccountKind.REVENUE, -totals.subtotal),
            (HOUSE, AccountKind.TAX, -totals.tax),
        ],
    )


def _add_lines(ctx: Context, invoice: Invoice, lines: Sequence[DraftLine]) -> None:
    for position, each in enumerate(lines, start=1):
        ctx.db.add(
            InvoiceLine(
                invoice_id=invoice.id,
                tenant_id=invoice.tenant_id,
                position=position,
                kind=each.line.kind,
                description=each.description,
                quantity=str(each.line.quantity),
                unit_price_micros=each.line.unit_price.micros,
                amount_micros=each.line.amount.micros,
                currency=invoice.currency,
                basis=dict(each.basis),
            )
        )
