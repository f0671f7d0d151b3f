"""PaymentIntents and the charges they make."""

from dataclasses import dataclass
from typing import Any

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.cards import DECLINES, decline_of
from app.sandbox.stripe.customers import attach
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import page
from app.sandbox.stripe.money import book, check_amount
from app.sandbox.world import World

_PI_PARAMS = (
    "amount",
    "currency",
    "customer",
    "payment_method",
    "confirm",
    "off_session",
    "description",
    "error_on_requires_action",
    "setup_future_usage",
    "transfer_group",
    "receipt_email",
    "return_url",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "automatic_payment_methods",
)


@dataclass(frozen=True)
class Decline:
    """Why a card was not charged."""

    code: str
    charge: Document

    @property
    def message(self) -> str:
        """The sentence for people."""
        return DECLINES.get(self.code, "Your card was declined.")

    @property
    def error_code(self) -> str:
        """Stripe's error code, beside the bank's decline code."""
        if self.code == "authentication_required":
            return "authentication_required"
        return "expired_card" if self.code == "expired_card" else "card_declined"

    def refusal(self, intent: Document, method: Document) -> StripeRefusal:
        """Return the answer to the API call that caused the charge."""
        return StripeRefusal(
            self.message,
            status=402,
            kind="card_error",
            code=self.error_code,
            decline_code=self.code,
            charge=self.charge["id"],
            payment_intent=intent,
            payment_method=method,
        )


def new_intent(world: World, amount: int, currency: str, **fields: Any) -> Document:
    """Make a PaymentIntent that nothing has been charged on."""
    key = new_id("pi", 24)
    intent: Document = {
        "id": key,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{key}_secret", 25),
        "confirmation_method": "automatic",
        "created": world.clock.now(),
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_record": None,
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }
    world.store.put("payment_intent", key, intent)
    return intent


def _new_charge(world: World, intent: Document, method: Document, decline: str | None) -> Document:
    card = method["card"]
    details = {
        name: card[name]
        for name in ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint")
    } | {
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }
    charge: Document = {
        "id": new_id("ch", 24),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if decline else intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "TURNPIKE SANDBOX",
        "captured": decline is None,
        "created": world.clock.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if decline else None,
        "failure_message": DECLINES.get(decline, "Your card was declined.") if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "declined_by_network" if decline else "approved_by_network",
            "reason": decline,
            "risk_level": "normal",
            "seller_message": "The bank declined it." if decline else "Payment complete.",
            "type": "issuer_declined" if decline else "authorized",
        },
        "paid": decline is None,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": details, "type": "card"},
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "failed" if decline else "succeeded",
        "transfer": None,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    world.store.put("charge", charge["id"], charge)
    return charge


def collect(
    world: World,
    intent: Document,
    method: Document,
    *,
    off_session: bool,
    call: Call | None = None,
    forced: str | None = None,
) -> Decline | None:
    """Charge a card for a PaymentIntent; the events tell both outcomes, the return value only the bad one.

    `forced` decides instead of the card: a decline code, or an empty text for success.
    """
    code = forced or None
    if forced is None:
        code = decline_of(world.store, method, intent["customer"], off_session=off_session)
    charge = _new_charge(world, intent, method, code)
    intent["latest_charge"] = charge["id"]
    intent["next_action"] = None
    if code is None:
        intent["status"] = "succeeded"
        intent["amount_received"] = intent["amount"]
        intent["payment_method"] = method["id"]
        intent["last_payment_error"] = None
        world.store.put("payment_intent", intent["id"], intent)
        book(world.store, "platform", intent["currency"], intent["amount"])
        if intent["setup_future_usage"] and intent["customer"] and method["customer"] is None:
            attach(world, method, intent["customer"], call)
        emit(world, "charge.succeeded", charge, call=call)
        emit(world, "payment_intent.succeeded", intent, call=call)
        return None
    decline = Decline(code, charge)
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = {
        "charge": charge["id"],
        "code": decline.error_code,
        "decline_code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.error_code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": method,
        "type": "card_error",
    }
    world.store.put("payment_intent", intent["id"], intent)
    emit(world, "charge.failed", charge, call=call)
    emit(world, "payment_intent.payment_failed", intent, call=call)
    return decline


def cancel(world: World, intent: Document, reason: str | None, call: Call | None = None) -> None:
    """Make sure that a PaymentIntent can never be charged any more."""
    if intent["status"] in {"succeeded", "canceled"}:
        return
    intent["status"] = "canceled"
    intent["canceled_at"] = world.clock.now()
    intent["cancellation_reason"] = reason
    world.store.put("payment_intent", intent["id"], intent)
    emit(world, "payment_intent.canceled", intent, call=call)


@routes.add("POST", "/v1/payment_intents", "PaymentIntentCreateParams")
def create_intent(call: Call) -> Document:
    """Make a PaymentIntent and, with `confirm`, charge a saved card."""
    params = call.take(*_PI_PARAMS)
    currency = params["currency"].lower()
    check_amount(params["amount"], currency)
    if params.get("off_session") and not params.get("confirm"):
        raise StripeRefusal(
            "You can only set `off_session` when `confirm` is true.", param="off_session"
        )
    customer = params.get("customer")
    if customer is not None:
        call.find("customer", customer, "customer")
    method = None
    if "payment_method" in params:
        method = call.find("payment_method", params["payment_method"], "payment_method")
        if method["customer"] != customer:
            raise StripeRefusal(
                f"The PaymentMethod {method['id']} does not belong to the Customer {customer}.",
                param="payment_method",
            )
    elif params.get("confirm"):
        raise StripeRefusal(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    plain = {
        name: params[name]
        for name in (
            "description",
            "setup_future_usage",
            "transfer_group",
            "receipt_email",
            "statement_descriptor",
            "statement_descriptor_suffix",
        )
        if name in params
    }
    intent = new_intent(
        call.world, params["amount"], currency, customer=customer, metadata=call.metadata(), **plain
    )
    emit(call.world, "payment_intent.created", intent, call=call)
    if method is not None:
        intent["payment_method"] = method["id"]
        intent["status"] = "requires_confirmation"
        call.store.put("payment_intent", intent["id"], intent)
    if method is not None and params.get("confirm"):
        off_session = params.get("off_session") not in {None, False}
        decline = collect(call.world, intent, method, off_session=off_session, call=call)
        if decline is not None:
            raise decline.refusal(intent, method)
    return intent


@routes.add("GET", "/v1/payment_intents/{id}", "PaymentIntentRetrieveParams")
def retrieve_intent(call: Call) -> Document:
    """Show a PaymentIntent."""
    call.take("client_secret")
    return call.here("payment_intent", "intent")


@routes.add("POST", "/v1/payment_intents/{id}/cancel", "PaymentIntentCancelParams")
def cancel_intent(call: Call) -> Document:
    """Cancel a PaymentIntent that has not succeeded."""
    params = call.take("cancellation_reason")
    intent = call.here("payment_intent", "intent")
    if intent["status"] in {"succeeded", "canceled"}:
        raise StripeRefusal(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent,
        )
    cancel(call.world, intent, params.get("cancellation_reason"), call)
    return intent


@routes.add("GET", "/v1/payment_intents", "PaymentIntentListParams")
def list_intents(call: Call) -> Document:
    """List PaymentIntents, newest first."""
    return page(call, "/v1/payment_intents", call.store.all("payment_intent")[::-1], ("customer",))


@routes.add("GET", "/v1/charges/{id}", "ChargeRetrieveParams")
def retrieve_charge(call: Call) -> Document:
    """Show a charge."""
    return call.here("charge")


@routes.add("GET", "/v1/charges", "ChargeListParams")
def list_charges(call: Call) -> Document:
    """List charges, newest first."""
    rows = call.store.all("charge")[::-1]
    return page(call, "/v1/charges", rows, ("customer", "payment_intent", "transfer_group"))
