"""What notifications about payments and pages do; each may come twice, late or out of order."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlmodel import col, select

from app.core.money import Money
from app.rules.statuses import InvoiceStatus
from app.services import (
    agent_cards,
    charges,
    checkouts,
    payment_methods,
    runtime_invoices,
    settlement,
    verification,
)
from app.services.context import Context
from app.services.news import News, NotKnownYetError
from app.services.settlement import Taken
from models.invoice import Invoice
from models.payment import Checkout, CheckoutPurpose, CheckoutStatus, Payment

_CLOCKS: Final = dt.timedelta(seconds=10)
"""How far the provider's clock and ours may differ."""


async def succeeded(ctx: Context, news: News) -> bool:
    """Settle what was paid; raises ``NotKnownYetError`` for money nobody can place yet."""
    page, invoice = await _subjects(ctx, news)
    if page is not None and page.purpose is CheckoutPurpose.VERIFICATION:
        return await verification.verified(ctx, page, news)
    if page is None and invoice is None:
        if await runtime_invoices.paid(ctx, news):
            return True
        if await _is_known(ctx, news):
            return False
        raise NotKnownYetError("This payment belongs to no page and no invoice of ours.")
    return await settlement.record(ctx, await _taken(ctx, news, page, invoice))


async def pending(ctx: Context, news: News) -> bool:
    """Remember that money is on its way; a page it comes by stays open and so keeps others shut."""
    page, invoice = await _subjects(ctx, news)
    amount = news.amount("amount")
    if not news.text("payment_ref") or amount is None or (page is None and invoice is None):
        return False
    await settlement.note_pending(ctx, await _taken(ctx, news, page, invoice))
    return True


async def failed(ctx: Context, news: News) -> bool:
    """End the page or the charge that failed; one still being carried out tells its end itself.

    Only a charge the provider left pending is ended by a notification, and only by one that is
    younger than the charge: an earlier charge's late notice must not release a later one's lock.
    """
    page, invoice = await _subjects(ctx, news)
    if page is not None:
        return await _page_failed(ctx, page, news)
    if invoice is None:
        return False
    invoice = await ctx.get_any(Invoice, invoice.id, lock=True)
    attempt = await charges.pending(ctx, invoice.id, lock=True)
    if attempt is None or attempt.reported != "pending":
        return False
    if news.occurred_at < attempt.started_at - _CLOCKS:
        return False
    await charges.fail(
        ctx,
        invoice,
        attempt,
        failure=news.text("failure"),
        payment_ref=news.text("payment_ref"),
        action_url=news.text("needs_action_url"),
    )
    return True


async def checkout_failed(ctx: Context, news: News) -> bool:
    """End a page that can take no money any more."""
    page = await checkouts.by_ref(ctx, news.provider, _page_ref(news))
    return page is not None and await _page_failed(ctx, page, news)


async def checkout_expired(ctx: Context, news: News) -> bool:
    """End a page that its provider closed."""
    page = await checkouts.by_ref(ctx, news.provider, _page_ref(news))
    if page is None or not await checkouts.finish(ctx, page.id, CheckoutStatus.EXPIRED):
        return False
    await agent_cards.setup_ended(ctx, page.tenant_id)
    return True


async def copy_voided(ctx: Context, news: News) -> bool:
    """Note that the provider's copy is void; ours is only ever voided by operations."""
    invoice = await _by_copy(ctx, news.text("invoice_ref") or news.subject_ref)
    if invoice is None or invoice.status is not InvoiceStatus.OPEN:
        return False
    ctx.audit(
        "invoice.copy_voided",
        tenant_id=invoice.tenant_id,
        subject=("invoice", invoice.id),
        body={"number": invoice.number},
        result="failure",
    )
    return True


async def _page_failed(ctx: Context, page: Checkout, news: News) -> bool:
    if page.purpose is not CheckoutPurpose.INVOICE:
        await payment_methods.note_failed(ctx, page)
    elif ref := news.text("payment_ref"):
        amount = Money(page.amount_micros, page.currency)
        tried = Taken(page.tenant_id, page.invoice_id, page.provider, ref, amount)
        await settlement.note_failed(ctx, tried, news.text("failure"))
    return await checkouts.finish(ctx, page.id, CheckoutStatus.FAILED)


async def _taken(ctx: Context, news: News, page: Checkout | None, invoice: Invoice | None) -> Taken:
    """Return what was paid; whatever the notification leaves out is asked of the provider."""
    ref, amount, label = news.text("payment_ref"), news.amount("amount"), news.text("label")
    copy_ref = "" if page or invoice is None else invoice.provider_ref or ""
    if not ref or amount is None:
        async with ctx.outside() as providers:
            adapter = providers.payment(news.provider)
            if page is not None:
                state = await adapter.fetch_page(page.provider_ref)
                ref, amount = ref or state.payment_ref, amount or state.amount
                label = label or state.label
            else:
                copy = await adapter.fetch_invoice(copy_ref)
                ref, amount = ref or copy.payment_ref, amount or copy.amount_paid
    if invoice is not None and not label:
        label = await charges.method_label(ctx, invoice)
    if not ref and copy_ref:
        ref = settlement.unnamed(copy_ref)
    if not ref or amount is None:
        raise NotKnownYetError("The provider does not say yet which payment this is.")
    subject = page or invoice
    assert subject is not None  # noqa: S101 - the callers made sure of one
    return Taken(
        subject.tenant_id,
        page.invoice_id if page else subject.id,
        news.provider,
        ref,
        amount,
        label=label,
        checkout_id=page.id if page else None,
        copy_ref=copy_ref,
    )


async def _subjects(ctx: Context, news: News) -> tuple[Checkout | None, Invoice | None]:
    """Return the page, or else the invoice, that a notification is about."""
    page = await checkouts.by_ref(ctx, news.provider, news.text("checkout_ref"))
    if page is not None:
        return page, None
    return None, await _by_copy(ctx, news.text("invoice_ref"))


async def _by_copy(ctx: Context, ref: str) -> Invoice | None:
    if not ref:
        return None
    return await ctx.db.scalar(select(Invoice).where(col(Invoice.provider_ref) == ref))


async def _is_known(ctx: Context, news: News) -> bool:
    """Tell whether this payment is written down already (another event told of the same money)."""
    found = await ctx.db.scalar(
        select(Payment.id).where(
            col(Payment.provider) == news.provider,
            col(Payment.provider_ref) == news.text("payment_ref"),
            col(Payment.settled_at).is_not(None),
        )
    )
    return found is not None


def _page_ref(news: News) -> str:
    return news.text("checkout_ref") or news.subject_ref
