"""Opening an invoice: its number, parties, lines and amounts freeze, and the books know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.core.money import Money
from app.rules import dunning
from app.rules.invoicing import Line, Totals, close, due_at, due_on
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


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice without number or amounts, whose it is and what it will claim."""

    invoice: Invoice
    tenant: Tenant
    lines: Sequence[DraftLine]


async def open_drafts(ctx: Context, drafts: Sequence[Draft]) -> None:
    """Open drafts of as many tenants, which the caller has locked.

    What earlier invoices could not claim to the smallest unit stands on the tenant's rounding
    account and is carried in; what this one cannot claim is carried out. The numbers are taken and
    the books are written last, because both are locked until the transaction ends.
    """
    today = ctx.now().date()
    carried = await ledger.balances(ctx, [one.tenant.id for one in drafts], AccountKind.ROUNDING)
    totals = [
        _freeze(ctx, one, carried.get((one.tenant.id, one.invoice.currency))) for one in drafts
    ]
    await ctx.db.flush()
    by_issuer: dict[str, list[Invoice]] = {}
    for one in drafts:
        by_issuer.setdefault(one.invoice.issuer, []).append(one.invoice)
    for issuer, invoices in sorted(by_issuer.items()):
        given = await numbers.take_many(
            ctx, ctx.settings.invoice_prefix, today, len(invoices), issuer=issuer
        )
        for invoice, number in zip(invoices, given, strict=True):
            invoice.number = number
    await ctx.db.flush()
    await ledger.post_all(ctx, [_fact(one, sums) for one, sums in zip(drafts, totals, strict=True)])


def _freeze(ctx: Context, draft: Draft, carried: Money | None) -> Totals:
    """Write down what an invoice claims, of whom and until when; all but its number."""
    invoice, tenant, now = draft.invoice, draft.tenant, ctx.now()
    carried_in = carried or Money.zero(invoice.currency)
    totals = close(
        [each.line for each in draft.lines],
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
    _add_lines(ctx, invoice, draft.lines)
    ctx.audit(
        "invoice.opened",
        tenant_id=tenant.id,
        subject=("invoice", invoice.id),
        body={
            "total": str(totals.total),
            "period": str(BillingMonth.containing(invoice.period_start)),
        },
    )
    return totals


def _fact(draft: Draft, totals: Totals) -> ledger.Fact:
    """Return what the books say of an opened invoice."""
    owner, invoice = str(draft.tenant.id), draft.invoice
    return ledger.Fact(
        key=f"invoice:{invoice.id}",
        kind="invoice",
        tenant_id=draft.tenant.id,
        subject_id=invoice.id,
        memo=invoice.number or "",
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
