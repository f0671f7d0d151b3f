"""Statements of revenue share: every payment that counted, drawn once and mailed as stored."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError
from app.core.invoice_document import (
    Brand,
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    PaymentInstructions,
    paper_for,
)
from app.core.money import Money
from app.core.phrases import Phrase
from app.rules.periods import BillingMonth
from app.rules.revenue import SHARE
from app.services import delivery, invoice_docs, notices, parties
from app.services.context import Context
from models.device import Acquisition, Device
from models.payment import Payout, PayoutAccount
from models.stored_file import StoredFile
from models.tenant import Rail, Tenant
from models.usage import ProPayment


async def deliver(ctx: Context, payout_id: UUID) -> str:
    """Store the statement of a payout and mail it; repeated, it mails nothing twice."""
    ctx.require_system()
    payout = await ctx.get_any(Payout, payout_id)
    if payout.statement_id is None:
        doc = await document_of(ctx, payout)
        await ctx.save()  # nothing may be locked while the document is drawn
        content = await asyncio.to_thread(ctx.documents.pdf, doc)
        payout = await ctx.get_any(Payout, payout_id, lock=True)
        if payout.statement_id is None:
            name = f"{payout.number}.pdf"
            payout.statement_id = await delivery.store(ctx, payout.tenant_id, name, content)
    tenant = await ctx.db.get_one(Tenant, payout.tenant_id)
    month = BillingMonth.parse(payout.period)
    await notices.to_vendor(
        ctx,
        "payout_statement",
        tenant,
        key=f"payout_statement/{payout.id}",
        attachments=[payout.statement_id],
        number=payout.number or "",
        total=Money(payout.amount_micros, payout.currency),
        period=(month.first_day, month.end.date()),
        pay=await _how(ctx, payout, tenant),
        url="/vendor/revenue",
    )
    return str(payout.statement_id)


async def pdf(ctx: Context, payout_id: UUID) -> StoredFile:
    """Return a statement to its vendor or to operations; raises ``ConflictError`` before it is drawn."""
    payout = (
        await ctx.get_mine(Payout, payout_id)
        if ctx.actor.tenant_id
        else await ctx.get_any(Payout, payout_id)
    )
    if payout.statement_id is None:
        raise ConflictError(
            "The document is being prepared.", reason="pdf_not_ready", retry_after=5
        )
    return await ctx.db.get_one(StoredFile, payout.statement_id)


async def document_of(ctx: Context, payout: Payout) -> InvoiceDocument:
    """Return a payout's statement as it is printed."""
    tenant = await ctx.db.get_one(Tenant, payout.tenant_id)
    month = BillingMonth.parse(payout.period)
    lines, gross, refunded, count = await _lines(ctx, payout)
    carried_in = Money(payout.carried_in_micros, payout.currency)
    carried_out = Money(payout.carried_out_micros, payout.currency)
    total = Money(payout.amount_micros, payout.currency)
    seller, buyer = parties.seller(ctx), parties.buyer(tenant)
    payee = parties.party(buyer)
    return InvoiceDocument(
        kind=DocumentKind.STATEMENT,
        number=payout.number or "",
        issued_on=payout.created_at.date(),
        currency=payout.currency,
        seller=parties.party(seller),
        buyer=payee,
        lines=lines,
        subtotal=total + carried_out - carried_in,
        total=total,
        brand=await parties.brand(ctx, buyer),
        issuer_brand=Brand(str(seller["name"])),
        period_start=month.first_day,
        period_end=month.end.date(),
        carried_in=carried_in,
        carried_out=carried_out,
        pay=PaymentInstructions(_method(tenant), await _how(ctx, payout, tenant)),
        basis=Phrase.of(
            "basis.revenue_share",
            rate=f"{(SHARE * 100).normalize():f}%",
            count=count,
            gross=gross,
            refunded=refunded,
        ),
        reference=payout.number or "",
        locale=invoice_docs.as_locale(tenant.locale),
        paper=paper_for(payee.country),
    )


async def _lines(
    ctx: Context, payout: Payout
) -> tuple[tuple[DocumentLine, ...], Money, Money, int]:
    """Return the lines, what was paid and refunded in all, and how many payments there were."""
    rows = await ctx.db.execute(
        select(ProPayment, Device.device_id)
        .outerjoin(Acquisition, col(Acquisition.user_omni) == ProPayment.user_omni)
        .outerjoin(Device, col(Device.id) == Acquisition.device_pk)
        .where(col(ProPayment.payout_id) == payout.id)
        .order_by(col(ProPayment.occurred_at), col(ProPayment.id))
    )
    found = [(payment, str(device_id or "")) for payment, device_id in rows]
    refunds_of = {payment.refunds_id for payment, _ in found if payment.refunds_id}
    first_paid = await ctx.db.execute(
        select(ProPayment.id, ProPayment.occurred_at).where(col(ProPayment.id).in_(refunds_of))
    )
    paid_on = {id_: at.date() for id_, at in first_paid}
    lines: list[DocumentLine] = []
    gross = refunded = Money.zero(payout.currency)
    count = 0
    for payment, device_id in found:
        amount = Money(payment.gross_micros, payment.currency)
        user = f"{payment.user_omni[:4]}…{payment.user_omni[-4:]}"
        day = payment.occurred_at.date()
        if amount < Money.zero(payout.currency):
            refunded -= amount
            title = Phrase.of("line.pro_refund", user=user)
            detail = Phrase.of(
                "line.pro_refund.detail",
                refunded_on=day,
                paid_on=paid_on.get(payment.refunds_id or payment.id, day),
            )
        else:
            gross, count = gross + amount, count + 1
            title = Phrase.of("line.pro_payment", user=user)
            detail = Phrase.of("line.pro_payment.detail", paid_on=day, device=device_id)
        share = Money(payment.share_micros, payment.currency)
        rate = f"{(Decimal(SHARE) * 100).normalize():f}%"
        lines.append(DocumentLine(title, share, detail=detail, quantity=rate, unit_price=amount))
    return tuple(lines), gross, refunded, count


def _method(tenant: Tenant) -> Phrase:
    return Phrase.of("pay.payout.alipay" if tenant.rail is Rail.INVOICE else "pay.payout.connect")


async def _how(ctx: Context, payout: Payout, tenant: Tenant) -> Phrase:
    """Say how a payout is made; below the minimum there is nothing to be made."""
    if payout.amount_micros == 0:
        return Phrase.of("pay.payout.carried")
    day = payout.created_at.date()
    if tenant.rail is not Rail.INVOICE:
        return Phrase.of("pay.payout.connect.detail", paid_on=day)
    label = await ctx.db.scalar(
        select(PayoutAccount.label).where(col(PayoutAccount.tenant_id) == tenant.id).limit(1)
    )
    return Phrase.of("pay.payout.alipay.detail", account=label or "", paid_on=day)
