"""What an agent has to pay, in words."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.locale import format_date, format_money
from app.services.agent_usage import Debt
from state.agent.standing_rows import LOCALE


@dataclass(frozen=True)
class DebtRow:
    """An invoice that is to be paid."""

    id: str
    title: str
    text: str
    href: str
    pay_href: str
    is_late: bool


def to_debt(one: Debt, pay_href: str) -> DebtRow:
    """Say an invoice that is to be paid."""
    invoice = one.invoice
    due = format_date(invoice.due_at.date(), LOCALE) if invoice.due_at else ""
    amount = format_money(invoice.outstanding, LOCALE)
    return DebtRow(
        id=str(invoice.id),
        title=f"Invoice {invoice.number}: {amount} {'overdue' if one.is_late else 'to pay'}",
        text=f"It was due on {due}. Pay it, and nothing stops."
        if one.is_late
        else f"It is charged to your card, or pay it here by {due}.",
        href=f"/agent/invoices/{invoice.id}",
        pay_href=pay_href,
        is_late=one.is_late,
    )
