"""Hosted pages that take one payment: durable before they exist, at most one alive an invoice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import ConflictError, ProviderRefusedError
from app.core.ids import new_id
from app.core.money import Money
from app.rules.statuses import InvoiceStatus, PaymentStatus
from app.services import pay_links, settlement
from app.services.context import Context
from app.services.ports import HostedPage, Providers
from app.services.rails import PROVIDER_OF
from app.services.settlement import Taken
from models.invoice import Invoice
from models.payment import ChargeAttempt, Checkout, CheckoutPurpose, CheckoutStatus, PaymentMethod
from models.tenant import Rail

LIFE: Final = dt.timedelta(hours=23)
"""How long a page takes money; providers allow at most 24 hours."""
ENDING: Final = dt.timedelta(minutes=30)
"""A page that ends within this time is replaced rather than handed out again."""


@dataclass(frozen=True, slots=True)
class PageOrder:
    """What to ask a provider for; the same order always yields the same page."""

    checkout_id: UUID
    provider: str
    amount: Money
    description: str
    customer_ref: str
    return_url: str
    expires_at: dt.datetime

    async def place(self, providers: Providers) -> HostedPage:
        """Ask for the page, or again for the same one."""
        return await providers.payment(self.provider).start_payment(
            amount=self.amount,
            reference=self.checkout_id.hex,
            description=self.description,
            customer_ref=self.customer_ref,
            return_url=self.return_url,
            cancel_url=self.return_url,
            expires_at=self.expires_at,
            idempotency_key=f"checkout:{self.checkout_id}",
        )


def new_checkout(
    ctx: Context,
    *,
    tenant_id: UUID,
    provider: str,
    purpose: CheckoutPurpose,
    amount: Money,
    invoice_id: UUID | None = None,
) -> Checkout:
    """Add a page's row; only once it is durable is the provider asked for the page itself."""
    id_ = new_id()
    page = Checkout(
        id=id_,
        tenant_id=tenant_id,
        invoice_id=invoice_id,
        purpose=purpose,
        provider=provider,
        provider_ref=f"unasked:{id_}",
        amount_micros=amount.micros,
        currency=amount.currency,
        url="",
        created_at=ctx.now(),
        expires_at=wall_now().replace(microsecond=0) + LIFE,
    )
    ctx.db.add(page)
    return page


async def pay_invoice(ctx: Context, invoice_id: UUID) -> str:
    """Return the address of the page that takes what an invoice still claims.

    Called with the right to the invoice already shown. Raises ``ConflictError``
    ``nothing_to_pay`` or ``payment_in_progress``: while an automatic charge or an earlier page may
    still take the money, no second way is opened.
    """
    for _ in range(3):
        invoice = await ctx.db.get_one(
            Invoice, invoice_id, with_for_update=True, populate_existing=True
        )
        _check_payable(invoice)
        await _check_no_charge(ctx, invoice_id)
        page = await open_page(ctx, invoice_id)
        if page is None:
            page = new_checkout(
                ctx,
                tenant_id=invoice.tenant_id,
                provider=PROVIDER_OF[Rail(invoice.rail)],
                purpose=CheckoutPurpose.INVOICE,
                amount=invoice.outstanding,
                invoice_id=invoice.id,
            )
        if page.url and _is_good(page, invoice):
            return page.url
        if not page.url:
            return await ask(ctx, page, await _order(ctx, page, invoice))
        if not await close(ctx, page.id):
            break
    raise ConflictError(
        "A payment of this invoice is in progress. Please wait a moment.",
        reason="payment_in_progress",
        retry_after=60,
    )


async def open_page(ctx: Context, invoice_id: UUID) -> Checkout | None:
    """Return the one open page of an invoice, locked."""
    return await ctx.db.scalar(
        select(Checkout)
        .where(col(Checkout.invoice_id) == invoice_id, col(Checkout.status) == CheckoutStatus.OPEN)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def by_ref(ctx: Context, provider: str, ref: str) -> Checkout | None:
    """Return the page a provider names."""
    if not ref:
        return None
    return await ctx.db.scalar(
        select(Checkout).where(
            col(Checkout.provider) == provider, col(Checkout.provider_ref) == ref
        )
    )


async def close(ctx: Context, checkout_id: UUID) -> bool:
    """See to it that a page takes no more money; False when it has taken some or is about to.

    What it has taken for certain is written down here, in case the notification got lost.
    """
    page = await ctx.db.get_one(Checkout, checkout_id)
    if page.status is not CheckoutStatus.OPEN:
        return page.status is not CheckoutStatus.COMPLETED
    if not page.url:
        try:
            await ask(ctx, page, await _order_of(ctx, page))
        except ProviderRefusedError:
            await _finish(ctx, checkout_id, CheckoutStatus.FAILED)
            return True
    async with ctx.outside() as providers:
        adapter = providers.payment(page.provider)
        closed = await adapter.expire_page(page.provider_ref)
        state = None if closed else await adapter.fetch_page(page.provider_ref)
    if closed:
        await _finish(ctx, checkout_id, CheckoutStatus.EXPIRED)
        return True
    if state is not None and state.status in ("failed", "expired"):
        await _finish(ctx, checkout_id, CheckoutStatus.FAILED)
        return True
    if state is not None and state.status == "succeeded" and state.amount and page.invoice_id:
        await settlement.record(
            ctx,
            Taken(
                page.tenant_id,
                page.invoice_id,
                page.provider,
                state.payment_ref,
                state.amount,
                label=state.label,
                checkout_id=page.id,
            ),
        )
    return False


async def finish(ctx: Context, checkout_id: UUID, status: CheckoutStatus) -> bool:
    """Note that a page ended; a page that has ended already stays as it is."""
    return await _finish(ctx, checkout_id, status)


async def _finish(ctx: Context, checkout_id: UUID, status: CheckoutStatus) -> bool:
    page = await ctx.db.get_one(Checkout, checkout_id, with_for_update=True, populate_existing=True)
    if page.status is not CheckoutStatus.OPEN:
        return False
    page.status, page.finished_at = status, ctx.now()
    return True


async def ask(ctx: Context, page: Checkout, order: PageOrder) -> str:
    """Ask the provider for a page whose row is stored, and keep its address."""
    await ctx.db.flush()
    async with ctx.outside() as providers:
        hosted = await order.place(providers)
    row = await ctx.db.get_one(Checkout, page.id, with_for_update=True, populate_existing=True)
    row.provider_ref, row.url = hosted.provider_ref, hosted.url
    await ctx.db.flush()
    return hosted.url


async def _order_of(ctx: Context, page: Checkout) -> PageOrder:
    assert page.invoice_id is not None  # noqa: S101 - only an invoice's pages are closed by us
    invoice = await ctx.db.get_one(Invoice, page.invoice_id)
    return await _order(ctx, page, invoice)


async def _order(ctx: Context, page: Checkout, invoice: Invoice) -> PageOrder:
    """Return what to ask for; made of what never changes, so that asking again gives the same."""
    customer = await ctx.db.scalar(
        select(PaymentMethod.customer_ref).where(
            col(PaymentMethod.tenant_id) == invoice.tenant_id,
            col(PaymentMethod.provider) == page.provider,
        )
    )
    return PageOrder(
        page.id,
        page.provider,
        Money(page.amount_micros, page.currency),
        f"Invoice {invoice.number}",
        customer or "",
        ctx.site_url + pay_links.path(ctx, invoice.id),
        page.expires_at,
    )


def _check_payable(invoice: Invoice) -> None:
    if invoice.status is not InvoiceStatus.OPEN or invoice.outstanding <= Money.zero(
        invoice.currency
    ):
        raise ConflictError("Nothing is left to pay.", reason="nothing_to_pay")


async def _check_no_charge(ctx: Context, invoice_id: UUID) -> None:
    pending = await ctx.db.scalar(
        select(ChargeAttempt.id).where(
            col(ChargeAttempt.invoice_id) == invoice_id,
            col(ChargeAttempt.status) == PaymentStatus.PENDING,
        )
    )
    if pending is not None:
        raise ConflictError(
            "We are charging the payment method on file. Please wait a moment.",
            reason="payment_in_progress",
            retry_after=60,
        )


def _is_good(page: Checkout, invoice: Invoice) -> bool:
    return (
        page.expires_at - ENDING > wall_now()
        and Money(page.amount_micros, page.currency) == invoice.outstanding
        and page.provider == PROVIDER_OF[Rail(invoice.rail)]
    )
