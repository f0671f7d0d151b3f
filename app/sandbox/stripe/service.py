"""The Stripe double as one thing to mount: resources, pages, what falls due by time."""

from starlette.routing import BaseRoute, Route

# Each of these modules registers its requests in the route table by being imported.
from app.sandbox.stripe import (
    checkout,
    customers,
    events,
    invoice_items,
    invoice_payments,
    invoices,
    money,
    payments,
    setups,
)
from app.sandbox.stripe.api import StripeApi
from app.sandbox.stripe.pages import CheckoutPages
from app.sandbox.world import World

RESOURCES = (
    checkout,
    customers,
    events,
    invoice_items,
    invoice_payments,
    invoices,
    money,
    payments,
    setups,
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
        Route("/stripe/v1/{path:path}", api.answer, methods=["GET", "POST", "DELETE"]),
    ]
