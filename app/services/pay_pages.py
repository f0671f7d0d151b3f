"""The payment page behind a mailed link: whoever holds the link may see and pay that one invoice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col, select

from app.core.errors import NotFoundError
from app.core.money import Money
from app.rules.dunning import shown_status
from app.rules.statuses import InvoiceStatus
from app.services import charges, checkouts, pay_links
from app.services.context import Context
from models.invoice import Invoice


@dataclass(frozen=True, slots=True)
class PayView:
    """What the page shows: no more than the invoice itself, which came with the same mail."""

    number: str
    seller: str
    buyer: str
    status: InvoiceStatus
    total: Money
    outstanding: Money
    due_on: dt.date | None
    locale: str
    is_payable: bool
    is_in_progress: bool


async def show(ctx: Context, token: str) -> PayView:
    """Return what the link is about; an unknown one looks like none."""
    invoice = await _find(ctx, token)
    nothing = Money.zero(invoice.currency)
    left = max(nothing, invoice.outstanding)
    busy = await charges.pending(ctx, invoice.id) is not None
    return PayView(
        number=invoice.number or "",
        seller=str(invoice.seller.get("name", "")),
        buyer=str(invoice.buyer.get("name", "")),
        status=shown_status(invoice.status, invoice.due_at, ctx.now()),
        total=invoice.total,
        outstanding=left if invoice.status is InvoiceStatus.OPEN else nothing,
        due_on=(invoice.due_at - dt.timedelta(days=1)).date() if invoice.due_at else None,
        locale=invoice.locale,
        is_payable=invoice.status is InvoiceStatus.OPEN and left > nothing and not busy,
        is_in_progress=busy,
    )


async def start(ctx: Context, token: str) -> str:
    """Return the provider's page for the link's invoice; raises what ``pay_invoice`` raises."""
    invoice = await _find(ctx, token)
    return await checkouts.pay_invoice(ctx, invoice.id)


async def _find(ctx: Context, token: str) -> Invoice:
    invoice = await ctx.db.scalar(
        select(Invoice).where(col(Invoice.pay_token_hash) == pay_links.token_hash(ctx, token))
    )
    if invoice is None:
        raise NotFoundError("This payment link is not valid.")
    return invoice
