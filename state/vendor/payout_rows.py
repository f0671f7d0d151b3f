"""Payouts, and the account they go to, in the words of the revenue page."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.locale import format_money, format_month
from app.core.money import Money
from app.rules.periods import BillingMonth
from app.rules.statuses import PayoutStatus
from app.services.payout_accounts import PayoutAccountState
from models.payment import Payout
from models.tenant import Rail

WAITS = {
    "no payout account": "Waits until you say where to send it.",
    "the payout account is not ready": "Waits until your payout account is ready.",
}
"""What the vendor reads in place of the reasons that the product itself gives."""


@dataclass(frozen=True)
class PayoutRow:
    """One month's share on its way to the vendor."""

    id: str
    period: str
    number: str
    amount: str
    status: str
    note: str
    pdf: str


@dataclass(frozen=True)
class AccountWords:
    """Where the share goes: what is so, what is missing, and what the vendor can do."""

    tone: str = ""
    title: str = ""
    text: str = ""
    missing: str = ""
    verb: str = ""


def to_payout(payout: Payout, locale: str) -> PayoutRow:
    """Say a payout; one of nothing says what became of the share instead."""
    amount = payout.amount
    carried = Money(payout.carried_out_micros, payout.currency)
    note = _why(payout)
    if carried:
        note = f"{format_money(carried, locale)} carried to the next payout"
    return PayoutRow(
        id=str(payout.id),
        period=format_month(BillingMonth.parse(payout.period).first_day, locale),
        number=payout.number or "",
        amount=format_money(amount, locale),
        status=payout.status.value if amount else "carried",
        note=note,
        pdf=f"/api/payouts/{payout.id}/pdf" if payout.statement_id else "",
    )


def to_account(account: PayoutAccountState, rail: Rail | None) -> AccountWords:
    """Say where the share goes, and what stands in the way."""
    where = account.label or account.provider.capitalize()
    if account.is_ready:
        return AccountWords("good", "Payouts are set up", f"Your share is paid to {where}.")
    if rail is None:
        return AccountWords(
            "warn",
            "Payouts are not set up",
            "Connect a payment method first, in the set-up of your account.",
        )
    if rail is Rail.INVOICE:
        return AccountWords(
            "warn",
            "Payouts are not set up",
            "Your share goes to the Alipay account you pay from. Connect it, and it is proved.",
        )
    if not account.is_started:
        return AccountWords(
            "warn",
            "Payouts are not set up",
            "Your share is kept for you until you say where to send it. It takes a few minutes.",
            verb="Set up payouts",
        )
    return AccountWords(
        "warn",
        "Payouts are not ready yet",
        "Your share is kept for you until the provider has all it needs.",
        missing=_missing(account.blocked_reason),
        verb="Continue set-up",
    )


def _missing(reason: str) -> str:
    """Turn the provider's names of what it lacks, ``external_account``, into words."""
    if " " in reason.replace(", ", ","):
        return reason
    return ", ".join(one.replace("_", " ").replace(".", " ") for one in reason.split(", "))


def _why(payout: Payout) -> str:
    """Say why a payout waits; what a provider said of one that failed stands as it is."""
    if payout.status is not PayoutStatus.HELD or not payout.failure:
        return payout.failure
    if " cannot pay out " in payout.failure:
        return "This currency is paid out by hand."
    missing = f"Waits until your payout account is complete: {_missing(payout.failure)}."
    return WAITS.get(payout.failure, missing)
