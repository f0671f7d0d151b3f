"""Credit notes: less to pay on an open invoice, or money back on a paid one."""

from typing import Any

from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal, not_simulated
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.invoice_payments import mark_paid
from app.sandbox.stripe.lists import list_of, page
from app.sandbox.stripe.payments import cancel
from app.sandbox.stripe.refunds import charge_of, refund

_PARAMS = (
    "invoice",
    "amount",
    "lines",
    "memo",
    "reason",
    "refund_amount",
    "credit_amount",
    "out_of_band_amount",
    "effective_at",
    "email_type",
)


@routes.add("POST", "/v1/credit_notes", "CreditNoteCreateParams")
def create_credit_note(call: Call) -> Document:
    """Credit an open or paid invoice, wholly or in part."""
    params = call.take(*_PARAMS)
    invoice = call.find("invoice", params["invoice"], "invoice")
    if invoice["status"] not in {"open", "paid"}:
        raise StripeRefusal(
            f"You can only create credit notes for open or paid invoices; this one is {invoice['status']}."
        )
    lines = _lines(params)
    amount = sum(line["amount"] for line in lines)
    if params.get("amount", amount) != amount:
        raise StripeRefusal("The lines do not add up to `amount`.", param="amount")
    if amount < 1:
        raise StripeRefusal("The credit note must be for a positive amount.", param="amount")
    note = _new_note(call, invoice, lines, amount)
    if invoice["status"] == "open":
        _credit_open(call, invoice, note)
    else:
        _credit_paid(call, invoice, note)
    call.store.put("credit_note", note["id"], note)
    emit(call.world, "credit_note.created", note, call=call)
    return note


def _lines(params: dict[str, Any]) -> list[Document]:
    given = params.get("lines")
    if not given:
        if "amount" not in params:
            raise StripeRefusal("You must pass `amount` or `lines`.", param="amount")
        given = [
            {
                "type": "custom_line_item",
                "quantity": 1,
                "unit_amount": params["amount"],
                "description": params.get("memo") or "Credit",
            }
        ]
    return [_line(entry, index) for index, entry in enumerate(given)]


def _line(entry: dict[str, Any], index: int) -> Document:
    if entry["type"] != "custom_line_item" or "unit_amount" not in entry:
        raise not_simulated(f"lines[{index}][type]")
    quantity = entry.get("quantity", 1)
    return {
        "id": new_id("cnli", 24),
        "object": "credit_note_line_item",
        "amount": entry["unit_amount"] * quantity,
        "description": entry.get("description"),
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": [],
        "taxes": [],
        "type": "custom_line_item",
        "unit_amount": entry["unit_amount"],
        "unit_amount_decimal": str(entry["unit_amount"]),
    }


def _new_note(call: Call, invoice: Document, lines: list[Document], amount: int) -> Document:
    key = new_id("cn", 24)
    earlier = len(call.store.where("credit_note", invoice=invoice["id"]))
    return {
        "id": key,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": call.now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": call.params.get("effective_at", call.now),
        "invoice": invoice["id"],
        "lines": list_of(f"/v1/credit_notes/{key}/lines", lines),
        "livemode": False,
        "memo": call.params.get("memo"),
        "metadata": call.metadata(),
        "number": f"{invoice['number']}-CN-{earlier + 1:02d}",
        "out_of_band_amount": None,
        "pdf": call.world.url(f"/stripe/credit_notes/{key}/pdf"),
        "post_payment_amount": 0,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": [],
        "reason": call.params.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "total_taxes": [],
        "type": "pre_payment",
        "voided_at": None,
    }


def _credit_open(call: Call, invoice: Document, note: Document) -> None:
    if note["amount"] > invoice["amount_remaining"]:
        raise StripeRefusal(
            f"The credit note ({note['amount']}) exceeds what is left to pay ({invoice['amount_remaining']}).",
            param="amount",
        )
    for name in ("refund_amount", "credit_amount", "out_of_band_amount"):
        if name in call.params:
            raise StripeRefusal(f"`{name}` is only for paid invoices.", param=name)
    note["pre_payment_amount"] = note["amount"]
    invoice["pre_payment_credit_notes_amount"] += note["amount"]
    invoice["amount_due"] -= note["amount"]
    invoice["amount_remaining"] -= note["amount"]
    call.store.put("invoice", invoice["id"], invoice)
    for payment in call.store.where("invoice_payment", invoice=invoice["id"]):
        intent = call.store.need("payment_intent", payment["payment"]["payment_intent"])
        if invoice["amount_remaining"] == 0:
            cancel(call.world, intent, None, call)
            payment["status"] = "canceled"
            payment["status_transitions"]["canceled_at"] = call.now
        else:
            intent["amount"] = invoice["amount_remaining"]
            payment["amount_requested"] = invoice["amount_remaining"]
            call.store.put("payment_intent", intent["id"], intent)
        call.store.put("invoice_payment", payment["id"], payment)
    if invoice["amount_remaining"] == 0:
        mark_paid(call.world, invoice, call)


def _credit_paid(call: Call, invoice: Document, note: Document) -> None:
    params = call.params
    if "credit_amount" in params:
        raise not_simulated("credit_amount")
    back = params.get("refund_amount", 0)
    outside = params.get("out_of_band_amount", 0)
    if back + outside != note["amount"]:
        raise StripeRefusal(
            "The sum of refund_amount, credit_amount and out_of_band_amount must equal the credit note amount.",
            param="amount",
        )
    left = invoice["total"] - invoice["post_payment_credit_notes_amount"]
    left -= invoice["pre_payment_credit_notes_amount"]
    if note["amount"] > left:
        raise StripeRefusal(
            f"The credit note ({note['amount']}) exceeds what is left to credit ({left}).",
            param="amount",
        )
    if back:
        payment = call.store.where("invoice_payment", invoice=invoice["id"], status="paid")
        if not payment:
            raise StripeRefusal("The invoice was not paid through Stripe.", param="refund_amount")
        charge = charge_of(call.world, charge=None, intent=payment[0]["payment"]["payment_intent"])
        made = refund(call.world, charge, back, call=call)
        note["refunds"] = [
            {
                "amount_refunded": back,
                "payment_record_refund": None,
                "refund": made["id"],
                "type": "refund",
            }
        ]
    note["type"] = "post_payment"
    note["post_payment_amount"] = note["amount"]
    note["out_of_band_amount"] = outside or None
    invoice["post_payment_credit_notes_amount"] += note["amount"]
    call.store.put("invoice", invoice["id"], invoice)


@routes.add("GET", "/v1/credit_notes/{id}", "CreditNoteRetrieveParams")
def retrieve_credit_note(call: Call) -> Document:
    """Show a credit note."""
    return call.here("credit_note")


@routes.add("GET", "/v1/credit_notes", "CreditNoteListParams")
def list_credit_notes(call: Call) -> Document:
    """List credit notes, newest first."""
    rows = call.store.all("credit_note")[::-1]
    return page(call, "/v1/credit_notes", rows, ("customer", "invoice"))
