"""Invoices in the words of their list and of their own page."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.locale import format_date, format_money, format_month
from app.services.invoices import InvoiceView
from models.invoice import InvoiceKind

_KINDS = {InvoiceKind.INVOICE: "Invoice", InvoiceKind.CREDIT_NOTE: "Credit note"}


@dataclass(frozen=True)
class InvoiceRow:
    """One invoice or credit note in a list; ``pdf`` is empty until the document is drawn."""

    id: str = ""
    number: str = ""
    kind: str = ""
    period: str = ""
    issued: str = ""
    due: str = ""
    total: str = ""
    status: str = ""
    href: str = ""
    pdf: str = ""


def to_row(view: InvoiceView, locale: str, *, home: str = "/vendor/invoices") -> InvoiceRow:
    """Say an invoice in the words of the list; what a credit note gives back is below zero."""
    is_note = view.kind is InvoiceKind.CREDIT_NOTE
    return InvoiceRow(
        id=str(view.id),
        number=view.number,
        kind=_KINDS[view.kind],
        period=format_month(view.period_start, locale),
        issued=format_date(view.issued_on, locale) if view.issued_on else "",
        due=format_date(view.due_on, locale) if view.due_on and not is_note else "",
        total=format_money(-view.total if is_note else view.total, locale),
        status=view.status.value,
        href=f"{home}/{view.id}",
        pdf=f"/api/invoices/{view.id}/pdf" if view.has_pdf else "",
    )
