"""Money as operations see it: everybody's invoices, payments, refunds and payouts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from app.rules.statuses import DisputeStatus, InvoiceStatus, PaymentStatus, PayoutStatus
from app.services.context import Context
from app.services.ops_lists import Listed, Search, found, of_tenant
from models.dispute import Dispute
from models.invoice import Invoice
from models.ledger import LedgerEntry
from models.payment import Payment, Payout, Refund
from models.tenant import Tenant

Line = TypeVar("Line")


REFUND_FAILED: Final = "refund_failed"
"""Beside the statuses of payments: those with a refund that failed and waits for somebody."""


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


def is_failed_refund() -> ColumnElement[bool]:
    """Return the condition for a refund that failed and is not made up for.

    A later refund of the same payment makes up for it, and so does a credit paid out by bank.
    """
    later = aliased(Refund)
    again = select(later.id).where(
        col(later.payment_id) == Refund.payment_id,
        col(later.status) != PaymentStatus.FAILED,
        col(later.created_at) >= col(Refund.created_at),
    )
    settled = select(LedgerEntry.id).where(
        col(LedgerEntry.tenant_id) == Refund.tenant_id,
        col(LedgerEntry.kind) == "credit_paid",
        col(LedgerEntry.occurred_at) >= col(Refund.finished_at),
    )
    return (col(Refund.status) == PaymentStatus.FAILED) & ~again.exists() & ~settled.exists()


async def payment(ctx: Context, payment_id: UUID) -> PaymentDetail:
    """Return one payment with its refunds."""
    await ctx.get_any(Payment, payment_id)
    found_rows = await ctx.db.execute(_with_invoice(Payment).where(Payment.id == payment_id))
    refunds = await ctx.db.scalars(
        select(Refund)
        .where(col(Refund.payment_id) == payment_id)
        .order_by(col(Refund.created_at), col(Refund.id))
    )
    return PaymentDetail(PaymentLine(*found_rows.one()), tuple(refunds))


async def payout(ctx: Context, payout_id: UUID) -> PayoutLine:
    """Return one payout."""
    one = await ctx.get_any(Payout, payout_id)
    vendor = await ctx.db.get_one(Tenant, one.tenant_id)
    return PayoutLine(one, vendor.display_name)


async def dispute(ctx: Context, dispute_id: UUID) -> DisputeLine:
    """Return one dispute."""
    await ctx.get_any(Dispute, dispute_id)
    row = await ctx.db.execute(_with_invoice(Dispute).where(Dispute.id == dispute_id))
    return DisputeLine(*row.one())


def _invoices(ctx: Context, search: Search) -> Any:
    """Select invoices and credit notes; drafts have no number yet and are not shown."""
    query = (
        select(Invoice, Tenant.display_name)
        .join(Tenant, col(Tenant.id) == Invoice.tenant_id)
        .where(col(Invoice.number).is_not(None), *of_tenant(Invoice, search))
        .where(*found(search.q, Invoice.number, Tenant.display_name))
    )
    return query.where(_shown(ctx, InvoiceStatus(search.status))) if search.status else query


def _payments(ctx: Context, search: Search) -> Any:  # noqa: ARG001 - all lists are asked alike
    searched = (Payment.provider_ref, Payment.reference, Invoice.number, Tenant.display_name)
    query = _with_invoice(Payment)
    if search.status == REFUND_FAILED:
        query = query.where(
            col(Payment.id).in_(select(Refund.payment_id).where(is_failed_refund()))
        )
        search = replace(search, status="")
    return _narrowed(query, Payment, search, *searched)


def _disputes(ctx: Context, search: Search) -> Any:  # noqa: ARG001
    searched = (Dispute.provider_ref, Dispute.reason, Invoice.number, Tenant.display_name)
    return _narrowed(_with_invoice(Dispute), Dispute, search, *searched)


def _payouts(ctx: Context, search: Search) -> Any:  # noqa: ARG001
    query = select(Payout, Tenant.display_name).join(Tenant, col(Tenant.id) == Payout.tenant_id)
    searched = (Payout.number, Payout.provider_ref, Payout.reference, Payout.period)
    return _narrowed(query, Payout, search, *searched, Tenant.display_name)


def _with_invoice(model: Any) -> Any:
    return (
        select(model, Tenant.display_name, func.coalesce(Invoice.number, ""))
        .join(Tenant, col(Tenant.id) == model.tenant_id)
        .outerjoin(Invoice, col(Invoice.id) == model.invoice_id)
    )


def _narrowed(query: Any, model: Any, search: Search, *searched: Any) -> Any:
    query = query.where(*of_tenant(model, search), *found(search.q, *searched))
    return query.where(col(model.status) == search.status) if search.status else query


def _shown(ctx: Context, status: InvoiceStatus) -> ColumnElement[bool]:
    """Return the condition for a status as it is shown: a late open invoice is overdue."""
    is_open = col(Invoice.status) == InvoiceStatus.OPEN
    if status is InvoiceStatus.OVERDUE:
        return is_open & (col(Invoice.due_at) <= ctx.now())
    if status is InvoiceStatus.OPEN:
        return is_open & (col(Invoice.due_at) > ctx.now())
    return col(Invoice.status) == status


def _said(line: Callable[..., Line]) -> Callable[[Context, Sequence[Any]], Awaitable[list[Line]]]:
    """Return how rows become lines whose fields are the columns."""

    async def lines(ctx: Context, rows: Sequence[Any]) -> list[Line]:  # noqa: ARG001
        return [line(*row) for row in rows]

    return lines


INVOICES: Final = Listed(
    "invoices",
    _invoices,
    _said(InvoiceLine),
    {
        "created_at": col(Invoice.created_at),
        "number": col(Invoice.number),
        "total": col(Invoice.total_micros),
        "due_at": col(Invoice.due_at),
    },
    col(Invoice.id),
    tuple(InvoiceStatus),
)
PAYMENTS: Final = Listed(
    "payments",
    _payments,
    _said(PaymentLine),
    {"created_at": col(Payment.created_at), "amount": col(Payment.amount_micros)},
    col(Payment.id),
    (*PaymentStatus, REFUND_FAILED),
)
DISPUTES: Final = Listed(
    "disputes",
    _disputes,
    _said(DisputeLine),
    {
        "created_at": col(Dispute.opened_at),
        "amount": col(Dispute.amount_micros),
        "respond_by": col(Dispute.respond_by),
    },
    col(Dispute.id),
    tuple(DisputeStatus),
)
PAYOUTS: Final = Listed(
    "payouts",
    _payouts,
    _said(PayoutLine),
    {
        "created_at": col(Payout.created_at),
        "amount": col(Payout.amount_micros),
        "period": col(Payout.period),
    },
    col(Payout.id),
    tuple(PayoutStatus),
)
