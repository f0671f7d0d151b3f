"""Checkout Sessions: what the API makes and what the hosted page does with them."""

from typing import Any

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal, not_simulated
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import list_of, page
from app.sandbox.stripe.money import check_amount
from app.sandbox.stripe.setups import new_setup
from app.sandbox.world import World

_PARAMS = (
    "mode",
    "customer",
    "customer_email",
    "line_items",
    "success_url",
    "cancel_url",
    "client_reference_id",
    "currency",
    "expires_at",
    "payment_intent_data",
    "setup_intent_data",
    "locale",
    "submit_type",
    "ui_mode",
    "customer_creation",
    "allowed_payment_method_types",
    "billing_address_collection",
)
_INTENT_DATA = {"metadata", "setup_future_usage", "description", "transfer_group", "receipt_email"}
_SETUP_DATA = {"metadata", "description"}
_SHORTEST_SECONDS = 30 * 60
_LONGEST_SECONDS = 24 * 3600


@routes.add("POST", "/v1/checkout/sessions", "checkout.SessionCreateParams")
def create_session(call: Call) -> Document:
    """Open a hosted page for a payment or for saving a card."""
    params = call.take(*_PARAMS)
    mode = params.get("mode", "payment")
    customer = params.get("customer")
    if customer is not None:
        call.find("customer", customer, "customer")
    if "success_url" not in params:
        raise StripeRefusal("Missing required param: success_url.", param="success_url")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise not_simulated("ui_mode")
    lines: list[Document] = []
    if mode == "payment":
        lines = _lines(params)
    elif mode == "setup":
        _check_setup(params)
    else:
        raise not_simulated("mode")
    session = _new_session(call, mode, lines)
    if mode == "setup":
        data = _only(params.get("setup_intent_data", {}), _SETUP_DATA, "setup_intent_data")
        setup = new_setup(
            call.world,
            customer=customer,
            description=data.get("description"),
            metadata=data.get("metadata") or {},
        )
        session["setup_intent"] = setup["id"]
    call.store.put("checkout.session", session["id"], session)
    intent_data = _only(params.get("payment_intent_data", {}), _INTENT_DATA, "payment_intent_data")
    call.store.put(
        "checkout_lines", session["id"], {"data": lines, "payment_intent_data": intent_data}
    )
    return session


def _only(data: dict[str, Any], simulated: set[str], name: str) -> dict[str, Any]:
    for key in data:
        if key not in simulated:
            raise not_simulated(f"{name}[{key}]")
    return data


def _check_setup(params: dict[str, Any]) -> None:
    for name in ("line_items", "payment_intent_data"):
        if name in params:
            raise StripeRefusal(f"You can not pass `{name}` in `setup` mode.", param=name)
    if "currency" not in params and "allowed_payment_method_types" not in params:
        raise StripeRefusal(
            "The `currency` parameter is required when creating Checkout Sessions in `setup` mode without "
            "`allowed_payment_method_types`.",
            code="parameter_missing",
            param="currency",
        )


def _lines(params: dict[str, Any]) -> list[Document]:
    if "setup_intent_data" in params:
        raise StripeRefusal(
            "You can not pass `setup_intent_data` in `payment` mode.", param="setup_intent_data"
        )
    if not params.get("line_items"):
        raise StripeRefusal(
            "You must provide one of the following parameters: line_items.", param="line_items"
        )
    lines = [_line(item, index) for index, item in enumerate(params["line_items"])]
    currencies = {line["currency"] for line in lines} | {
        params.get("currency", lines[0]["currency"]).lower()
    }
    if len(currencies) != 1:
        raise StripeRefusal(
            "All line items of a Checkout Session must have the same currency.", param="line_items"
        )
    check_amount(sum(line["amount_total"] for line in lines), lines[0]["currency"], "line_items")
    return lines


def _line(item: dict[str, Any], index: int) -> Document:
    where = f"line_items[{index}]"
    for name in item:
        if name not in {"price_data", "quantity"}:
            raise not_simulated(f"{where}[{name}]")
    if "price_data" not in item:
        raise StripeRefusal(
            f"Missing required param: {where}[price_data].", param=f"{where}[price_data]"
        )
    price = item["price_data"]
    if "unit_amount" not in price or "product_data" not in price:
        raise StripeRefusal(
            f"The sandbox needs {where}[price_data] with unit_amount and product_data.",
            param=f"{where}[price_data]",
        )
    quantity = item.get("quantity", 1)
    amount = price["unit_amount"] * quantity
    return {
        "id": new_id("li", 24),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"].lower(),
        "description": price["product_data"]["name"],
        "metadata": {},
        "price": None,
        "quantity": quantity,
    }


def _new_session(call: Call, mode: str, lines: list[Document]) -> Document:
    params = call.params
    amount = sum(line["amount_total"] for line in lines) if mode == "payment" else None
    customer = call.store.get("customer", params.get("customer", ""))
    expires_at = params.get("expires_at", call.now + _LONGEST_SECONDS)
    # A minute of grace on both sides, as clocks differ.
    if not _SHORTEST_SECONDS - 60 <= expires_at - call.now <= _LONGEST_SECONDS + 60:
        raise StripeRefusal(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session "
            "creation.",
            param="expires_at",
        )
    key = new_id("cs_test", 58)
    email = customer["email"] if customer else params.get("customer_email")
    return {
        "id": key,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": call.now,
        "currency": lines[0]["currency"] if lines else params.get("currency", "").lower() or None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": params.get("customer"),
        "customer_account": None,
        "customer_creation": params.get("customer_creation", "if_required")
        if mode == "payment" and customer is None
        else None,
        "customer_details": None
        if email is None
        else {
            "address": None,
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": customer["name"] if customer else None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": expires_at,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": call.metadata(),
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "always" if mode == "setup" else "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "redirect_on_completion": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": call.world.url(f"/stripe/checkout/{key}"),
        "wallet_options": None,
    }


@routes.add("GET", "/v1/checkout/sessions/{id}", "checkout.SessionRetrieveParams")
def retrieve_session(call: Call) -> Document:
    """Show a session."""
    return call.here("checkout.session", "session")


@routes.add("GET", "/v1/checkout/sessions", "checkout.SessionListParams")
def list_sessions(call: Call) -> Document:
    """List sessions, newest first."""
    rows = call.store.all("checkout.session")[::-1]
    return page(call, "/v1/checkout/sessions", rows, ("customer", "payment_intent", "status"))


@routes.add("GET", "/v1/checkout/sessions/{id}/line_items", "checkout.SessionLineItemListParams")
def list_session_lines(call: Call) -> Document:
    """List what a session sells."""
    session = call.here("checkout.session", "session")
    lines = call.store.need("checkout_lines", session["id"])["data"]
    return list_of(f"/v1/checkout/sessions/{session['id']}/line_items", lines)


@routes.add("POST", "/v1/checkout/sessions/{id}/expire", "checkout.SessionExpireParams")
def expire_session(call: Call) -> Document:
    """Close an open session, so that it can no longer be paid."""
    session = call.here("checkout.session", "session")
    if session["status"] != "open":
        raise StripeRefusal(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}."
        )
    expire(call.world, session, call)
    return session


def expire(world: World, session: Document, call: Call | None = None) -> None:
    """Let a session end unpaid."""
    session["status"] = "expired"
    session["url"] = None
    world.store.put("checkout.session", session["id"], session)
    emit(world, "checkout.session.expired", session, call=call)


def expire_overdue(world: World) -> None:
    """Let the sessions end whose time is over."""
    for session in world.store.where("checkout.session", status="open"):
        if session["expires_at"] <= world.clock.now():
            expire(world, session)
