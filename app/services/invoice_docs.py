"""What an invoice, a credit note or a statement says, put together from what is frozen in its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlmodel import col, select

from app.core.invoice_document import (
    Brand,
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    Locale,
    PaymentInstructions,
    TaxSummary,
    paper_for,
)
from app.core.money import Money
from app.core.phrases import Phrase, Text, from_json
from app.services import parties, pay_links
from app.services.context import Context
from models.invoice import Invoice, InvoiceKind, InvoiceLine
from models.payment import PaymentMethod
from models.tenant import Rail


async def document_of(ctx: Context, invoice: Invoice) -> InvoiceDocument:
    """Return an opened invoice or credit note as it is printed."""
    rows = await ctx.db.scalars(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id) == invoice.id)
        .order_by(col(InvoiceLine.position))
    )
    lines = rows.all()
    is_note = invoice.kind is InvoiceKind.CREDIT_NOTE
    corrected = await ctx.db.get(Invoice, invoice.corrects_id) if invoice.corrects_id else None
    buyer = parties.party(invoice.buyer)
    due = (invoice.due_at - dt.timedelta(days=1)).date() if invoice.due_at else None
    return InvoiceDocument(
        kind=DocumentKind.CREDIT_NOTE if is_note else DocumentKind.INVOICE,
        number=invoice.number or "",
        issued_on=invoice.issued_on or invoice.created_at.date(),
        currency=invoice.currency,
        seller=parties.party(invoice.seller),
        buyer=buyer,
        lines=tuple(_line(row) for row in lines),
        subtotal=_money(invoice, invoice.subtotal_micros),
        total=invoice.total,
        brand=await parties.brand(ctx, invoice.buyer),
        issuer_brand=Brand(str(invoice.seller.get("name", ""))),
        due_on=due,
        period_start=invoice.period_start.date(),
        period_end=invoice.period_end.date(),
        tax=_tax(invoice),
        carried_in=_money(invoice, invoice.carried_in_micros),
        carried_out=_money(invoice, invoice.carried_out_micros),
        pay=_credited(corrected) if is_note else await _pay(ctx, invoice),
        basis=_note_basis(corrected, lines) if is_note else _basis(lines),
        reference=corrected.number or "" if corrected else "",
        locale=as_locale(invoice.locale),
        paper=paper_for(buyer.country),
    )


def as_locale(wanted: str) -> Locale:
    """Return the language of a document for a tenant's: Chinese or English."""
    return Locale.ZH_CN if wanted.lower().startswith("zh") else Locale.EN


def how_paid(invoice: Invoice, method: str) -> Phrase:
    """Return in a sentence how an invoice is paid."""
    due = (invoice.due_at - dt.timedelta(days=1)).date() if invoice.due_at else None
    if invoice.rail == Rail.CARD:
        when = invoice.issued_on or invoice.created_at.date()
        return Phrase.of("pay.card.detail", card=method, charge_on=when)
    return Phrase.of(
        "pay.alipay.detail", due_on=due or invoice.created_at.date(), number=invoice.number or ""
    )


async def method_label(ctx: Context, invoice: Invoice) -> str:
    """Return what the invoice's payment method is called, empty without one."""
    label = await ctx.db.scalar(
        select(PaymentMethod.label)
        .where(col(PaymentMethod.tenant_id) == invoice.tenant_id)
        .order_by(col(PaymentMethod.is_default).desc(), col(PaymentMethod.id))
        .limit(1)
    )
    return label or ""


def text_of(basis: Mapping[str, Any], key: str, otherwise: str = "") -> Text:
    """Return a stored text in the form a document says it."""
    return from_json(basis[key]) if key in basis else otherwise


async def _pay(ctx: Context, invoice: Invoice) -> PaymentInstructions:
    link = ctx.site_url + pay_links.path(ctx, invoice.id)
    label = await method_label(ctx, invoice)
    is_card = invoice.rail == Rail.CARD
    return PaymentInstructions(
        method=Phrase.of("pay.card" if is_card else "pay.alipay"),
        instructions=how_paid(invoice, label or "the payment method on file"),
        link=link,
        qr_payload="" if is_card else link,
    )


def _credited(corrected: Invoice | None) -> PaymentInstructions:
    """Say what becomes of a credit: given back where the invoice was paid, else no longer due."""
    was_paid = corrected is not None and corrected.paid_micros > 0
    key = "pay.credited" if was_paid else "pay.offset"
    return PaymentInstructions(Phrase.of(key), Phrase.of(f"{key}.detail"))


def _basis(lines: Sequence[InvoiceLine]) -> Text:
    return text_of(lines[0].basis, "why") if lines else ""


def _note_basis(corrected: Invoice | None, lines: Sequence[InvoiceLine]) -> Text:
    if corrected is None or corrected.issued_on is None:
        return ""
    reason = str(lines[0].basis.get("reason", "")) if lines else ""
    return Phrase.of(
        "basis.credit_note",
        number=corrected.number or "",
        issued_on=corrected.issued_on,
        reason=reason,
    )


def _line(row: InvoiceLine) -> DocumentLine:
    return DocumentLine(
        description=text_of(row.basis, "text", row.description),
        amount=Money(row.amount_micros, row.currency),
        detail=text_of(row.basis, "detail"),
        quantity=row.quantity,
        unit_price=Money(row.unit_price_micros, row.currency),
    )


def _tax(invoice: Invoice) -> TaxSummary:
    rate = Decimal(invoice.tax_rate)
    note: Text = ""
    if invoice.is_reverse_charge:
        note = Phrase.of("tax.reverse_charge", tax_id=str(invoice.buyer.get("tax_id", "")))
    elif not rate:
        note = Phrase.of("tax.not_charged")
    return TaxSummary(rate, _money(invoice, invoice.tax_micros), note)


def _money(invoice: Invoice, micros: int) -> Money:
    return Money(micros, invoice.currency)
