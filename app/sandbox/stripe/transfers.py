"""Transfers of a share to a connected account, and back."""

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal, missing_resource
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import list_of, page
from app.sandbox.stripe.money import available, book


@routes.add("POST", "/v1/transfers", "TransferCreateParams")
def create_transfer(call: Call) -> Document:
    """Move platform balance to a connected account."""
    params = call.take(
        "amount", "currency", "destination", "description", "transfer_group", "source_transaction"
    )
    if "amount" not in params:
        raise StripeRefusal(
            "Missing required param: amount.", code="parameter_missing", param="amount"
        )
    account = call.store.get("account", params["destination"])
    if account is None:
        raise missing_resource("destination", params["destination"], "destination")
    amount, currency = params["amount"], params["currency"].lower()
    if amount < 1:
        raise StripeRefusal(
            "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    if account["capabilities"].get("transfers") != "active":
        raise StripeRefusal(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    source = params.get("source_transaction")
    if source is not None:
        charge = call.find("charge", source, "source_transaction")
        if charge["amount"] < amount or charge["currency"] != currency:
            raise StripeRefusal(
                "Transfers using this transaction as a source must not exceed the source amount or change its currency.",
                param="amount",
            )
    elif available(call.store, "platform", currency) < amount:
        raise StripeRefusal(
            "You have insufficient available funds in your Stripe account.",
            code="balance_insufficient",
        )
    key = new_id("tr", 24)
    transfer: Document = {
        "id": key,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": call.now,
        "currency": currency,
        "description": params.get("description"),
        "destination": account["id"],
        "destination_payment": new_id("py", 24),
        "livemode": False,
        "metadata": call.metadata(),
        "reversals": list_of(f"/v1/transfers/{key}/reversals", []),
        "reversed": False,
        "source_transaction": source,
        "source_type": "card",
        "transfer_group": params.get("transfer_group"),
    }
    call.store.put("transfer", key, transfer)
    book(call.store, "platform", currency, -amount)
    book(call.store, account["id"], currency, amount)
    emit(call.world, "transfer.created", transfer, call=call)
    return transfer


@routes.add("GET", "/v1/transfers/{id}", "TransferRetrieveParams")
def retrieve_transfer(call: Call) -> Document:
    """Show a transfer."""
    return call.here("transfer")


@routes.add("GET", "/v1/transfers", "TransferListParams")
def list_transfers(call: Call) -> Document:
    """List transfers, newest first."""
    rows = call.store.all("transfer")[::-1]
    return page(call, "/v1/transfers", rows, ("destination", "transfer_group"))


@routes.add("POST", "/v1/transfers/{id}/reversals", "TransferReversalCreateParams")
def create_reversal(call: Call) -> Document:
    """Take a transfer back, wholly or in part."""
    transfer = call.here("transfer")
    params = call.take("amount", "description")
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = params.get("amount", left)
    if left == 0:
        raise StripeRefusal(
            f"Transfer {transfer['id']} has already been reversed.",
            code="transfer_already_reversed",
        )
    if not 1 <= amount <= left:
        raise StripeRefusal(
            f"Reversal amount ({amount}) is greater than unreversed amount on transfer ({left}).",
            param="amount",
        )
    if available(call.store, transfer["destination"], transfer["currency"]) < amount:
        raise StripeRefusal(
            "The connected account has insufficient funds for this reversal.",
            code="balance_insufficient",
        )
    reversal: Document = {
        "id": new_id("trr", 24),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": call.now,
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": call.metadata(),
        "source_refund": None,
        "transfer": transfer["id"],
    }
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    call.store.put("transfer", transfer["id"], transfer)
    book(call.store, "platform", transfer["currency"], amount)
    book(call.store, transfer["destination"], transfer["currency"], -amount)
    emit(call.world, "transfer.reversed", transfer, call=call)
    return reversal


@routes.add("GET", "/v1/transfers/{id}/reversals", "TransferReversalListParams")
def list_reversals(call: Call) -> Document:
    """List what was taken back of a transfer."""
    transfer = call.here("transfer")
    return page(
        call, f"/v1/transfers/{transfer['id']}/reversals", transfer["reversals"]["data"], ()
    )
