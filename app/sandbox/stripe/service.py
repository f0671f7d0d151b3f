"""The Stripe double as one thing to mount: resources, pages, what falls due by time."""

from starlette.routing import BaseRoute, Route

# Each of these modules registers its requests in the route table by being imported.
from app.sandbox.stripe import (
    accounts,
    checkout,
    credit_notes,
    customers,
    disputes,
    events,
    invoice_items,
    invoice_payments,
    invoices,
    money,
    payments,
    portal,
    refunds,
    setups,
    transfers,
)
from app.sandbox.stripe.api import StripeApi
from app.sandbox.stripe.connect_pages import ConnectPages
from app.sandbox.stripe.dashboard import Dashboard
from app.sandbox.stripe.document_pages import DocumentPages
from app.sandbox.stripe.pages import CheckoutPages
from app.sandbox.world import World

RESOURCES = (
    accounts,
    checkout,
    credit_notes,
    customers,
    disputes,
    events,
    invoice_items,
    invoice_payments,
    invoices,
    money,
    payments,
    portal,
    refunds,
    setups,
    transfers,
)


def open_stripe(world: World) -> list[BaseRoute]:
    """Prepare the double in a world and return its addresses."""

    def prepare() -> None:
        events.configure_endpoints(world)
        if world.store.get("balance", "platform") is None:
            world.store.put("balance", "platform", dict(world.config.stripe.platform_balance))

    prepare()
    world.each_reset(prepare)
    world.courier.open_channel("stripe", events.channel(world))
    world.each_tick(lambda: checkout.expire_overdue(world))
    world.each_tick(lambda: invoices.finalize_due(world))
    world.each_tick(lambda: invoice_payments.collect_due(world))
    api = StripeApi(world)
    return [
        *CheckoutPages(world).routes(),
        *ConnectPages(world).routes(),
        *DocumentPages(world).routes(),
        *Dashboard(world).routes(),
        Route("/stripe/v1/{path:path}", api.answer, methods=["GET", "POST", "DELETE"]),
    ]
