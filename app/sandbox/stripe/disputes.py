"""Disputes: a customer's bank takes a payment back, and may lose."""

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import page
from app.sandbox.stripe.money import book
from app.sandbox.world import World

_EVIDENCE_SECONDS = 9 * 86_400


def dispute(world: World, charge: Document, reason: str = "fraudulent") -> Document:
    """Let the customer's bank take a payment back."""
    if charge["disputed"] or not charge["paid"]:
        raise StripeRefusal(f"Charge {charge['id']} cannot be disputed (again).")
    made: Document = {
        "id": new_id("du", 24),
        "object": "dispute",
        "amount": charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": world.clock.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": world.clock.now() + _EVIDENCE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "chargeback",
                "network": charge["payment_method_details"]["card"]["brand"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
    world.store.put("dispute", made["id"], made)
    charge["disputed"] = True
    world.store.put("charge", charge["id"], charge)
    book(world.store, "platform", made["currency"], -made["amount"])
    emit(world, "charge.dispute.created", made)
    emit(world, "charge.dispute.funds_withdrawn", made)
    return made


def close(world: World, made: Document, *, won: bool, call: Call | None = None) -> None:
    """Let the bank decide."""
    if made["status"] in {"won", "lost"}:
        raise StripeRefusal("This dispute is already closed.")
    made["status"] = "won" if won else "lost"
    world.store.put("dispute", made["id"], made)
    if won:
        # The charge stays marked as disputed for ever, as at Stripe; the money is back.
        book(world.store, "platform", made["currency"], made["amount"])
        emit(world, "charge.dispute.funds_reinstated", made, call=call)
    emit(world, "charge.dispute.closed", made, call=call)


@routes.add("GET", "/v1/disputes/{id}", "DisputeRetrieveParams")
def retrieve_dispute(call: Call) -> Document:
    """Show a dispute."""
    return call.here("dispute")


@routes.add("POST", "/v1/disputes/{id}/close", "DisputeCloseParams")
def close_dispute(call: Call) -> Document:
    """Give a dispute up as lost."""
    made = call.here("dispute")
    close(call.world, made, won=False, call=call)
    return made


@routes.add("GET", "/v1/disputes", "DisputeListParams")
def list_disputes(call: Call) -> Document:
    """List disputes, newest first."""
    return page(call, "/v1/disputes", call.store.all("dispute")[::-1], ("charge", "payment_intent"))
