"""Refunds, by API call, from the dashboard, and the ones a bank sends back."""

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, merge_metadata, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal, missing_resource, not_simulated
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import page
from app.sandbox.stripe.money import book
from app.sandbox.world import World


def refund(
    world: World,
    charge: Document,
    amount: int | None = None,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
    call: Call | None = None,
) -> Document:
    """Give money back; without an amount all that is left."""
    left = charge["amount"] - charge["amount_refunded"]
    if not charge["paid"]:
        raise StripeRefusal(
            f"Charge {charge['id']} did not succeed and cannot be refunded.", param="charge"
        )
    if left == 0:
        raise StripeRefusal(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if charge["disputed"]:
        raise StripeRefusal(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    wanted = left if amount is None else amount
    if wanted < 1:
        raise StripeRefusal(
            "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    if wanted > left:
        raise StripeRefusal(
            f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left}).",
            param="amount",
        )
    made = _new_refund(world, charge, wanted, reason, metadata or {})
    before = {name: charge[name] for name in ("amount_refunded", "refunded")}
    charge["amount_refunded"] += wanted
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.store.put("charge", charge["id"], charge)
    book(world.store, "platform", charge["currency"], -wanted)
    emit(world, "refund.created", made, call=call)
    emit(world, "charge.refunded", charge, previous=before, call=call)
    return made


def _new_refund(
    world: World, charge: Document, amount: int, reason: str | None, metadata: dict[str, str]
) -> Document:
    made: Document = {
        "id": new_id("re", 24),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.clock.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": {
            "card": {
                "reference": None,
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "failure_balance_transaction": None,
        "metadata": metadata,
        "next_action": None,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    return world.store.put("refund", made["id"], made)


def bounce(world: World, made: Document, reason: str) -> None:
    """Let a refund fail at the customer's bank: the money comes back."""
    if made["status"] == "failed":
        return
    made["status"] = "failed"
    made["failure_reason"] = reason
    world.store.put("refund", made["id"], made)
    charge = world.store.need("charge", made["charge"])
    charge["amount_refunded"] -= made["amount"]
    charge["refunded"] = False
    world.store.put("charge", charge["id"], charge)
    book(world.store, "platform", made["currency"], made["amount"])
    emit(world, "refund.updated", made)
    emit(world, "refund.failed", made)


def charge_of(world: World, *, charge: str | None, intent: str | None) -> Document:
    """Return the charge to give back, named itself or by its PaymentIntent; refuses what cannot be found."""
    if charge is not None:
        found = world.store.get("charge", charge)
        if found is None:
            raise missing_resource("charge", charge, "charge")
        return found
    payment = world.store.get("payment_intent", intent or "")
    if payment is None:
        raise missing_resource("payment_intent", intent or "", "payment_intent")
    found = world.store.get("charge", payment["latest_charge"] or "")
    if found is None or not found["paid"]:
        raise StripeRefusal(
            f"This PaymentIntent ({payment['id']}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return found


@routes.add("POST", "/v1/refunds", "RefundCreateParams")
def create_refund(call: Call) -> Document:
    """Refund a charge, wholly or in part."""
    params = call.take("amount", "charge", "payment_intent", "reason", "reverse_transfer")
    if params.get("reverse_transfer"):
        raise not_simulated("reverse_transfer")
    if ("charge" in params) == ("payment_intent" in params):
        raise StripeRefusal(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    charge = charge_of(call.world, charge=params.get("charge"), intent=params.get("payment_intent"))
    return refund(
        call.world,
        charge,
        params.get("amount"),
        reason=params.get("reason"),
        metadata=call.metadata(),
        call=call,
    )


@routes.add("GET", "/v1/refunds/{id}", "RefundRetrieveParams")
def retrieve_refund(call: Call) -> Document:
    """Show a refund."""
    return call.here("refund")


@routes.add("POST", "/v1/refunds/{id}", "RefundUpdateParams")
def update_refund(call: Call) -> Document:
    """Change a refund's metadata."""
    made = call.here("refund")
    made["metadata"] = merge_metadata(made["metadata"], call.take().get("metadata"))
    call.store.put("refund", made["id"], made)
    emit(call.world, "refund.updated", made, call=call)
    return made


@routes.add("GET", "/v1/refunds", "RefundListParams")
def list_refunds(call: Call) -> Document:
    """List refunds, newest first."""
    return page(call, "/v1/refunds", call.store.all("refund")[::-1], ("charge", "payment_intent"))
