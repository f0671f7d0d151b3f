"""The test cards that can be chosen on the simulated pages, and what happens when they are charged."""

from dataclasses import dataclass
from typing import Any

from app.sandbox.store import Document, Store
from app.sandbox.stripe.call import new_id


@dataclass(frozen=True)
class TestCard:
    """A card and its behaviour; None means that the charge succeeds."""

    __test__ = False  # not a test class, whatever its name says

    key: str
    number: str
    brand: str
    label: str
    note: str
    with_customer: str | None = None
    without_customer: str | None = None

    @property
    def last4(self) -> str:
        """The digits people recognise it by; unique among the test cards."""
        return self.number[-4:]


CARDS = (
    TestCard("visa", "4242424242424242", "visa", "Visa 4242", "Always succeeds."),
    TestCard("mastercard", "5555555555554444", "mastercard", "Mastercard 4444", "Always succeeds."),
    TestCard(
        "declines_later",
        "4000000000000341",
        "visa",
        "Visa 0341",
        "Can be saved; every charge is declined.",
        "generic_decline",
        "generic_decline",
    ),
    TestCard(
        "authentication",
        "4000002760003184",
        "visa",
        "Visa 3184",
        "Succeeds while you are here; later charges need you to authenticate.",
        None,
        "authentication_required",
    ),
    TestCard(
        "insufficient_funds",
        "4000000000009995",
        "visa",
        "Visa 9995",
        "Can be saved; every charge is declined for lack of funds.",
        "insufficient_funds",
        "insufficient_funds",
    ),
)
BY_KEY = {card.key: card for card in CARDS}
_BY_LAST4 = {card.last4: card for card in CARDS}

# Test payment methods that need no page, as Stripe's own test mode has them.
MAGIC = {"pm_card_visa": "visa", "pm_card_mastercard": "mastercard"}

DECLINES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "lost_card": "Your card was declined.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}


def new_card(card: TestCard, now: int, billing: Document | None = None) -> Document:
    """Return a payment method that is not yet anybody's."""
    card_details: dict[str, Any] = {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return {
        "id": new_id("pm", 24),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {
            "address": {
                "city": None,
                "country": None,
                "line1": None,
                "line2": None,
                "postal_code": None,
                "state": None,
            },
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
            **(billing or {}),
        },
        "card": card_details,
        "created": now,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def decline_of(
    store: Store, method: Document, customer: str | None, *, off_session: bool
) -> str | None:
    """Return why a charge on this card fails, or None; a customer set to decline by the operator comes first."""
    forced = store.get("decline", customer) if customer else None
    if forced is not None:
        return forced["code"]
    card = _BY_LAST4[method["card"]["last4"]]
    return card.without_customer if off_session else card.with_customer
