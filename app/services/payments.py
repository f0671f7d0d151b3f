"""How a vendor pays: binding a card or an Alipay account, and letting go of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import ConflictError, InvalidInputError
from app.core.money import Money
from app.rules.statuses import InvoiceStatus, PaymentMethodStatus, move
from app.services import payment_methods, verification
from app.services.checkouts import ENDING, new_checkout
from app.services.context import Context
from app.services.ports import HostedPage
from app.services.rails import CURRENCY_OF, PROVIDER_OF
from models.invoice import Invoice
from models.payment import Checkout, CheckoutPurpose, CheckoutStatus
from models.person import Person
from models.tenant import Rail, Tenant

RETURN_PATHS: Final = ("/vendor/onboarding", "/vendor/settings?tab=payment")
"""Where a binding may come back to; coming back proves nothing."""


@dataclass(frozen=True, slots=True)
class BindingState:
    """What is known of the acting vendor's payment method."""

    rail: Rail | None
    currency: str
    status: PaymentMethodStatus | None
    label: str
    connected_at: dt.datetime | None
    is_page_open: bool


async def start_binding(ctx: Context, rail: Rail, *, return_path: str = RETURN_PATHS[0]) -> str:
    """Return the address of the page where the vendor proves its card or its Alipay account.

    Nothing is connected here: only the provider's notification does that. A page that is still
    open is handed out again. Raises ``ConflictError`` ``email_not_confirmed``,
    ``currency_not_supported`` or ``account_closed``.
    """
    if return_path not in RETURN_PATHS:
        raise InvalidInputError("There is no such page to return to.")
    tenant = await _own_tenant(ctx)
    await _check_email(ctx, tenant)
    slug = PROVIDER_OF[rail]
    method = await payment_methods.row(ctx, tenant.id, slug)
    if method.status is PaymentMethodStatus.DETACHED:
        method.status = move(method.status, PaymentMethodStatus.PENDING)
    currency = await _check_currency(ctx, tenant, rail)
    if not await _stores_methods(ctx, slug):
        return await verification.start(ctx, tenant.id, slug, ctx.site_url + return_path)
    page = await open_setup(ctx, tenant.id, slug, currency, ctx.site_url + return_path)
    return page.url


async def open_setup(
    ctx: Context,
    tenant_id: UUID,
    slug: str,
    currency: str,
    return_url: str,
    *,
    cancel_url: str = "",
) -> Checkout:
    """Return the page where a tenant stores its card; one that is still open is handed out again."""
    method = await payment_methods.row(ctx, tenant_id, slug)
    if method.status is PaymentMethodStatus.DETACHED:
        method.status = move(method.status, PaymentMethodStatus.PENDING)
    customer_ref = await ensure_customer(ctx, tenant_id)
    page = await _setup_page(ctx, tenant_id, slug, currency)
    if page.url:
        return page
    return await _ask_setup(ctx, page, customer_ref, return_url, cancel_url or return_url)


async def binding_state(ctx: Context) -> BindingState:
    """Return what the acting vendor pays with, and whether a binding page is still open."""
    tenant = await ctx.db.get_one(Tenant, ctx.tenant_id)
    method = await payment_methods.current(ctx, tenant.id)
    page = await _open_binding(ctx, tenant.id)
    return BindingState(
        tenant.rail,
        tenant.currency,
        method.status if method else None,
        method.label if method else "",
        method.connected_at if method else None,
        page is not None and page.expires_at > wall_now(),
    )


async def ensure_customer(ctx: Context, tenant_id: UUID) -> str:
    """Return the provider's id of a card-paying tenant, made when missing; holds when repeated."""
    tenant = await ctx.db.get_one(Tenant, tenant_id)
    slug = PROVIDER_OF[Rail.CARD]
    method = await payment_methods.row(ctx, tenant_id, slug)
    if method.customer_ref:
        return method.customer_ref
    async with ctx.outside() as providers:
        made = await providers.payment(slug).create_customer(
            tenant_id=str(tenant_id),
            name=tenant.legal_name or tenant.display_name or tenant.email,
            email=tenant.email,
            idempotency_key=f"customer:{tenant_id}",
        )
    method = await payment_methods.row(ctx, tenant_id, slug)
    method.customer_ref = method.customer_ref or made
    await ctx.db.flush()
    return method.customer_ref


async def detach(ctx: Context) -> None:
    """Let go of the acting vendor's payment method; from then on no device can be registered.

    Raises ``ConflictError`` ``invoices_open`` while an invoice is to be paid with it.
    """
    method = await payment_methods.current(ctx, ctx.tenant_id)
    if method is None or method.status is not PaymentMethodStatus.CONNECTED:
        raise ConflictError("No payment method is connected.", reason="no_payment_method")
    owing = await ctx.db.scalar(
        ctx.mine(Invoice).where(col(Invoice.status) == InvoiceStatus.OPEN).limit(1)
    )
    if owing is not None:
        raise ConflictError("Please pay the open invoice first.", reason="invoices_open")
    if method.method_ref:
        async with ctx.outside() as providers:
            adapter = providers.payment(method.provider)
            if adapter.can_store_method:
                await adapter.detach_method(method.method_ref)
    await payment_methods.let_go(
        ctx, await payment_methods.row(ctx, ctx.tenant_id, method.provider)
    )


async def _setup_page(ctx: Context, tenant_id: UUID, slug: str, currency: str) -> Checkout:
    """Return the open setup page, or the row of a new one; the tenant's row is locked meanwhile."""
    await ctx.db.get_one(Tenant, tenant_id, with_for_update=True)
    page = await _open_binding(ctx, tenant_id, slug)
    if page is not None and page.expires_at - ENDING > wall_now():
        return page
    if page is not None:
        page.status, page.finished_at = CheckoutStatus.EXPIRED, ctx.now()
    nothing = Money.zero(currency)
    page = new_checkout(
        ctx, tenant_id=tenant_id, provider=slug, purpose=CheckoutPurpose.SETUP, amount=nothing
    )
    await ctx.db.flush()
    return page


async def _ask_setup(
    ctx: Context, page: Checkout, customer_ref: str, return_url: str, cancel_url: str
) -> Checkout:
    ways = return_url
    if cancel_url != return_url:  # somebody else's addresses, of any length
        ways = hashlib.sha256(f"{return_url}\n{cancel_url}".encode()).hexdigest()
    async with ctx.outside() as providers:
        hosted: HostedPage = await providers.payment(page.provider).start_setup(
            customer_ref=customer_ref,
            tenant_id=str(page.tenant_id),
            currency=page.currency,
            return_url=return_url,
            cancel_url=cancel_url,
            state=page.id.hex,
            idempotency_key=f"setup:{page.id}:{ways}",
        )
    row = await ctx.db.get_one(Checkout, page.id, with_for_update=True, populate_existing=True)
    row.provider_ref, row.url = hosted.provider_ref, hosted.url
    await ctx.db.flush()
    return row


async def _open_binding(ctx: Context, tenant_id: UUID, slug: str = "") -> Checkout | None:
    purposes = (CheckoutPurpose.SETUP, CheckoutPurpose.VERIFICATION)
    query = select(Checkout).where(
        col(Checkout.tenant_id) == tenant_id,
        col(Checkout.status) == CheckoutStatus.OPEN,
        col(Checkout.purpose).in_(purposes),
    )
    if slug:
        query = query.where(col(Checkout.provider) == slug)
    newest = query.order_by(col(Checkout.created_at).desc(), col(Checkout.id).desc()).limit(1)
    return await ctx.db.scalar(newest)


async def _own_tenant(ctx: Context) -> Tenant:
    tenant = await ctx.db.get_one(Tenant, ctx.tenant_id, with_for_update=True)
    if tenant.closed_at is not None:
        raise ConflictError("This account is closed.", reason="account_closed")
    return tenant


async def _check_email(ctx: Context, tenant: Tenant) -> None:
    """Nothing at all is provisioned for an address that nobody confirmed."""
    confirmed = await ctx.db.scalar(
        select(Person.id)
        .where(col(Person.tenant_id) == tenant.id, col(Person.email_confirmed_at).is_not(None))
        .limit(1)
    )
    if confirmed is None:
        raise ConflictError("Please confirm your e-mail first.", reason="email_not_confirmed")


async def _check_currency(ctx: Context, tenant: Tenant, rail: Rail) -> str:
    """Return the currency a rail would be paid in; a price agreed in another one rules it out."""
    if tenant.activated_at is None:
        return CURRENCY_OF[rail]
    async with ctx.outside() as providers:
        taken = providers.payment(PROVIDER_OF[rail]).currencies
    if tenant.currency not in taken:
        raise ConflictError(
            f"Your price is agreed in {tenant.currency}, which cannot be paid this way.",
            reason="currency_not_supported",
        )
    return tenant.currency


async def _stores_methods(ctx: Context, slug: str) -> bool:
    async with ctx.outside() as providers:
        return providers.payment(slug).can_store_method
