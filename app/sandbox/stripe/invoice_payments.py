"""How an open invoice gets paid: by API call, by itself, on its hosted page, or outside of Stripe."""

from typing import Any

from app.sandbox.clock import wall_time
from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import page
from app.sandbox.stripe.payments import Decline, cancel, collect, new_intent
from app.sandbox.world import World

_NO_CARD = (
    "There is no `default_payment_method` set on this Customer or Invoice. Please set either an "
    "`invoice.default_payment_method` or `customer.invoice_settings.default_payment_method`."
)


def open_payment(world: World, invoice: Document) -> None:
    """Give a freshly finalised invoice the one PaymentIntent it is paid with."""
    intent = new_intent(
        world,
        invoice["amount_due"],
        invoice["currency"],
        customer=invoice["customer"],
        description=f"Payment for Invoice {invoice['number']}",
        metadata=dict(invoice["metadata"]),
    )
    payment: Document = {
        "id": new_id("inpay", 24),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": world.clock.now(),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {
            "charge": None,
            "payment_intent": intent["id"],
            "payment_record": None,
            "type": "payment_intent",
        },
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    world.store.put("invoice_payment", payment["id"], payment)


def _payment_of(world: World, invoice: Document) -> tuple[Document, Document]:
    payment = world.store.where("invoice_payment", invoice=invoice["id"])[0]
    return payment, world.store.need("payment_intent", payment["payment"]["payment_intent"])


def default_card(world: World, invoice: Document) -> Document | None:
    """Return the card an automatic collection would charge."""
    customer = world.store.need("customer", invoice["customer"])
    key = (
        invoice["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    )
    return world.store.get("payment_method", key) if key else None


def charge_invoice(
    world: World,
    invoice: Document,
    card: Document,
    *,
    off_session: bool,
    call: Call | None = None,
    forced: str | None = None,
) -> Decline | None:
    """Charge an open invoice once; events and sums tell the outcome."""
    payment, intent = _payment_of(world, invoice)
    intent["amount"] = invoice["amount_remaining"]
    invoice["attempted"] = True
    invoice["attempt_count"] += 1
    decline = collect(world, intent, card, off_session=off_session, call=call, forced=forced)
    if decline is None:
        payment["status"] = "paid"
        payment["amount_paid"] = intent["amount"]
        payment["status_transitions"]["paid_at"] = world.clock.now()
        world.store.put("invoice_payment", payment["id"], payment)
        invoice["amount_paid"] += intent["amount"]
        mark_paid(world, invoice, call)
        return None
    world.store.put("invoice", invoice["id"], invoice)
    if decline.code == "authentication_required":
        emit(world, "invoice.payment_action_required", invoice, call=call)
    emit(world, "invoice.payment_failed", invoice, call=call)
    return decline


def mark_paid(world: World, invoice: Document, call: Call | None = None) -> None:
    """Close an invoice as paid."""
    invoice["status"] = "paid"
    invoice["auto_advance"] = False
    invoice["amount_remaining"] = 0
    invoice["status_transitions"]["paid_at"] = world.clock.now()
    world.store.put("invoice", invoice["id"], invoice)
    world.store.delete("to_collect", invoice["id"])
    emit(world, "invoice.paid", invoice, call=call)
    emit(world, "invoice.payment_succeeded", invoice, call=call)


@routes.add("POST", "/v1/invoices/{id}/pay", "InvoicePayParams")
def pay_invoice(call: Call) -> Document:
    """Collect an open invoice now."""
    invoice = call.here("invoice", "invoice")
    params = call.take("payment_method", "off_session", "paid_out_of_band")
    if invoice["status"] == "paid":
        raise StripeRefusal("Invoice is already paid")
    if invoice["status"] != "open":
        raise StripeRefusal(
            f"This invoice is {invoice['status']} and cannot be paid; finalize it first if it is a draft."
        )
    if params.get("paid_out_of_band"):
        return _paid_elsewhere(call, invoice)
    card = _card(call, invoice, params)
    decline = charge_invoice(
        call.world, invoice, card, off_session=params.get("off_session", True), call=call
    )
    if decline is not None:
        _, intent = _payment_of(call.world, invoice)
        if decline.code == "authentication_required":
            raise StripeRefusal(
                "This payment requires additional user action before it can be completed successfully. Payment can "
                "be completed using the PaymentIntent associated with the invoice.",
                status=402,
                kind="card_error",
                code="invoice_payment_intent_requires_action",
                decline_code=decline.code,
                payment_intent=intent,
            )
        raise decline.refusal(intent, card)
    return invoice


def _paid_elsewhere(call: Call, invoice: Document) -> Document:
    for payment in call.store.where("invoice_payment", invoice=invoice["id"]):
        intent = call.store.need("payment_intent", payment["payment"]["payment_intent"])
        cancel(call.world, intent, None, call)
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = call.now
        call.store.put("invoice_payment", payment["id"], payment)
    invoice["amount_paid"] = invoice["amount_due"]
    invoice["amount_paid_off_stripe"] = invoice["amount_due"]
    mark_paid(call.world, invoice, call)
    return invoice


def _card(call: Call, invoice: Document, params: dict[str, Any]) -> Document:
    if "payment_method" in params:
        card = call.find("payment_method", params["payment_method"], "payment_method")
        if card["customer"] != invoice["customer"]:
            raise StripeRefusal(
                "The payment method must be attached to the invoice's customer.",
                param="payment_method",
            )
        return card
    card = default_card(call.world, invoice)
    if card is None:
        raise StripeRefusal(_NO_CARD)
    return card


def collect_soon(world: World, invoice: Document) -> None:
    """Let Stripe collect by itself a moment after the invoice was finalised."""
    delay = world.config.stripe.auto_charge_delay_seconds
    world.store.put("to_collect", invoice["id"], {"id": invoice["id"], "at": wall_time() + delay})
    world.after(delay, lambda: collect_due(world))


def collect_due(world: World) -> None:
    """Collect the invoices that advance by themselves; also after a restart."""
    for mark in world.store.all("to_collect"):
        if mark["at"] > wall_time():
            continue
        world.store.delete("to_collect", mark["id"])
        invoice = world.store.get("invoice", mark["id"])
        if invoice is None or invoice["status"] != "open" or not invoice["auto_advance"]:
            continue
        card = default_card(world, invoice)
        if card is None:
            invoice["attempted"] = True
            invoice["attempt_count"] += 1
            world.store.put("invoice", invoice["id"], invoice)
            emit(world, "invoice.payment_failed", invoice)
        else:
            charge_invoice(world, invoice, card, off_session=True)


@routes.add("GET", "/v1/invoice_payments", "InvoicePaymentListParams")
def list_payments(call: Call) -> Document:
    """List the payments of an invoice."""
    invoice = call.params.get("invoice")
    rows = (
        call.store.where("invoice_payment", invoice=invoice)
        if invoice
        else call.store.all("invoice_payment")
    )
    return page(call, "/v1/invoice_payments", rows[::-1], ("invoice", "status"))
