"""Proving an account by paying a cent from it: counted apart from all claims, and given back."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.money import Money
from app.rules.statuses import PaymentMethodStatus, PaymentStatus, move
from app.services import checkouts, ledger, payment_methods, payout_accounts, refunds, settlement
from app.services.checkouts import ENDING, PageOrder, new_checkout
from app.services.context import Context
from app.services.ledger import HOUSE
from app.services.news import News, NotKnownYetError
from app.services.settlement import Taken
from models.ledger import AccountKind
from models.payment import Checkout, CheckoutPurpose, CheckoutStatus
from models.tenant import Tenant

AMOUNT: Final = Money.of("0.01", "CNY")
"""What the payer proves its account with."""


async def start(ctx: Context, tenant_id: UUID, slug: str, return_url: str) -> str:
    """Return the page that takes the test payment; one still open is handed out again."""
    await ctx.db.get_one(Tenant, tenant_id, with_for_update=True)
    page = await ctx.db.scalar(
        select(Checkout)
        .where(
            col(Checkout.tenant_id) == tenant_id,
            col(Checkout.provider) == slug,
            col(Checkout.purpose) == CheckoutPurpose.VERIFICATION,
            col(Checkout.status) == CheckoutStatus.OPEN,
        )
        .order_by(col(Checkout.created_at).desc(), col(Checkout.id).desc())
        .limit(1)
    )
    if page is not None and page.expires_at - ENDING <= wall_now():
        page.status, page.finished_at = CheckoutStatus.EXPIRED, ctx.now()
        page = None
    if page is None:
        page = new_checkout(
            ctx,
            tenant_id=tenant_id,
            provider=slug,
            purpose=CheckoutPurpose.VERIFICATION,
            amount=AMOUNT,
        )
        await ctx.db.flush()
    if page.url:
        return page.url
    order = PageOrder(
        page.id, slug, AMOUNT, "Account verification", "", return_url, page.expires_at
    )
    return await checkouts.ask(ctx, page, order)


async def verified(ctx: Context, page: Checkout, news: News) -> bool:
    """Connect the account that paid the cent, and give the cent back; harmless when repeated.

    The provider's id of the payer is both whom we invoice and whom we pay out to.
    """
    payer, ref = news.text("customer_ref"), news.text("payment_ref")
    amount = news.amount("amount")
    if not payer or not ref or amount is None:
        raise NotKnownYetError("The notification names no account, payment or amount.")
    await ctx.get_any(Tenant, page.tenant_id, lock=True)
    method = await payment_methods.row(ctx, page.tenant_id, page.provider)
    taken = Taken(page.tenant_id, None, page.provider, ref, amount, news.text("label"))
    payment = await settlement.locked_payment(ctx, taken)
    if payment.status not in settlement.NOT_YET_MONEY:
        return False
    payment.status, payment.settled_at = (
        move(payment.status, PaymentStatus.SUCCEEDED),
        ctx.now(),
    )
    payment.checkout_id = page.id
    await checkouts.finish(ctx, page.id, CheckoutStatus.COMPLETED)
    if amount == AMOUNT and not (
        method.status is PaymentMethodStatus.CONNECTED and method.customer_ref == payer
    ):
        if method.status is PaymentMethodStatus.DETACHED:
            method.status = move(method.status, PaymentMethodStatus.PENDING)
        label = news.text("label") or f"Alipay {masked(payer)}"
        await payment_methods.connect(
            ctx, method, customer_ref=payer, method_ref=payer, label=label
        )
        await payout_accounts.proved(ctx, page.tenant_id, page.provider, payer, label)
    await refunds.request(ctx, payment, amount, "account verification")
    await ledger.post(
        ctx,
        key=f"payment:{payment.id}",
        kind="verification",
        tenant_id=page.tenant_id,
        memo=ref,
        postings=[
            (HOUSE, AccountKind.PROCESSOR, amount),
            (str(page.tenant_id), AccountKind.VERIFICATION, -amount),
        ],
    )
    return True


def masked(account: str) -> str:
    """Return an account's id so that its owner knows it and nobody else learns it."""
    return f"{account[:4]}…{account[-4:]}" if len(account) > 8 else "…" + account[-2:]
