"""Credit notes: the only way an opened invoice is ever corrected."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import col, select

from app.core.money import Money, slice_of
from app.core.phrases import Phrase, to_json
from app.rules.invoicing import CREDIT_NOTE_PREFIX, LineKind, credit_for, credited_tax
from app.rules.statuses import InvoiceStatus
from app.services import ledger, numbers, outbox
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.ports import JobName
from models.invoice import Invoice, InvoiceKind, InvoiceLine
from models.ledger import AccountKind


async def issue(ctx: Context, invoice: Invoice, amount: Money | None, reason: str) -> Invoice:
    """Credit an amount of a locked invoice, all that is left without one; returns the note.

    What the invoice still claims becomes less; what was paid already goes to the tenant's credit
    account. Subtotal, tax and remainder are taken back in proportion, over a whole invoice
    exactly. Raises what ``rules.invoicing.credit_for`` raises.
    """
    claimed = invoice.total
    credited = Money(invoice.credited_micros, invoice.currency)
    given = credit_for(claimed, credited, amount)
    tax = credited_tax(Money(invoice.tax_micros, invoice.currency), claimed, credited, given)
    subtotal = _subtotal(invoice, credited, given, tax)
    rest = given - subtotal - tax
    nothing = Money.zero(invoice.currency)
    off_claim = max(nothing, min(given, invoice.outstanding))
    note = await _note(ctx, invoice, given, subtotal, tax, rest, reason)
    invoice.credited_micros += given.micros
    ctx.audit(
        "invoice.credited",
        tenant_id=invoice.tenant_id,
        subject=("invoice", invoice.id),
        body={"number": invoice.number, "note": note.number, "amount": str(given), "why": reason},
    )
    await outbox.enqueue(
        ctx,
        JobName.DELIVER_INVOICE,
        str(note.id),
        tenant_id=note.tenant_id,
        invoice_id=str(note.id),
    )
    owner = str(invoice.tenant_id)
    await ledger.post(
        ctx,
        key=f"credit_note:{note.id}",
        kind="credit_note",
        tenant_id=invoice.tenant_id,
        subject_id=invoice.id,
        memo=reason,
        postings=[
            (HOUSE, AccountKind.REVENUE, subtotal),
            (HOUSE, AccountKind.TAX, tax),
            (owner, AccountKind.ROUNDING, rest),
            (owner, AccountKind.RECEIVABLE, -off_claim),
            (owner, AccountKind.CREDIT, off_claim - given),
        ],
    )
    return note


def _subtotal(invoice: Invoice, credited: Money, given: Money, tax: Money) -> Money:
    """Return the part of a credit that takes back revenue; without a carry all but the tax."""
    if invoice.carried_in_micros == invoice.carried_out_micros:
        return given - tax
    whole = Money(invoice.subtotal_micros, invoice.currency)
    end = (credited + given).micros
    return slice_of(whole, credited.micros, end, invoice.total_micros)


async def _note(
    ctx: Context,
    invoice: Invoice,
    given: Money,
    subtotal: Money,
    tax: Money,
    rest: Money,
    reason: str,
) -> Invoice:
    earlier = await ctx.db.scalar(
        select(func.count()).select_from(Invoice).where(col(Invoice.corrects_id) == invoice.id)
    )
    whole = given == invoice.total
    now = ctx.now()
    note = Invoice(
        tenant_id=invoice.tenant_id,
        business_key=f"credit:{invoice.id}:{(earlier or 0) + 1}",
        kind=InvoiceKind.CREDIT_NOTE,
        status=InvoiceStatus.PAID,  # it claims nothing: there is nothing to pay or to remind of
        issuer=invoice.issuer,
        number=await numbers.take(ctx, CREDIT_NOTE_PREFIX, now.date(), issuer=invoice.issuer),
        corrects_id=invoice.id,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        currency=invoice.currency,
        subtotal_micros=subtotal.micros,
        tax_micros=tax.micros,
        carried_in_micros=max(rest.micros, 0),
        carried_out_micros=max(-rest.micros, 0),
        total_micros=given.micros,
        tax_rate=invoice.tax_rate,
        is_reverse_charge=invoice.is_reverse_charge,
        seller=invoice.seller,
        buyer=invoice.buyer,
        locale=invoice.locale,
        rail=invoice.rail,
        created_at=now,
        opened_at=now,
        issued_on=now.date(),
    )
    ctx.db.add(note)
    await ctx.db.flush()
    text = Phrase.of("line.void" if whole else "line.correction", number=invoice.number or "")
    ctx.db.add(
        InvoiceLine(
            invoice_id=note.id,
            tenant_id=note.tenant_id,
            position=1,
            kind=LineKind.CREDIT,
            description=f"{'Cancels' if whole else 'Correction of'} invoice {invoice.number}",
            quantity="1",
            unit_price_micros=subtotal.micros,
            amount_micros=subtotal.micros,
            currency=note.currency,
            basis={"text": to_json(text), "reason": reason},
        )
    )
    return note
