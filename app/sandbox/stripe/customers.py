"""Customers and the cards they saved."""

import secrets
from typing import Any

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, merge_metadata, new_id, routes
from app.sandbox.stripe.cards import BY_KEY, MAGIC, new_card
from app.sandbox.stripe.errors import StripeRefusal, missing_resource
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import page, search
from app.sandbox.world import World

_PLAIN = (
    "address",
    "business_name",
    "description",
    "email",
    "individual_name",
    "invoice_prefix",
    "name",
    "phone",
    "preferred_locales",
    "shipping",
    "tax_exempt",
)
_NO_CUSTOMER = "There is no customer attached to this payment method."


@routes.add("POST", "/v1/customers", "CustomerCreateParams")
def create_customer(call: Call) -> Document:
    """Make a customer."""
    params = call.take(*_PLAIN, "invoice_settings", "payment_method")
    customer: Document = {
        "id": new_id("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": call.metadata(),
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    _apply(customer, params)
    call.store.put("customer", customer["id"], customer)
    if "payment_method" in params:
        attach(call.world, _method(call, params["payment_method"]), customer["id"], call)
    _set_invoice_defaults(call, customer, params)
    emit(call.world, "customer.created", customer, call=call)
    return customer


@routes.add("POST", "/v1/customers/{id}", "CustomerUpdateParams")
def update_customer(call: Call) -> Document:
    """Change a customer."""
    customer = call.here("customer")
    params = call.take(*_PLAIN, "invoice_settings")
    _set_invoice_defaults(call, customer, params)
    _apply(customer, params)
    customer["metadata"] = merge_metadata(customer["metadata"], params.get("metadata"))
    call.store.put("customer", customer["id"], customer)
    emit(call.world, "customer.updated", customer, call=call)
    return customer


@routes.add("GET", "/v1/customers/search", "CustomerSearchParams")
def search_customers(call: Call) -> Document:
    """Find customers by field or metadata."""
    return search(call, "/v1/customers/search", call.store.all("customer")[::-1])


@routes.add("GET", "/v1/customers/{id}", "CustomerRetrieveParams")
def retrieve_customer(call: Call) -> Document:
    """Show a customer."""
    call.take()
    return call.here("customer")


@routes.add("GET", "/v1/customers", "CustomerListParams")
def list_customers(call: Call) -> Document:
    """List customers, newest first."""
    return page(call, "/v1/customers", call.store.all("customer")[::-1], ("email",))


def _apply(customer: Document, params: dict[str, Any]) -> None:
    for name in _PLAIN:
        if name in params:
            customer[name] = None if params[name] == "" else params[name]


def _set_invoice_defaults(call: Call, customer: Document, params: dict[str, Any]) -> None:
    settings = params.get("invoice_settings", {})
    if method_id := settings.get("default_payment_method"):
        method = call.find("payment_method", method_id, "invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            raise StripeRefusal(
                "The customer does not have a payment method with the ID "
                f"{method_id}. The payment method must be attached to the customer.",
                code="resource_missing",
                param="invoice_settings[default_payment_method]",
            )
    for name, value in settings.items():
        customer["invoice_settings"][name] = value or None
    call.store.put("customer", customer["id"], customer)


def _method(call: Call, method_id: str) -> Document:
    if method_id in MAGIC:
        return new_card(BY_KEY[MAGIC[method_id]], call.now)
    return call.find("payment_method", method_id, "payment_method")


def attach(world: World, method: Document, customer_id: str, call: Call | None = None) -> None:
    """Give a payment method to a customer."""
    method["customer"] = customer_id
    world.store.put("payment_method", method["id"], method)
    emit(world, "payment_method.attached", method, call=call)


def detach(world: World, method: Document, call: Call | None = None) -> Document:
    """Take a payment method away from its customer; it can never be used again."""
    if method["customer"] is None:
        raise StripeRefusal(_NO_CUSTOMER)
    customer = world.store.need("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        world.store.put("customer", customer["id"], customer)
    method["customer"] = None
    world.store.put("payment_method", method["id"], method)
    emit(
        world,
        "payment_method.detached",
        method,
        previous={"customer": customer["id"]},
        call=call,
    )
    return method


@routes.add("POST", "/v1/payment_methods/{id}/attach", "PaymentMethodAttachParams")
def attach_method(call: Call) -> Document:
    """Save a test card for a customer without a page."""
    params = call.take("customer")
    key = call.path["id"]
    customer = call.find("customer", params.get("customer", ""), "customer")
    method = new_card(BY_KEY[MAGIC[key]], call.now) if key in MAGIC else call.here("payment_method")
    attach(call.world, method, customer["id"], call)
    return method


@routes.add("POST", "/v1/payment_methods/{id}/detach", "PaymentMethodDetachParams")
def detach_method(call: Call) -> Document:
    """Remove a saved card."""
    return detach(call.world, call.here("payment_method"), call)


@routes.add("GET", "/v1/payment_methods/{id}", "PaymentMethodRetrieveParams")
def retrieve_method(call: Call) -> Document:
    """Show a payment method."""
    return call.here("payment_method")


@routes.add("GET", "/v1/payment_methods", "PaymentMethodListParams")
def list_methods(call: Call) -> Document:
    """List the payment methods of a customer."""
    call.params.setdefault("type", "card")
    if "customer" not in call.params:
        raise StripeRefusal("Missing required param: customer.", param="customer")
    rows = call.store.where("payment_method", customer=call.params["customer"])
    return page(call, "/v1/payment_methods", rows[::-1], ("customer", "type"))


@routes.add("GET", "/v1/customers/{id}/payment_methods", "CustomerPaymentMethodListParams")
def list_methods_of(call: Call) -> Document:
    """List the payment methods of the customer in the path."""
    customer = call.path["id"]
    if call.store.get("customer", customer) is None:
        raise missing_resource("customer", customer, "customer", status=404)
    rows = call.store.where("payment_method", customer=customer)
    return page(call, f"/v1/customers/{customer}/payment_methods", rows[::-1], ("type",))
