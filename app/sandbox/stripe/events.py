"""Events: what happened, to whom it is announced, and how it is signed."""

import copy
import json
import secrets

import httpx
from stripe import WebhookSignature, api_version

from app.sandbox.clock import wall_time
from app.sandbox.courier import Channel, Parcel
from app.sandbox.store import Document, Store
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal, missing_resource
from app.sandbox.stripe.lists import page
from app.sandbox.world import World

KEEP_EVENTS = 20_000

# What the two endpoints of the configuration subscribe to, as contracts/stripe.md lists it.
ACCOUNT_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "setup_intent.succeeded",
    "setup_intent.setup_failed",
    "payment_method.attached",
    "payment_method.detached",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.voided",
    "charge.succeeded",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "transfer.created",
    "transfer.reversed",
    "credit_note.created",
)
CONNECT_EVENTS = ("account.updated", "account.application.deauthorized", "payout.failed")


def configure_endpoints(world: World) -> None:
    """Make the endpoints named in the configuration, or bring them up to date after a restart."""
    config = world.config.stripe
    for key, url, secret, connect, events in (
        ("we_account", config.webhook_url, config.webhook_secret, False, ACCOUNT_EVENTS),
        (
            "we_connect",
            config.connect_webhook_url,
            config.connect_webhook_secret,
            True,
            CONNECT_EVENTS,
        ),
    ):
        if secret:
            public = _endpoint(key, url, list(events), world.clock.now())
            _keep_endpoint(world.store, public, secret, connect=connect)
        else:
            world.store.delete("webhook_endpoint", key)
            world.store.delete("webhook_secret", key)


def _endpoint(key: str, url: str, events: list[str], now: int) -> Document:
    return {
        "id": key,
        "object": "webhook_endpoint",
        "api_version": api_version,
        "application": None,
        "created": now,
        "description": None,
        "enabled_events": events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }


def _keep_endpoint(store: Store, public: Document, secret: str, *, connect: bool) -> None:
    store.put("webhook_endpoint", public["id"], public)
    store.put("webhook_secret", public["id"], {"secret": secret, "connect": connect})


def emit(
    world: World,
    kind: str,
    subject: Document,
    *,
    account: str | None = None,
    previous: Document | None = None,
    call: Call | None = None,
) -> Document:
    """Record an event and queue it for every endpoint that asked for its type.

    With `account` it is an event of a connected account and goes to Connect endpoints only.
    """
    listeners = [
        endpoint
        for endpoint in world.store.all("webhook_endpoint")
        if world.store.need("webhook_secret", endpoint["id"])["connect"] == (account is not None)
        and ("*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"])
    ]
    data: Document = {"object": copy.deepcopy(subject)}
    if previous is not None:
        data["previous_attributes"] = previous
    event: Document = {
        "id": new_id("evt", 24),
        "object": "event",
        "api_version": api_version,
        "created": world.clock.now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": len(listeners),
        "request": {
            "id": call.request_id if call else None,
            "idempotency_key": call.idempotency_key if call else None,
        },
        "type": kind,
    }
    if account is not None:
        event["account"] = account
    world.store.put("event", event["id"], event)
    world.store.trim("event", KEEP_EVENTS)
    for endpoint in listeners:
        world.courier.enqueue("stripe", kind, {"event": event["id"], "endpoint": endpoint["id"]})
    return event


def channel(world: World) -> Channel:
    """Return how the courier carries Stripe events."""

    def pack(delivery: Document) -> Parcel | None:
        event = world.store.get("event", delivery["ref"]["event"])
        endpoint = world.store.get("webhook_endpoint", delivery["ref"]["endpoint"])
        if event is None or endpoint is None:
            return None
        secret = world.store.need("webhook_secret", endpoint["id"])["secret"]
        body = json.dumps(event, indent=2)
        header = WebhookSignature.generate_signature_header(body, secret, int(wall_time()))
        return Parcel(
            endpoint["url"],
            body.encode(),
            {
                "Content-Type": "application/json; charset=utf-8",
                "Stripe-Signature": header,
                "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            },
        )

    def accepted(response: httpx.Response) -> bool:
        return response.is_success

    return Channel(pack, accepted)


@routes.add("GET", "/v1/events", "EventListParams")
def list_events(call: Call) -> Document:
    """List what happened, newest first."""
    params = call.params
    rows = call.store.all("event")[::-1]
    wanted = params.pop("types", None)
    if wanted is not None:
        rows = [row for row in rows if row["type"] in wanted]
    return page(call, "/v1/events", rows, ("type",))


@routes.add("GET", "/v1/events/{id}", "EventRetrieveParams")
def retrieve_event(call: Call) -> Document:
    """Show one event."""
    return call.here("event")


@routes.add("POST", "/v1/webhook_endpoints", "WebhookEndpointCreateParams")
def create_endpoint(call: Call) -> Document:
    """Add an endpoint; its secret is shown this once."""
    params = call.take("url", "enabled_events", "connect", "api_version", "description")
    if params.get("api_version", api_version) != api_version:
        raise StripeRefusal(f"The sandbox speaks only {api_version}.", param="api_version")
    public = _endpoint(new_id("we", 24), params["url"], params["enabled_events"], call.now)
    public["description"] = params.get("description")
    public["metadata"] = call.metadata()
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    _keep_endpoint(call.store, public, secret, connect=params.get("connect", False))
    return {**public, "secret": secret}


@routes.add("GET", "/v1/webhook_endpoints", "WebhookEndpointListParams")
def list_endpoints(call: Call) -> Document:
    """List the endpoints, without their secrets."""
    return page(call, "/v1/webhook_endpoints", call.store.all("webhook_endpoint")[::-1], ())


@routes.add("GET", "/v1/webhook_endpoints/{id}", "WebhookEndpointRetrieveParams")
def retrieve_endpoint(call: Call) -> Document:
    """Show one endpoint."""
    return call.here("webhook_endpoint")


@routes.add("DELETE", "/v1/webhook_endpoints/{id}", "WebhookEndpointDeleteParams")
def delete_endpoint(call: Call) -> Document:
    """Remove an endpoint."""
    key = call.path["id"]
    if call.store.get("webhook_endpoint", key) is None:
        raise missing_resource("webhook_endpoint", key, "id", status=404)
    call.store.delete("webhook_endpoint", key)
    call.store.delete("webhook_secret", key)
    return {"id": key, "object": "webhook_endpoint", "deleted": True}
