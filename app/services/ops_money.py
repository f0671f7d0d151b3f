"""Money as operations see it: everybody's invoices, payments, refunds and payouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from app.rules.statuses import DisputeStatus, InvoiceStatus, PaymentStatus, PayoutStatus
from app.services import ops_lists
from app.services.context import Context
from app.services.paging import Page
from models.dispute import Dispute
from models.invoice import Invoice
from models.payment import Payment, Payout, Refund
from models.tenant import Tenant

_INVOICE_SORTS: Final[dict[str, Any]] = {
    "created_at": col(Invoice.created_at),
    "number": col(Invoice.number),
    "total": col(Invoice.total_micros),
    "due_at": col(Invoice.due_at),
}
_PAYMENT_SORTS: Final[dict[str, Any]] = {
    "created_at": col(Payment.created_at),
    "amount": col(Payment.amount_micros),
}
_DISPUTE_SORTS: Final[dict[str, Any]] = {
    "created_at": col(Dispute.opened_at),
    "amount": col(Dispute.amount_micros),
    "respond_by": col(Dispute.respond_by),
}
_PAYOUT_SORTS: Final[dict[str, Any]] = {
    "created_at": col(Payout.created_at),
    "amount": col(Payout.amount_micros),
    "period": col(Payout.period),
}


@dataclass(frozen=True, slots=True)
class MoneySearch:
    """What to show: ``q`` is found in numbers, references and vendors' names; one status or all."""

    q: str = ""
    status: str = ""
    sort: str = "-created_at"
    tenant_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An invoice or credit note with its vendor's name."""

    invoice: Invoice
    vendor: str


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment with its vendor's name and its invoice's number."""

    payment: Payment
    vendor: str
    number: str


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """A payment with the refunds made of it."""

    line: PaymentLine
    refunds: tuple[Refund, ...]


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """A payout with its vendor's name."""

    payout: Payout
    vendor: str


@dataclass(frozen=True, slots=True)
class DisputeLine:
    """A dispute with its vendor's name and its invoice's number."""

    dispute: Dispute
    vendor: str
    number: str


async def invoices_page(
    ctx: Context, search: MoneySearch, number: int = 1, *, size: int = ops_lists.SIZE
) -> Page[InvoiceLine]:
    """Return one page of the invoices and credit notes that match; drafts have no number yet."""
    query = (
        select(Invoice, Tenant.display_name)
        .join(Tenant, col(Tenant.id) == Invoice.tenant_id)
        .where(col(Invoice.number).is_not(None), *_belongs(Invoice, search))
        .where(*_found(search.q, Invoice.number, Tenant.display_name))
    )
    if search.status:
        query = query.where(_shown(ctx, InvoiceStatus(search.status)))
    ordered = ops_lists.order(query, _INVOICE_SORTS, search.sort, col(Invoice.id))
    page = await ops_lists.pairs(ctx, ordered, number, size=size)
    return Page([InvoiceLine(invoice, vendor) for invoice, vendor in page.rows], total=page.total)


async def payments_page(
    ctx: Context, search: MoneySearch, number: int = 1, *, size: int = ops_lists.SIZE
) -> Page[PaymentLine]:
    """Return one page of the payments that match."""
    query = (
        _payments()
        .where(*_belongs(Payment, search))
        .where(
            *_found(
                search.q,
                Payment.provider_ref,
                Payment.reference,
                Invoice.number,
                Tenant.display_name,
            )
        )
    )
    if search.status:
        query = query.where(col(Payment.status) == PaymentStatus(search.status))
    ordered = ops_lists.order(query, _PAYMENT_SORTS, search.sort, col(Payment.id))
    page = await ops_lists.pairs(ctx, ordered, number, size=size)
    return Page([PaymentLine(one, name, no or "") for one, name, no in page.rows], total=page.total)


async def payment(ctx: Context, payment_id: UUID) -> PaymentDetail:
    """Return one payment with its refunds."""
    await ctx.get_any(Payment, payment_id)
    found = await ops_lists.pairs(ctx, _payments().where(col(Payment.id) == payment_id), 1)
    one, vendor, invoice_number = found.rows[0]
    refunds = await ctx.db.scalars(
        select(Refund)
        .where(col(Refund.payment_id) == payment_id)
        .order_by(col(Refund.created_at), col(Refund.id))
    )
    return PaymentDetail(PaymentLine(one, vendor, invoice_number or ""), tuple(refunds))


async def payouts_page(ctx: Context, search: MoneySearch, number: int = 1) -> Page[PayoutLine]:
    """Return one page of the payouts that match."""
    query = (
        select(Payout, Tenant.display_name)
        .join(Tenant, col(Tenant.id) == Payout.tenant_id)
        .where(*_belongs(Payout, search))
        .where(
            *_found(
                search.q,
                Payout.number,
                Payout.provider_ref,
                Payout.reference,
                Payout.period,
                Tenant.display_name,
            )
        )
    )
    if search.status:
        query = query.where(col(Payout.status) == PayoutStatus(search.status))
    ordered = ops_lists.order(query, _PAYOUT_SORTS, search.sort, col(Payout.id))
    page = await ops_lists.pairs(ctx, ordered, number)
    return Page([PayoutLine(one, vendor) for one, vendor in page.rows], total=page.total)


async def payout(ctx: Context, payout_id: UUID) -> PayoutLine:
    """Return one payout."""
    found = await ctx.get_any(Payout, payout_id)
    vendor = await ctx.db.get_one(Tenant, found.tenant_id)
    return PayoutLine(found, vendor.display_name)


async def disputes_page(ctx: Context, search: MoneySearch, number: int = 1) -> Page[DisputeLine]:
    """Return one page of the disputes that match."""
    searched = (Dispute.provider_ref, Dispute.reason, Invoice.number, Tenant.display_name)
    query = _disputes().where(*_belongs(Dispute, search)).where(*_found(search.q, *searched))
    if search.status:
        query = query.where(col(Dispute.status) == DisputeStatus(search.status))
    ordered = ops_lists.order(query, _DISPUTE_SORTS, search.sort, col(Dispute.id))
    page = await ops_lists.pairs(ctx, ordered, number)
    return Page([DisputeLine(one, name, no or "") for one, name, no in page.rows], total=page.total)


async def dispute(ctx: Context, dispute_id: UUID) -> DisputeLine:
    """Return one dispute."""
    await ctx.get_any(Dispute, dispute_id)
    found = await ops_lists.pairs(ctx, _disputes().where(col(Dispute.id) == dispute_id), 1)
    one, vendor, number = found.rows[0]
    return DisputeLine(one, vendor, number or "")


def _disputes() -> Any:
    return (
        select(Dispute, Tenant.display_name, Invoice.number)
        .join(Tenant, col(Tenant.id) == Dispute.tenant_id)
        .outerjoin(Invoice, col(Invoice.id) == Dispute.invoice_id)
    )


def _payments() -> Any:
    return (
        select(Payment, Tenant.display_name, Invoice.number)
        .join(Tenant, col(Tenant.id) == Payment.tenant_id)
        .outerjoin(Invoice, col(Invoice.id) == Payment.invoice_id)
    )


def _belongs(model: Any, search: MoneySearch) -> list[ColumnElement[bool]]:
    return [] if search.tenant_id is None else [col(model.tenant_id) == search.tenant_id]


def _found(q: str, *columns: Any) -> list[ColumnElement[bool]]:
    text = q.strip().lower()
    if not text:
        return []
    return [or_(*(func.lower(one).contains(text, autoescape=True) for one in columns))]


def _shown(ctx: Context, status: InvoiceStatus) -> ColumnElement[bool]:
    """Return the condition for a status as it is shown: a late open invoice is overdue."""
    is_open = col(Invoice.status) == InvoiceStatus.OPEN
    if status is InvoiceStatus.OVERDUE:
        return is_open & (col(Invoice.due_at) <= ctx.now())
    if status is InvoiceStatus.OPEN:
        return is_open & (col(Invoice.due_at) > ctx.now())
    return col(Invoice.status) == status
