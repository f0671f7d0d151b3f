"""What each of Stripe's notifications says, read out of the thing it is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.providers.stripe.amounts import from_minor
from app.providers.stripe.api import method_label, ref
from app.services.ports import EventKind

Facts = dict[str, Any]
Read = Callable[[Any, Any], Facts | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """What a notification may mean, and how its facts are read.

    ``read`` gets the thing as it is now and what a change replaced; None means that this is not
    what happened.
    """

    kind: EventKind
    read: Read


def _money(amount: Any, currency: Any) -> dict[str, str]:
    if type(amount) is not int or not isinstance(currency, str):
        raise ValueError("an amount")
    money = from_minor(amount, currency)
    return {"amount": money.text(), "currency": money.currency}


def _within(parent: Any, name: str, key: str) -> Any:
    """Return a value of a part that may be absent or null; an empty list then."""
    found: Any = parent.get(name)
    return (found.get(key) if found else None) or []


def _setup_page_done(session: Any, _before: Any) -> Facts | None:
    """Name the page that is done; which card it bound is told by the other two notifications."""
    if session["mode"] != "setup":
        return None
    return {
        "customer_ref": ref(session.get("customer")),
        "method_ref": "",
        "label": "",
        "checkout_ref": session["id"],
    }


def _checkout_unpaid(session: Any, _before: Any) -> Facts | None:
    is_on_its_way = session["mode"] == "payment" and session["payment_status"] == "unpaid"
    return _payment(session) if is_on_its_way else None


def _payment(session: Any) -> Facts:
    return {
        "checkout_ref": session["id"],
        "invoice_ref": "",
        "payment_ref": ref(session.get("payment_intent")),
        "amount": _money(session["amount_total"], session["currency"]),
    }


def _checkout_paid(session: Any, _before: Any) -> Facts | None:
    if session["mode"] != "payment" or session["payment_status"] == "unpaid":
        return None
    return _payment(session) | {"customer_ref": ref(session.get("customer")), "label": "Card"}


def _checkout_failed(session: Any, _before: Any) -> Facts:
    return {"checkout_ref": session["id"], "failure": "The payment did not go through."}


def _checkout_expired(session: Any, _before: Any) -> Facts:
    return {"checkout_ref": session["id"]}


def _setup_done(intent: Any, _before: Any) -> Facts:
    # The notification names the card without describing it: payment_method.attached does that.
    return {
        "customer_ref": ref(intent["customer"]),
        "method_ref": ref(intent["payment_method"]),
        "label": "",
        "checkout_ref": "",
    }


def _attached(method: Any, _before: Any) -> Facts:
    return {
        "customer_ref": ref(method["customer"]),
        "method_ref": method["id"],
        "label": method_label(method),
        "checkout_ref": "",
    }


def _detached(method: Any, before: Any) -> Facts:
    holder = before.get("customer") or method.get("customer")
    return {"customer_ref": ref(holder), "method_ref": method["id"]}


def _invoice_paid(invoice: Any, _before: Any) -> Facts:
    return {
        "checkout_ref": "",
        "invoice_ref": invoice["id"],
        "payment_ref": _payment_of(invoice),
        "customer_ref": ref(invoice.get("customer")),
        "label": "",
        "amount": _money(invoice["amount_paid"], invoice["currency"]),
    }


def _payment_of(invoice: Any) -> str:
    """Return the payment intent of a paid invoice; mostly absent here, and then asked for."""
    for one in _within(invoice, "payments", "data"):
        if one.get("status") == "paid":
            return ref(one["payment"].get("payment_intent"))
    return ""


def _invoice_failed(invoice: Any, _before: Any) -> Facts:
    return {
        "invoice_ref": invoice["id"],
        "payment_ref": "",
        "checkout_ref": "",
        "failure": "The card was declined.",
        "needs_action_url": "",
    }


def _needs_action(invoice: Any, before: Any) -> Facts:
    return _invoice_failed(invoice, before) | {
        "failure": "The bank asks for a confirmation.",
        "needs_action_url": invoice.get("hosted_invoice_url") or "",
    }


def _invoice_voided(invoice: Any, _before: Any) -> Facts:
    return {"invoice_ref": invoice["id"]}


def _charge_refunded(charge: Any, before: Any) -> Facts:
    total, currency = charge["amount_refunded"], charge["currency"]
    refunds = _within(charge, "refunds", "data")
    earlier = before.get("amount_refunded", 0)
    return {
        "payment_ref": ref(charge["payment_intent"]),
        "invoice_ref": "",
        "refund_ref": refunds[0]["id"] if refunds else "",
        "amount": _money(total - earlier, currency),
        "refunded_total": _money(total, currency),
    }


def _refund_failed(refund: Any, _before: Any) -> Facts:
    return {
        "payment_ref": ref(refund.get("payment_intent")),
        "refund_ref": refund["id"],
        "reference": str(_within(refund, "metadata", "reference") or ""),
        "amount": _money(refund["amount"], refund["currency"]),
        "failure": str(refund.get("failure_reason") or "The refund failed."),
    }


def _refund_changed(refund: Any, before: Any) -> Facts | None:
    has_failed = refund.get("status") in ("failed", "canceled")
    return _refund_failed(refund, before) if has_failed else None


def _dispute(dispute: Any) -> Facts:
    return {
        "payment_ref": ref(dispute["payment_intent"]),
        "dispute_ref": dispute["id"],
        "amount": _money(dispute["amount"], dispute["currency"]),
    }


def _dispute_opened(dispute: Any, _before: Any) -> Facts:
    due = _within(dispute, "evidence_details", "due_by")
    return _dispute(dispute) | {
        "reason": str(dispute.get("reason") or ""),
        "respond_by": dt.datetime.fromtimestamp(int(due), dt.UTC).isoformat() if due else "",
    }


def _dispute_closed(dispute: Any, _before: Any) -> Facts:
    # Closed without a verdict (an inquiry that came to nothing) leaves the money with us.
    return _dispute(dispute) | {"outcome": "lost" if dispute["status"] == "lost" else "won"}


def _account(account: Any, _before: Any) -> Facts:
    """Read what an account may do: only its own state counts, not that somebody came back from a page."""
    due = _within(account, "requirements", "currently_due")
    reason = _within(account, "requirements", "disabled_reason") or ", ".join(map(str, due))
    can_receive = _within(account, "capabilities", "transfers") == "active"
    ready = bool(can_receive and account["payouts_enabled"] and account["details_submitted"])
    return {
        "account_ref": account["id"],
        "is_ready": ready,
        "blocked_reason": "" if ready else str(reason or "The account is not complete yet."),
    }


def _deauthorized(_application: Any, _before: Any) -> Facts:
    # The thing it is about is our application; the account stands beside it.
    return {
        "account_ref": "",
        "is_ready": False,
        "blocked_reason": "The account was disconnected.",
    }


def _transfer_reversed(transfer: Any, _before: Any) -> Facts:
    return {
        "payout_ref": transfer["id"],
        "amount": _money(transfer["amount_reversed"], transfer["currency"]),
        "failure": "The transfer was reversed.",
    }


_CONNECTED = EventKind.METHOD_CONNECTED
_PAID = EventKind.PAYMENT_SUCCEEDED
_FAILED = EventKind.PAYMENT_FAILED

READERS: Final[Mapping[str, tuple[Reader, ...]]] = {
    "checkout.session.completed": (
        Reader(_CONNECTED, _setup_page_done),
        Reader(EventKind.PAYMENT_PENDING, _checkout_unpaid),
        Reader(_PAID, _checkout_paid),
    ),
    "checkout.session.async_payment_succeeded": (Reader(_PAID, _checkout_paid),),
    "checkout.session.async_payment_failed": (Reader(EventKind.CHECKOUT_FAILED, _checkout_failed),),
    "checkout.session.expired": (Reader(EventKind.CHECKOUT_EXPIRED, _checkout_expired),),
    "setup_intent.succeeded": (Reader(_CONNECTED, _setup_done),),
    "payment_method.attached": (Reader(_CONNECTED, _attached),),
    "payment_method.automatically_updated": (Reader(_CONNECTED, _attached),),
    "payment_method.detached": (Reader(EventKind.METHOD_DETACHED, _detached),),
    "invoice.paid": (Reader(_PAID, _invoice_paid),),
    "invoice.payment_failed": (Reader(_FAILED, _invoice_failed),),
    "invoice.payment_action_required": (Reader(_FAILED, _needs_action),),
    "invoice.voided": (Reader(EventKind.INVOICE_VOIDED, _invoice_voided),),
    "charge.refunded": (Reader(EventKind.PAYMENT_REFUNDED, _charge_refunded),),
    "refund.failed": (Reader(EventKind.REFUND_FAILED, _refund_failed),),
    "refund.updated": (Reader(EventKind.REFUND_FAILED, _refund_changed),),
    "charge.refund.updated": (Reader(EventKind.REFUND_FAILED, _refund_changed),),
    "charge.dispute.created": (Reader(EventKind.DISPUTE_OPENED, _dispute_opened),),
    "charge.dispute.closed": (Reader(EventKind.DISPUTE_CLOSED, _dispute_closed),),
    "transfer.reversed": (Reader(EventKind.PAYOUT_REVERSED, _transfer_reversed),),
}
"""Which notifications about our own account matter; the first reading that fits is what happened."""

OF_ACCOUNTS: Final[Mapping[str, tuple[Reader, ...]]] = {
    "account.updated": (Reader(EventKind.PAYOUT_ACCOUNT_CHANGED, _account),),
    "account.application.deauthorized": (Reader(EventKind.PAYOUT_ACCOUNT_CHANGED, _deauthorized),),
}
"""Which notifications about connected accounts matter.

A payout that failed at a connected account's own bank is followed by ``account.updated``.
"""
