"""SetupIntents: a card saved for later without a charge."""

from typing import Any

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.customers import attach
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import page
from app.sandbox.world import World


def new_setup(world: World, **fields: Any) -> Document:
    """Make a SetupIntent that waits for a card."""
    key = new_id("seti", 24)
    setup: Document = {
        "id": key,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "cancellation_reason": None,
        "client_secret": new_id(f"{key}_secret", 25),
        "created": world.clock.now(),
        "customer": None,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"mandate_options": None, "network": None}},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
        **fields,
    }
    world.store.put("setup_intent", key, setup)
    return setup


def succeed(world: World, setup: Document, method: Document) -> None:
    """Save the card for the customer."""
    setup["status"] = "succeeded"
    setup["payment_method"] = method["id"]
    setup["last_setup_error"] = None
    setup["latest_attempt"] = new_id("setatt", 24)
    world.store.put("setup_intent", setup["id"], setup)
    if setup["customer"] is not None:
        attach(world, method, setup["customer"])
    emit(world, "setup_intent.succeeded", setup)


def wait(world: World, setup: Document, method: Document) -> None:
    """Leave the outcome open, as a bank debit does."""
    world.store.put("payment_method", method["id"], method)
    setup["status"] = "processing"
    setup["payment_method"] = method["id"]
    world.store.put("setup_intent", setup["id"], setup)


def fail(world: World, setup: Document, method: Document) -> None:
    """Refuse the card."""
    setup["status"] = "requires_payment_method"
    setup["payment_method"] = None
    setup["latest_attempt"] = new_id("setatt", 24)
    setup["last_setup_error"] = {
        "code": "card_declined",
        "decline_code": "generic_decline",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card was declined.",
        "payment_method": method,
        "type": "card_error",
    }
    world.store.put("setup_intent", setup["id"], setup)
    emit(world, "setup_intent.setup_failed", setup)


@routes.add("GET", "/v1/setup_intents/{id}", "SetupIntentRetrieveParams")
def retrieve_setup(call: Call) -> Document:
    """Show a SetupIntent."""
    call.take("client_secret")
    return call.here("setup_intent", "intent")


@routes.add("GET", "/v1/setup_intents", "SetupIntentListParams")
def list_setups(call: Call) -> Document:
    """List SetupIntents, newest first."""
    rows = call.store.all("setup_intent")[::-1]
    return page(call, "/v1/setup_intents", rows, ("customer", "payment_method"))
