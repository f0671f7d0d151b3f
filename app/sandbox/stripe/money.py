"""The platform's simulated balance, and the counters that prove nothing was charged twice."""

from collections import defaultdict
from typing import Any

from app.sandbox.store import Document, Store
from app.sandbox.stripe.call import Call, routes
from app.sandbox.stripe.errors import StripeRefusal

# Stripe's own minimum for the currencies whose figure is certain; in minor units.
_SMALLEST_CHARGE = {"usd": 50, "eur": 50}
_LARGEST_AMOUNT = 99_999_999


def check_amount(amount: int, currency: str, param: str = "amount") -> None:
    """Refuse an amount no card payment can have."""
    if amount < max(_SMALLEST_CHARGE.get(currency, 1), 1):
        raise StripeRefusal(
            f"Amount must be at least {_SMALLEST_CHARGE.get(currency, 1)} minor units of {currency}.",
            code="amount_too_small",
            param=param,
        )
    if amount > _LARGEST_AMOUNT:
        raise StripeRefusal(
            f"Amount must be no more than {_LARGEST_AMOUNT} minor units of {currency}.",
            code="amount_too_large",
            param=param,
        )


def available(store: Store, owner: str, currency: str) -> int:
    """Return the balance of the platform (`platform`) or of a connected account."""
    held = store.get("balance", owner) or {}
    return held.get(currency, 0)


def book(store: Store, owner: str, currency: str, amount: int) -> None:
    """Add to a balance, or take from it."""
    held = store.get("balance", owner) or {}
    held[currency] = held.get(currency, 0) + amount
    store.put("balance", owner, held)


@routes.add("GET", "/v1/balance", "BalanceRetrieveParams", on_account=True)
def retrieve_balance(call: Call) -> Document:
    """Show what can be paid out; in this simulation money is available at once."""
    held = call.store.get("balance", call.account or "platform") or {}
    return {
        "object": "balance",
        "available": [_line(currency, amount) for currency, amount in sorted(held.items())],
        "livemode": False,
        "pending": [_line(currency, 0) for currency in sorted(held)],
    }


def _line(currency: str, amount: int) -> Document:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def totals(store: Store) -> Document:
    """Count what was really taken, by customer and by invoice."""
    empty = {"charges": 0, "charged": 0, "refunded": 0}
    by_customer: dict[str, dict[str, Any]] = defaultdict(lambda: dict(empty))
    by_invoice: dict[str, dict[str, Any]] = defaultdict(lambda: dict(empty))
    invoice_of = {
        row["payment"]["payment_intent"]: row["invoice"] for row in store.all("invoice_payment")
    }
    for charge in store.all("charge"):
        if charge["status"] != "succeeded":
            continue
        places = [by_customer[charge["customer"]]] if charge["customer"] else []
        if invoice := invoice_of.get(charge["payment_intent"]):
            places.append(by_invoice[invoice])
        for place in places:
            place["charges"] += 1
            place["charged"] += charge["amount"]
            place["refunded"] += charge["amount_refunded"]
            place["currency"] = charge["currency"]
    return {"customers": by_customer, "invoices": by_invoice}
