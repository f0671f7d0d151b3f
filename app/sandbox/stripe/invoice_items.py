"""Invoice items, and the invoice lines they become."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.sandbox.store import Document, Store
from app.sandbox.stripe.call import Call, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal, missing_resource, not_simulated
from app.sandbox.stripe.lists import list_of, page

_PARAMS = (
    "customer",
    "invoice",
    "amount",
    "currency",
    "description",
    "discountable",
    "period",
    "quantity",
    "unit_amount_decimal",
    "tax_behavior",
)
_EMBEDDED_LINES = 10


@routes.add("POST", "/v1/invoiceitems", "InvoiceItemCreateParams")
def create_item(call: Call) -> Document:
    """Add an item to a draft, or leave it pending until the customer's next invoice."""
    params = call.take(*_PARAMS)
    if "customer" not in params:
        raise StripeRefusal(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    customer = call.find("customer", params["customer"], "customer")
    invoice = _draft(call, params.get("invoice"), customer["id"])
    currency = params.get("currency", invoice["currency"] if invoice else "usd").lower()
    if invoice is not None and invoice["currency"] != currency:
        raise StripeRefusal(
            f"You cannot add an item in {currency} to an invoice in {invoice['currency']}.",
            param="currency",
        )
    quantity, unit, amount = _price(params)
    item: Document = {
        "id": new_id("ii", 24),
        "object": "invoiceitem",
        "amount": amount,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "date": call.now,
        "description": params.get("description"),
        "discountable": params.get("discountable", True),
        "discounts": [],
        "invoice": invoice["id"] if invoice else None,
        "livemode": False,
        "metadata": call.metadata(),
        "net_amount": amount,
        "parent": None,
        "period": params.get("period", {"start": call.now, "end": call.now}),
        "pricing": {
            "price_details": {"price": new_id("price", 24), "product": new_id("prod")},
            "type": "price_details",
            "unit_amount_decimal": str(unit),
        },
        "proration": False,
        "proration_details": None,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "tax_rates": [],
        "test_clock": None,
    }
    call.store.put("invoiceitem", item["id"], item)
    if invoice is not None:
        recount(call.store, invoice)
    return item


def _draft(call: Call, invoice_id: str | None, customer: str) -> Document | None:
    if invoice_id is None:
        return None
    invoice = call.find("invoice", invoice_id, "invoice")
    if invoice["customer"] != customer:
        raise StripeRefusal(
            "The invoice belongs to another customer than the item.", param="invoice"
        )
    if invoice["status"] != "draft":
        raise StripeRefusal(
            "This invoice is no longer editable.", code="invoice_not_editable", param="invoice"
        )
    return invoice


def _price(params: dict[str, Any]) -> tuple[int, Decimal, int]:
    if "amount" in params:
        for name in ("quantity", "unit_amount_decimal"):
            if name in params:
                raise StripeRefusal(
                    f"You may not pass `{name}` together with `amount`.", param=name
                )
        return 1, Decimal(params["amount"]), params["amount"]
    if "unit_amount_decimal" not in params:
        raise StripeRefusal(
            "You must pass `amount` or `unit_amount_decimal`.",
            code="parameter_missing",
            param="amount",
        )
    unit = Decimal(params["unit_amount_decimal"])
    exponent = unit.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -12:
        raise StripeRefusal(
            "unit_amount_decimal may have at most 12 decimal places.", param="unit_amount_decimal"
        )
    quantity = params.get("quantity", 1)
    amount = int((unit * quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return quantity, unit, amount


@routes.add("GET", "/v1/invoiceitems/{id}", "InvoiceItemRetrieveParams")
def retrieve_item(call: Call) -> Document:
    """Show an item."""
    return call.here("invoiceitem")


@routes.add("GET", "/v1/invoiceitems", "InvoiceItemListParams")
def list_items(call: Call) -> Document:
    """List items, newest first."""
    rows = call.store.all("invoiceitem")[::-1]
    pending = call.params.pop("pending", None)
    if pending is not None:
        rows = [row for row in rows if (row["invoice"] is None) == pending]
    return page(call, "/v1/invoiceitems", rows, ("customer", "invoice"))


@routes.add("DELETE", "/v1/invoiceitems/{id}", "InvoiceItemDeleteParams")
def delete_item(call: Call) -> Document:
    """Remove an item that is on no finalised invoice."""
    item = call.here("invoiceitem")
    invoice = _draft(call, item["invoice"], item["customer"])
    call.store.delete("invoiceitem", item["id"])
    if invoice is not None:
        recount(call.store, invoice)
    return {"id": item["id"], "object": "invoiceitem", "deleted": True}


def adopt_pending(store: Store, invoice: Document) -> None:
    """Put the customer's pending items of the invoice's currency on it."""
    for item in store.where("invoiceitem", customer=invoice["customer"]):
        if item["invoice"] is None and item["currency"] == invoice["currency"]:
            item["invoice"] = invoice["id"]
            store.put("invoiceitem", item["id"], item)
    recount(store, invoice)


def lines_of(store: Store, invoice: Document) -> list[Document]:
    """Return the invoice's lines in the order in which the items were made."""
    items = sorted(store.where("invoiceitem", invoice=invoice["id"]), key=lambda row: row["date"])
    return [_line(item) for item in items]


def _line(item: Document) -> Document:
    return {
        "id": item["id"].replace("ii_", "il_"),
        "object": "line_item",
        "amount": item["amount"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": [],
        "discountable": item["discountable"],
        "discounts": [],
        "invoice": item["invoice"],
        "livemode": False,
        "metadata": item["metadata"],
        "parent": {
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": item["period"],
        "pretax_credit_amounts": [],
        "pricing": item["pricing"],
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subscription": None,
        "subtotal": item["amount"],
        "taxes": [],
    }


def recount(store: Store, invoice: Document) -> None:
    """Bring a draft's lines and sums in line with its items."""
    lines = lines_of(store, invoice)
    total = sum(line["amount"] for line in lines)
    invoice["lines"] = list_of(
        f"/v1/invoices/{invoice['id']}/lines",
        lines[:_EMBEDDED_LINES],
        has_more=len(lines) > _EMBEDDED_LINES,
    )
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        invoice[name] = total
    invoice["amount_due"] = max(total, 0)
    invoice["amount_remaining"] = max(total, 0)
    store.put("invoice", invoice["id"], invoice)


@routes.add("GET", "/v1/invoices/{id}/lines", "InvoiceLineItemListParams")
def list_lines(call: Call) -> Document:
    """List the lines of an invoice, all pages of them."""
    invoice = call.store.get("invoice", call.path["id"])
    if invoice is None:
        raise missing_resource("invoice", call.path["id"], "invoice", status=404)
    if "ending_before" in call.params:
        raise not_simulated("ending_before")
    return page(call, f"/v1/invoices/{invoice['id']}/lines", lines_of(call.store, invoice), ())
