"""Invoices as vendors and operations read them, and what operations may do to one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func
from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError
from app.core.money import Money
from app.rules.dunning import shown_status
from app.rules.statuses import InvoiceStatus, move
from app.services import charges, checkouts, credit_notes, delivery, paging, settlement
from app.services.context import Context
from app.services.paging import Page
from app.services.rails import MANUAL
from app.services.settlement import Taken
from models.invoice import Invoice, InvoiceKind, InvoiceLine
from models.payment import ChargeAttempt, Payment
from models.person import Role
from models.stored_file import StoredFile
from models.tenant import Rail, Tenant


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """One invoice or credit note as read; ``status`` shows a late one as overdue."""

    id: UUID
    tenant_id: UUID
    vendor: str
    number: str
    kind: InvoiceKind
    status: InvoiceStatus
    period_start: dt.date
    period_end: dt.date
    issued_on: dt.date | None
    due_on: dt.date | None
    subtotal: Money
    tax: Money
    total: Money
    outstanding: Money
    rail: str
    paid_at: dt.datetime | None
    has_pdf: bool


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """An invoice with its lines, its payments and the credit notes that correct it."""

    invoice: InvoiceView
    lines: tuple[InvoiceLine, ...]
    payments: tuple[Payment, ...]
    attempts: tuple[ChargeAttempt, ...]
    corrections: tuple[InvoiceView, ...]
    corrects: InvoiceView | None
    failures: int
    next_attempt_at: dt.datetime | None
    is_being_charged: bool


async def list_page(
    ctx: Context,
    *,
    status: InvoiceStatus | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
    offset: int | None = None,
) -> Page[InvoiceView]:
    """Return the acting vendor's invoices and credit notes, the newest first.

    With ``offset`` the page says how many there are in all, else where the next one begins.
    """
    return await _page(ctx, ctx.mine(Invoice), status, limit, cursor, offset)


async def list_all(
    ctx: Context,
    *,
    tenant_id: UUID | None = None,
    status: InvoiceStatus | None = None,
    search: str = "",
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[InvoiceView]:
    """Return everybody's invoices for operations; ``search`` is the beginning of a number."""
    ctx.require_ops()
    query = select(Invoice)
    if tenant_id is not None:
        query = query.where(col(Invoice.tenant_id) == tenant_id)
    if search.strip():
        query = query.where(col(Invoice.number).startswith(search.strip(), autoescape=True))
    return await _page(ctx, query, status, limit, cursor)


async def get(ctx: Context, invoice_id: UUID) -> InvoiceDetail:
    """Return one invoice with what belongs to it; somebody else's looks like none."""
    invoice = await visible(ctx, invoice_id)
    lines = await ctx.db.scalars(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id) == invoice.id)
        .order_by(col(InvoiceLine.position))
    )
    paid = await ctx.db.scalars(
        select(Payment)
        .where(col(Payment.invoice_id) == invoice.id)
        .order_by(col(Payment.created_at), col(Payment.id))
    )
    tried = await ctx.db.scalars(
        select(ChargeAttempt)
        .where(col(ChargeAttempt.invoice_id) == invoice.id)
        .order_by(col(ChargeAttempt.number))
    )
    notes = await ctx.db.scalars(
        select(Invoice).where(col(Invoice.corrects_id) == invoice.id).order_by(col(Invoice.id))
    )
    corrected = await ctx.db.get(Invoice, invoice.corrects_id) if invoice.corrects_id else None
    vendor = (await ctx.db.get_one(Tenant, invoice.tenant_id)).display_name
    return InvoiceDetail(
        _view(ctx, invoice, vendor),
        tuple(lines),
        tuple(paid),
        tuple(tried),
        tuple(_view(ctx, note, vendor) for note in notes),
        _view(ctx, corrected, vendor) if corrected else None,
        invoice.failures,
        invoice.next_attempt_at,
        await charges.pending(ctx, invoice.id) is not None,
    )


async def pdf(ctx: Context, invoice_id: UUID) -> StoredFile:
    """Return the file that was mailed, byte for byte.

    Raises ``ConflictError`` ``pdf_not_ready`` for the moments before it is drawn.
    """
    invoice = await visible(ctx, invoice_id)
    if invoice.pdf_id is None:
        raise ConflictError(
            "The document is being prepared.", reason="pdf_not_ready", retry_after=5
        )
    return await ctx.db.get_one(StoredFile, invoice.pdf_id)


async def void_with_credit_note(ctx: Context, invoice_id: UUID, *, reason: str) -> Invoice:
    """Let operations take back an open invoice whole; returns the credit note.

    Money that comes for it later is kept as credit. Raises ``ConflictError`` for one that is not
    open, or that is just being paid (``payment_in_progress``).
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    _require(reason, "reason")
    invoice = await _for_change(ctx, invoice_id)
    status = move(invoice.status, InvoiceStatus.VOID)
    note = await credit_notes.issue(ctx, invoice, None, reason.strip())
    invoice.status, invoice.next_attempt_at, invoice.remind_at = status, None, None
    await settlement.withdraw_other_ways(ctx, invoice, "void")
    _audit(ctx, "ops.invoice_voided", invoice, {"note": note.number or "", "reason": reason})
    return note


async def credit(ctx: Context, invoice_id: UUID, amount: Money, *, reason: str) -> Invoice:
    """Let operations credit a part of an open or paid invoice; returns the credit note.

    Of an open one less is to be paid then; what was paid already becomes the vendor's credit, to
    be refunded. Raises what ``rules.invoicing.credit_for`` raises, and ``ConflictError`` for other
    states or ``payment_in_progress``.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    _require(reason, "reason")
    invoice = await _for_change(ctx, invoice_id)
    if invoice.status not in (InvoiceStatus.OPEN, InvoiceStatus.PAID):
        raise ConflictError(f"This invoice is {invoice.status}.", reason="status_conflict")
    if amount.currency != invoice.currency:
        problem = f"must be in {invoice.currency}"
        raise InvalidInputError(f"The amount {problem}.", fields=[("amount", problem)])
    note = await credit_notes.issue(ctx, invoice, amount, reason.strip())
    nothing = Money.zero(invoice.currency)
    if invoice.status is InvoiceStatus.OPEN:
        if invoice.outstanding <= nothing:
            was_paid = invoice.paid_micros > 0
            end = InvoiceStatus.PAID if was_paid else InvoiceStatus.VOID
            invoice.status, invoice.paid_at = (
                move(invoice.status, end),
                ctx.now() if was_paid else None,
            )
            invoice.next_attempt_at, invoice.remind_at = None, None
        await settlement.withdraw_other_ways(ctx, invoice, f"credited:{note.id}")
    _audit(
        ctx,
        "ops.invoice_credited",
        invoice,
        {"note": note.number or "", "amount": str(amount), "reason": reason},
    )
    return note


async def mark_settled(ctx: Context, invoice_id: UUID, *, reference: str) -> None:
    """Let operations note that an open invoice was paid outside, under the bank's reference.

    Raises ``ConflictError`` for one that is not open or just being paid.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    _require(reference, "reference")
    invoice = await _for_change(ctx, invoice_id)
    move(invoice.status, InvoiceStatus.PAID)
    if invoice.status is not InvoiceStatus.OPEN:
        raise ConflictError(f"This invoice is {invoice.status}.", reason="status_conflict")
    reference = reference.strip()[:100]
    _audit(ctx, "ops.invoice_settled", invoice, {"reference": reference})
    await settlement.record(
        ctx,
        Taken(
            invoice.tenant_id,
            invoice.id,
            MANUAL,
            f"{invoice.id}:{reference}",
            invoice.outstanding,
            label=reference,
            reference=reference,
        ),
    )


async def retry(ctx: Context, invoice_id: UUID) -> str:
    """Let operations try again: charge the card, or mail the invoice once more; says which."""
    ctx.require_ops(Role.OPS_OPERATOR)
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if invoice.status is not InvoiceStatus.OPEN:
        raise ConflictError(f"This invoice is {invoice.status}.", reason="status_conflict")
    if invoice.rail == Rail.CARD:
        if await charges.start(ctx, invoice.id) is None:
            raise ConflictError("A charge is under way.", reason="payment_in_progress")
        done = "charge"
    else:
        await delivery.mail_again(ctx, invoice)
        done = "mail"
    _audit(ctx, "ops.invoice_retried", invoice, {"by": done})
    return done


async def visible(ctx: Context, invoice_id: UUID) -> Invoice:
    """Return an invoice to its vendor or to operations."""
    if ctx.actor.tenant_id is not None:
        return await ctx.get_mine(Invoice, invoice_id)
    return await ctx.get_any(Invoice, invoice_id)


async def _for_change(ctx: Context, invoice_id: UUID) -> Invoice:
    """Return a locked invoice that nobody is just paying; an open page is closed for that."""
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if invoice.kind is not InvoiceKind.INVOICE:
        raise ConflictError("A credit note is final.", reason="status_conflict")
    page = await checkouts.open_page(ctx, invoice_id)
    if page is not None and not await checkouts.close(ctx, page.id):
        await ctx.save()  # what the page has taken is written down whatever is refused here
        raise _busy()
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if await charges.pending(ctx, invoice_id) or await checkouts.open_page(ctx, invoice_id):
        raise _busy()
    return invoice


def _busy() -> ConflictError:
    return ConflictError(
        "This invoice is just being paid.", reason="payment_in_progress", retry_after=60
    )


async def _page(
    ctx: Context,
    query: Select[Invoice],
    status: InvoiceStatus | None,
    limit: int,
    cursor: str | None,
    offset: int | None = None,
) -> Page[InvoiceView]:
    query = query.where(col(Invoice.number).is_not(None))
    if status is not None:
        query = query.where(_has_status(ctx, status))
    total = None
    if offset is not None:
        counted = query.with_only_columns(col(Invoice.id)).subquery()
        total = await ctx.db.scalar(select(func.count()).select_from(counted))
    elif cursor:
        key, id_ = paging.decode_cursor(cursor, "invoices")
        at = paging.instant(key)
        query = query.where(
            paging.after(col(Invoice.created_at), at, col(Invoice.id), id_, down=True)
        )
    query = query.order_by(col(Invoice.created_at).desc(), col(Invoice.id).desc())
    rows = list(await ctx.db.scalars(query.offset(offset).limit(limit + 1)))
    more, rows = offset is None and len(rows) > limit, rows[:limit]
    names = await ctx.db.execute(
        select(Tenant.id, Tenant.display_name).where(
            col(Tenant.id).in_({row.tenant_id for row in rows})
        )
    )
    by_id = {UUID(str(id_)): str(name) for id_, name in names}
    following = (
        paging.encode_cursor("invoices", rows[-1].created_at.isoformat(), rows[-1].id)
        if more
        else None
    )
    return Page([_view(ctx, row, by_id[row.tenant_id]) for row in rows], following, total)


def _has_status(ctx: Context, status: InvoiceStatus) -> ColumnElement[bool]:
    """Return the condition for a status as it is shown."""
    is_open = col(Invoice.status) == InvoiceStatus.OPEN
    if status is InvoiceStatus.OVERDUE:
        return is_open & (col(Invoice.due_at) <= ctx.now())
    if status is InvoiceStatus.OPEN:
        return is_open & (col(Invoice.due_at) > ctx.now())
    return col(Invoice.status) == status


def _view(ctx: Context, invoice: Invoice, vendor: str) -> InvoiceView:
    due = (invoice.due_at - dt.timedelta(days=1)).date() if invoice.due_at else None
    return InvoiceView(
        id=invoice.id,
        tenant_id=invoice.tenant_id,
        vendor=vendor,
        number=invoice.number or "",
        kind=invoice.kind,
        status=shown_status(invoice.status, invoice.due_at, ctx.now()),
        period_start=invoice.period_start.date(),
        period_end=invoice.period_end.date(),
        issued_on=invoice.issued_on,
        due_on=due,
        subtotal=Money(invoice.subtotal_micros, invoice.currency),
        tax=Money(invoice.tax_micros, invoice.currency),
        total=invoice.total,
        outstanding=max(Money.zero(invoice.currency), invoice.outstanding),
        rail=invoice.rail,
        paid_at=invoice.paid_at,
        has_pdf=invoice.pdf_id is not None,
    )


def _require(text: str, field: str) -> None:
    if not text.strip():
        raise InvalidInputError(f"A {field} is needed.", fields=[(field, "must not be empty")])


def _audit(ctx: Context, kind: str, invoice: Invoice, body: dict[str, str]) -> None:
    facts = {"number": invoice.number or "", **body}
    ctx.audit(kind, tenant_id=invoice.tenant_id, subject=("invoice", invoice.id), body=facts)
