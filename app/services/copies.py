"""The provider's copy of an invoice that is charged there: made once, compared, replaced, withdrawn."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, UnavailableError
from app.core.money import Money
from app.rules.invoicing import LineKind
from app.rules.statuses import InvoiceStatus
from app.services import charges, checkouts, payments
from app.services.context import Context
from app.services.ports import BillLine
from app.services.rails import PROVIDER_OF
from models.invoice import Invoice, InvoiceLine
from models.payment import Checkout, CheckoutStatus
from models.tenant import Rail


async def push(ctx: Context, invoice_id: UUID) -> str:
    """Have the provider keep a copy of an open invoice, and compare what it adds up to with ours.

    Repeated after a crash it finds the same copy. Returns the copy's id, empty where none is
    needed. Raises ``ConflictError`` ``total_mismatch`` and then charges nothing.
    """
    ctx.require_system()
    invoice = await ctx.get_any(Invoice, invoice_id)
    if not _needs_copy(invoice):
        return invoice.provider_ref or ""
    slug = PROVIDER_OF[Rail(invoice.rail)]
    customer_ref = await payments.ensure_customer(ctx, invoice.tenant_id)
    lines, claimed = await _bill_lines(ctx, invoice), invoice.outstanding
    name = str(invoice.id) + (f".{invoice.copies}" if invoice.copies else "")
    number, due = invoice.number or "", invoice.due_at or ctx.now()
    async with ctx.outside() as providers:
        adapter = providers.payment(slug)
        if not adapter.can_invoice:
            return ""
        copy = await adapter.open_invoice(
            customer_ref=customer_ref,
            invoice_id=name,
            number=number,
            lines=lines,
            total=claimed,
            due_at=due,
            idempotency_key=f"invoice:{name}",
        )
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if copy.total != claimed:
        raise ConflictError(
            f"The provider adds up to {copy.total}, we claim {claimed}.", reason="total_mismatch"
        )
    if _needs_copy(invoice):
        invoice.provider_ref = copy.provider_ref
    return copy.provider_ref


async def withdraw(ctx: Context, invoice_id: UUID) -> str:
    """Close every way to pay an invoice elsewhere that is settled, void or worth less by now.

    Raises ``UnavailableError`` while money may still come by one of them: then it is tried again.
    An invoice still open gets a new copy over what is left to pay.
    """
    ctx.require_system()
    if await charges.pending(ctx, invoice_id) is not None:
        raise UnavailableError("A charge of this invoice is under way.", reason="charge_under_way")
    page = await ctx.db.scalar(
        select(Checkout.id).where(
            col(Checkout.invoice_id) == invoice_id, col(Checkout.status) == CheckoutStatus.OPEN
        )
    )
    if page is not None and not await checkouts.close(ctx, page):
        raise UnavailableError("A payment page has taken money.", reason="page_in_use")
    invoice = await ctx.get_any(Invoice, invoice_id)
    ref = invoice.provider_ref
    if not ref:
        return "nothing to withdraw"
    slug = PROVIDER_OF[Rail(invoice.rail)]
    async with ctx.outside() as providers:
        adapter = providers.payment(slug)
        copy = await adapter.fetch_invoice(ref)
        if copy.status == "paid":
            return "paid"
        if copy.status == "open":
            if invoice.status is InvoiceStatus.OPEN and copy.total == invoice.outstanding:
                return "as it should be"
            await adapter.void_invoice(ref)
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if invoice.status is not InvoiceStatus.OPEN:
        return "withdrawn"
    if invoice.provider_ref == ref:
        invoice.provider_ref, invoice.copies = None, invoice.copies + 1
    await push(ctx, invoice_id)
    return "replaced"


async def _bill_lines(ctx: Context, invoice: Invoice) -> list[BillLine]:
    """Return lines that add up to what is claimed now, whatever else stands between them and it."""
    nothing = Money.zero(invoice.currency)
    rows = await ctx.db.scalars(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id) == invoice.id)
        .order_by(col(InvoiceLine.position))
    )
    lines = [
        BillLine(
            f"{row.description}: {row.quantity}"
            if row.kind == LineKind.DEVICES
            else row.description,
            Money(row.amount_micros, row.currency).rounded(),
            f"line{row.position}",
        )
        for row in rows
    ]
    tax = Money(invoice.tax_micros, invoice.currency).rounded()
    if tax != nothing:
        lines.append(BillLine("Tax", tax, "tax"))
    less = invoice.total - invoice.outstanding
    if less != nothing:
        lines.append(BillLine("Credited or paid before", -less, "less"))
    listed = nothing
    for each in lines:
        listed += each.amount
    if listed != invoice.outstanding:
        lines.append(BillLine("Rounding and carry", invoice.outstanding - listed, "carry"))
    return lines


def _needs_copy(invoice: Invoice) -> bool:
    return (
        invoice.status is InvoiceStatus.OPEN
        and invoice.rail == Rail.CARD
        and invoice.provider_ref is None
        and invoice.outstanding > Money.zero(invoice.currency)
    )
