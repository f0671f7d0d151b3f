"""The billing portal: where a customer looks after saved cards."""

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal


@routes.add("POST", "/v1/billing_portal/sessions", "billing_portal.SessionCreateParams")
def create_portal_session(call: Call) -> Document:
    """Open the portal for a customer."""
    params = call.take("customer", "return_url", "locale", "configuration")
    if "customer" not in params:
        raise StripeRefusal(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    customer = call.find("customer", params["customer"], "customer")
    key = new_id("bps", 24)
    session: Document = {
        "id": key,
        "object": "billing_portal.session",
        "configuration": params.get("configuration", "bpc_sandbox"),
        "created": call.now,
        "customer": customer["id"],
        "customer_account": None,
        "flow": None,
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": params.get("return_url"),
        "url": call.world.url(f"/stripe/portal/{key}"),
    }
    return call.store.put("billing_portal.session", key, session)
