"""Stripe's notifications, verified and put into our words."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import stripe

from app.core.errors import MalformedError
from app.providers.stripe import from_minor
from app.services.ports import EventKind, ProviderEvent

TOLERANCE = 300
Facts = dict[str, Any]


class StripeEvents:
    """Implements ``NotificationSource`` for one endpoint; several secrets while one is rotated."""

    acknowledgement = "ok"

    def __init__(self, slug: str, secrets: str, *, is_live: bool) -> None:
        self.slug = slug
        self._secrets = [secret.strip() for secret in secrets.split(",") if secret.strip()]
        self._is_live = is_live

    @property
    def is_configured(self) -> bool:
        """Whether a secret is set."""
        return bool(self._secrets)

    def parse_event(
        self, body: bytes, headers: Mapping[str, str], now: dt.datetime
    ) -> ProviderEvent | None:
        """Verify the signature and translate; None for kinds nothing here follows from."""
        event = self._verify(body, headers.get("stripe-signature", ""), now)
        if event.get("livemode") is not self._is_live:
            raise MalformedError("This notification is from the other mode.")
        kind = event.get("type", "")
        if kind not in _READERS:
            return None
        ours, read = _READERS[kind]
        subject = event["data"]["object"]
        try:
            facts = read(subject)
        except (KeyError, TypeError) as error:
            raise MalformedError(f"A {kind} without {error}.") from error
        if facts is None:
            return None
        return ProviderEvent(
            event_id=event["id"],
            kind=ours,
            subject_ref=str(subject["id"]),
            occurred_at=dt.datetime.fromtimestamp(event["created"], dt.UTC),
            facts=facts,
        )

    def _verify(self, body: bytes, header: str, now: dt.datetime) -> Any:
        # The SDK reads the machine's clock, which is what the signature was made by, and accepts
        # timestamps from the future for ever: those are refused here.
        stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
        stamp = stamps[0] if len(stamps) == 1 else ""
        if not stamp.isdigit() or abs(int(stamp) - now.timestamp()) > TOLERANCE:
            raise MalformedError("The signature's time is missing or too far off.")
        for secret in self._secrets:
            try:
                verify = cast("Any", stripe.WebhookSignature).verify_header
                verify(body.decode(), header, secret, TOLERANCE)
            except stripe.SignatureVerificationError:
                continue
            except UnicodeDecodeError as error:
                raise MalformedError("The body is not UTF-8.") from error
            return _load(body)
        raise MalformedError("The signature does not match.")


def _load(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise MalformedError("The body is not JSON.") from error


def _money(amount: int, currency: str) -> dict[str, str]:
    money = from_minor(amount, currency)
    return {"amount": money.text(), "currency": money.currency}


def _within(parent: Any, name: str, key: str) -> Any:
    """Return a value of a part that may be absent or null; an empty list then."""
    part: Any = parent.get(name)
    return (part.get(key) if part else None) or []


def _id(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value["id"])


def _checkout_done(session: Any) -> Facts | None:
    if session["mode"] != "payment" or session["payment_status"] == "unpaid":
        return None  # setup is told by setup_intent.succeeded, unpaid by a later event
    return _checkout_paid(session)


def _checkout_paid(session: Any) -> Facts:
    return {
        "checkout_ref": session["id"],
        "invoice_ref": "",
        "payment_ref": _id(session.get("payment_intent")),
        "customer_ref": _id(session.get("customer")),
        "label": "Card",
        "amount": _money(session["amount_total"], session["currency"]),
    }


def _checkout_failed(session: Any) -> Facts:
    return {"checkout_ref": session["id"], "failure": "The payment did not go through."}


def _checkout_expired(session: Any) -> Facts:
    return {"checkout_ref": session["id"]}


def _setup_done(intent: Any) -> Facts:
    return {
        "customer_ref": _id(intent["customer"]),
        "method_ref": _id(intent["payment_method"]),
        "label": "Card",
        "checkout_ref": "",
    }


def _attached(method: Any) -> Facts:
    return {
        "customer_ref": _id(method["customer"]),
        "method_ref": method["id"],
        "label": _label(method),
        "checkout_ref": "",
    }


def _label(method: Any) -> str:
    card = method.get("card")
    return f"{str(card['brand']).title()} ending {card['last4']}" if card else "Card"


def _detached(method: Any) -> Facts:
    return {"customer_ref": _id(method.get("customer")), "method_ref": method["id"]}


def _invoice_paid(invoice: Any) -> Facts:
    return {
        "checkout_ref": "",
        "invoice_ref": invoice["id"],
        "payment_ref": _payment_of(invoice),
        "customer_ref": _id(invoice.get("customer")),
        "label": "Card",
        "amount": _money(invoice["amount_paid"], invoice["currency"]),
    }


def _payment_of(invoice: Any) -> str:
    for one in _within(invoice, "payments", "data"):
        if one.get("status") == "paid":
            return _id(one["payment"].get("payment_intent"))
    return ""


def _invoice_failed(invoice: Any) -> Facts:
    return {
        "invoice_ref": invoice["id"],
        "payment_ref": "",
        "checkout_ref": "",
        "failure": "The card was declined.",
        "needs_action_url": "",
    }


def _needs_action(invoice: Any) -> Facts:
    return _invoice_failed(invoice) | {
        "failure": "The bank asks for a confirmation.",
        "needs_action_url": invoice.get("hosted_invoice_url") or "",
    }


def _invoice_voided(invoice: Any) -> Facts:
    return {"invoice_ref": invoice["id"]}


def _charge_refunded(charge: Any) -> Facts:
    refunds = _within(charge, "refunds", "data")
    return {
        "payment_ref": _id(charge["payment_intent"]),
        "invoice_ref": "",
        "refund_ref": refunds[0]["id"] if refunds else "",
        "amount": _money(charge["amount_refunded"], charge["currency"]),
        "refunded_total": _money(charge["amount_refunded"], charge["currency"]),
    }


def _refund_failed(refund: Any) -> Facts:
    return {
        "payment_ref": _id(refund.get("payment_intent")),
        "refund_ref": refund["id"],
        "amount": _money(refund["amount"], refund["currency"]),
        "failure": str(refund.get("failure_reason") or "The refund failed."),
    }


def _dispute_opened(dispute: Any) -> Facts:
    return {
        "payment_ref": _id(dispute["payment_intent"]),
        "dispute_ref": dispute["id"],
        "amount": _money(dispute["amount"], dispute["currency"]),
        "reason": str(dispute.get("reason") or ""),
    }


def _dispute_closed(dispute: Any) -> Facts:
    return {
        "payment_ref": _id(dispute["payment_intent"]),
        "dispute_ref": dispute["id"],
        "amount": _money(dispute["amount"], dispute["currency"]),
        "outcome": "lost" if dispute["status"] == "lost" else "won",
    }


def _account(account: Any) -> Facts:
    due = _within(account, "requirements", "currently_due")
    reason = _within(account, "requirements", "disabled_reason") or ", ".join(map(str, due))
    ready = bool(account.get("payouts_enabled") and account.get("details_submitted"))
    return {
        "account_ref": account["id"],
        "is_ready": ready,
        "blocked_reason": "" if ready else str(reason or "The account is not complete yet."),
    }


def _transfer_reversed(transfer: Any) -> Facts:
    return {
        "payout_ref": transfer["id"],
        "amount": _money(transfer["amount_reversed"], transfer["currency"]),
        "failure": "The transfer was reversed.",
    }


_READERS: dict[str, tuple[EventKind, Callable[[Any], Facts | None]]] = {
    "checkout.session.completed": (EventKind.PAYMENT_SUCCEEDED, _checkout_done),
    "checkout.session.async_payment_succeeded": (EventKind.PAYMENT_SUCCEEDED, _checkout_paid),
    "checkout.session.async_payment_failed": (EventKind.CHECKOUT_FAILED, _checkout_failed),
    "checkout.session.expired": (EventKind.CHECKOUT_EXPIRED, _checkout_expired),
    "setup_intent.succeeded": (EventKind.METHOD_CONNECTED, _setup_done),
    "payment_method.attached": (EventKind.METHOD_CONNECTED, _attached),
    "payment_method.automatically_updated": (EventKind.METHOD_CONNECTED, _attached),
    "payment_method.detached": (EventKind.METHOD_DETACHED, _detached),
    "invoice.paid": (EventKind.PAYMENT_SUCCEEDED, _invoice_paid),
    "invoice.payment_failed": (EventKind.PAYMENT_FAILED, _invoice_failed),
    "invoice.payment_action_required": (EventKind.PAYMENT_FAILED, _needs_action),
    "invoice.voided": (EventKind.INVOICE_VOIDED, _invoice_voided),
    "charge.refunded": (EventKind.PAYMENT_REFUNDED, _charge_refunded),
    "refund.failed": (EventKind.REFUND_FAILED, _refund_failed),
    "charge.dispute.created": (EventKind.DISPUTE_OPENED, _dispute_opened),
    "charge.dispute.closed": (EventKind.DISPUTE_CLOSED, _dispute_closed),
    "account.updated": (EventKind.PAYOUT_ACCOUNT_CHANGED, _account),
    "transfer.reversed": (EventKind.PAYOUT_REVERSED, _transfer_reversed),
}
"""Which notifications matter, what they mean here, and how their facts are read."""
