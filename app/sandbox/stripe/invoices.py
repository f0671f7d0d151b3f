"""Invoices from draft to open, void or deleted; being paid is a file of its own."""

from typing import Any

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, merge_metadata, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal, missing_resource
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.invoice_items import adopt_pending, recount
from app.sandbox.stripe.invoice_payments import collect_soon, mark_paid, open_payment
from app.sandbox.stripe.lists import list_of, page, search
from app.sandbox.stripe.payments import cancel
from app.sandbox.world import World

_DAY_SECONDS = 86_400
_DRAFT_SECONDS = 3_600
_CHANGEABLE = (
    "auto_advance",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
    "due_date",
    "effective_at",
    "footer",
    "custom_fields",
    "statement_descriptor",
    "rendering",
    "payment_settings",
)


@routes.add("POST", "/v1/invoices", "InvoiceCreateParams")
def create_invoice(call: Call) -> Document:
    """Make a draft."""
    params = call.take(
        *_CHANGEABLE, "customer", "currency", "pending_invoice_items_behavior", "number"
    )
    if "customer" not in params:
        raise StripeRefusal(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    customer = call.find("customer", params["customer"], "customer")
    currency = params.get("currency", customer["currency"] or "usd").lower()
    invoice = _new_invoice(call, customer, currency)
    _apply(call, invoice, params)
    call.store.put("invoice", invoice["id"], invoice)
    if customer["currency"] is None:
        customer["currency"] = currency
        call.store.put("customer", customer["id"], customer)
    if params.get("pending_invoice_items_behavior") == "include":
        adopt_pending(call.store, invoice)
    else:
        recount(call.store, invoice)
    emit(call.world, "invoice.created", invoice, call=call)
    return invoice


def _new_invoice(call: Call, customer: Document, currency: str) -> Document:
    key = new_id("in", 24)
    return {
        "id": key,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Turnpike (simulated)",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": call.now,
        "currency": currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"account": None, "type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": list_of(f"/v1/invoices/{key}/lines", []),
        "livemode": False,
        "metadata": call.metadata(),
        "next_payment_attempt": None,
        "number": call.params.get("number"),
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": call.now,
        "period_start": call.now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def _apply(call: Call, invoice: Document, params: dict[str, Any]) -> None:
    method = params.get("collection_method", invoice["collection_method"])
    due = "days_until_due" in params or "due_date" in params or invoice["due_date"] is not None
    if method == "send_invoice" and not due:
        raise StripeRefusal(
            "If invoices are sent for payment, you must set `days_until_due` or `due_date`.",
            code="parameter_missing",
            param="days_until_due",
        )
    if method == "charge_automatically" and due:
        raise StripeRefusal(
            "`days_until_due` and `due_date` may only be set when collection_method is `send_invoice`.",
            param="days_until_due",
        )
    if card := params.get("default_payment_method"):
        held = call.find("payment_method", card, "default_payment_method")
        if held["customer"] != invoice["customer"]:
            raise StripeRefusal(
                "The default payment method must be attached to the invoice's customer.",
                code="resource_missing",
                param="default_payment_method",
            )
    for name in _CHANGEABLE:
        if name in params and name != "days_until_due":
            invoice[name] = None if params[name] == "" else params[name]
    if "days_until_due" in params:
        invoice["due_date"] = call.now + params["days_until_due"] * _DAY_SECONDS
    if invoice["auto_advance"]:
        invoice["automatically_finalizes_at"] = call.now + _DRAFT_SECONDS
        call.store.put(
            "to_finalize",
            invoice["id"],
            {"id": invoice["id"], "at": invoice["automatically_finalizes_at"]},
        )
    else:
        invoice["automatically_finalizes_at"] = None
        call.store.delete("to_finalize", invoice["id"])


@routes.add("GET", "/v1/invoices/search", "InvoiceSearchParams")
def search_invoices(call: Call) -> Document:
    """Find invoices by field or metadata."""
    return search(call, "/v1/invoices/search", call.store.all("invoice")[::-1])


@routes.add("GET", "/v1/invoices/{id}", "InvoiceRetrieveParams")
def retrieve_invoice(call: Call) -> Document:
    """Show an invoice."""
    return call.here("invoice")


@routes.add("GET", "/v1/invoices", "InvoiceListParams")
def list_invoices(call: Call) -> Document:
    """List invoices, newest first."""
    customer = call.params.get("customer")
    rows = call.store.where("invoice", customer=customer) if customer else call.store.all("invoice")
    return page(call, "/v1/invoices", rows[::-1], ("customer", "status", "collection_method"))


def _editable(invoice: Document) -> None:
    if invoice["status"] != "draft":
        raise StripeRefusal(
            f"This invoice is {invoice['status']} and can no longer be changed this way.",
            code="invoice_not_editable",
        )


@routes.add("POST", "/v1/invoices/{id}", "InvoiceUpdateParams")
def update_invoice(call: Call) -> Document:
    """Change a draft; of an open invoice only metadata, `auto_advance` and the card."""
    invoice = call.here("invoice", "invoice")
    params = call.take(*_CHANGEABLE)
    if set(params) - {"metadata", "expand", "auto_advance", "default_payment_method"}:
        _editable(invoice)
    invoice["metadata"] = merge_metadata(invoice["metadata"], params.get("metadata"))
    if invoice["status"] == "draft":
        _apply(call, invoice, params)
    else:
        for name in ("auto_advance", "default_payment_method"):
            if name in params:
                invoice[name] = params[name] or None
    call.store.put("invoice", invoice["id"], invoice)
    emit(call.world, "invoice.updated", invoice, call=call)
    return invoice


@routes.add("POST", "/v1/invoices/{id}/finalize", "InvoiceFinalizeInvoiceParams")
def finalize_invoice(call: Call) -> Document:
    """Open a draft for payment."""
    invoice = call.here("invoice", "invoice")
    params = call.take("auto_advance")
    if invoice["status"] != "draft":
        raise StripeRefusal(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    if "auto_advance" in params:
        invoice["auto_advance"] = params["auto_advance"]
    finalize(call.world, invoice, call)
    return invoice


def finalize(world: World, invoice: Document, call: Call | None = None) -> None:
    """Open a draft under its number, and let it be collected if it advances by itself."""
    customer = world.store.need("customer", invoice["customer"])
    if invoice["number"] is None:
        sequence = customer["next_invoice_sequence"]
        invoice["number"] = f"{customer['invoice_prefix']}-{sequence:04d}"
        customer["next_invoice_sequence"] = sequence + 1
        world.store.put("customer", customer["id"], customer)
    now = world.clock.now()
    invoice["status"] = "open"
    invoice["status_transitions"]["finalized_at"] = now
    invoice["effective_at"] = invoice["effective_at"] or now
    invoice["automatically_finalizes_at"] = None
    invoice["ending_balance"] = 0
    invoice["hosted_invoice_url"] = world.url(f"/stripe/invoices/{invoice['id']}")
    invoice["invoice_pdf"] = world.url(f"/stripe/invoices/{invoice['id']}/pdf")
    world.store.delete("to_finalize", invoice["id"])
    world.store.put("invoice", invoice["id"], invoice)
    if invoice["amount_due"] > 0:
        open_payment(world, invoice)
    emit(world, "invoice.finalized", invoice, call=call)
    if invoice["amount_due"] == 0:
        mark_paid(world, invoice, call)
    elif invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically":
        collect_soon(world, invoice)


def finalize_due(world: World) -> None:
    """Finalise the drafts that advance by themselves an hour after they were made."""
    for mark in world.store.all("to_finalize"):
        if mark["at"] <= world.clock.now():
            finalize(world, world.store.need("invoice", mark["id"]))


@routes.add("POST", "/v1/invoices/{id}/void", "InvoiceVoidInvoiceParams")
def void_invoice(call: Call) -> Document:
    """Void an open invoice, for ever."""
    invoice = call.here("invoice", "invoice")
    call.take()
    if invoice["status"] not in {"open", "uncollectible"}:
        raise StripeRefusal(
            f"You can only pass in open invoices. This invoice isn't open: it is {invoice['status']}.",
            code="invoice_not_editable",
        )
    invoice["status"] = "void"
    invoice["auto_advance"] = False
    invoice["status_transitions"]["voided_at"] = call.now
    call.store.put("invoice", invoice["id"], invoice)
    for payment in call.store.where("invoice_payment", invoice=invoice["id"]):
        intent = call.store.need("payment_intent", payment["payment"]["payment_intent"])
        cancel(call.world, intent, "void_invoice", call)
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = call.now
        call.store.put("invoice_payment", payment["id"], payment)
    emit(call.world, "invoice.voided", invoice, call=call)
    return invoice


@routes.add("DELETE", "/v1/invoices/{id}", "InvoiceDeleteParams")
def delete_invoice(call: Call) -> Document:
    """Throw a draft away, with its items."""
    invoice = call.store.get("invoice", call.path["id"])
    if invoice is None:
        raise missing_resource("invoice", call.path["id"], "invoice", status=404)
    _editable(invoice)
    for item in call.store.where("invoiceitem", invoice=invoice["id"]):
        call.store.delete("invoiceitem", item["id"])
    call.store.delete("invoice", invoice["id"])
    call.store.delete("to_finalize", invoice["id"])
    emit(call.world, "invoice.deleted", invoice, call=call)
    return {"id": invoice["id"], "object": "invoice", "deleted": True}
