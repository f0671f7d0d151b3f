"""A vendor's payment methods: one a provider, connected only on the provider's word."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import col, select

from app.core.ids import new_id
from app.rules.statuses import InvoiceStatus, PaymentMethodStatus, move
from app.services import agent_cards, checkouts, notices, onboarding
from app.services.context import Context
from app.services.news import News
from app.services.outbox import insert_or_ignore
from app.services.rails import CURRENCY_OF, PROVIDER_OF
from models.invoice import Invoice
from models.payment import Checkout, CheckoutPurpose, CheckoutStatus, PaymentMethod
from models.tenant import Programme, Rail, Tenant


async def current(ctx: Context, tenant_id: UUID) -> PaymentMethod | None:
    """Return the method a tenant pays with: the default one, else the one begun last."""
    return await ctx.db.scalar(
        select(PaymentMethod)
        .where(col(PaymentMethod.tenant_id) == tenant_id)
        .order_by(
            col(PaymentMethod.is_default).desc(),
            col(PaymentMethod.created_at).desc(),
            col(PaymentMethod.id).desc(),
        )
        .limit(1)
    )


async def row(ctx: Context, tenant_id: UUID, slug: str) -> PaymentMethod:
    """Return a tenant's one row for a provider, made when missing, locked."""
    values = {
        "id": new_id(),
        "tenant_id": tenant_id,
        "provider": slug,
        "status": PaymentMethodStatus.PENDING,
        "customer_ref": "",
        "method_ref": "",
        "label": "",
        "is_default": False,
        "created_at": ctx.now(),
    }
    await ctx.db.execute(insert_or_ignore(ctx, PaymentMethod, values, "tenant_id", "provider"))
    rows = await ctx.db.scalars(
        select(PaymentMethod)
        .where(col(PaymentMethod.tenant_id) == tenant_id, col(PaymentMethod.provider) == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.one()


async def connected(ctx: Context, news: News) -> bool:
    """Connect the method a notification proves; telling it again changes nothing."""
    page = await checkouts.by_ref(ctx, news.provider, news.text("checkout_ref"))
    tenant_id = page.tenant_id if page else await _payer(ctx, news)
    method_ref = news.text("method_ref")
    if page is not None:
        await checkouts.finish(ctx, page.id, CheckoutStatus.COMPLETED)
    if tenant_id is None or not method_ref:
        return False
    await ctx.get_any(Tenant, tenant_id, lock=True)
    method = await row(ctx, tenant_id, news.provider)
    if method.method_ref == method_ref and method.status is not PaymentMethodStatus.FAILED:
        # Known, or let go of since: an old notice must not bring a detached card back.
        return _learn_label(method, news.text("label"))
    if method.status is PaymentMethodStatus.DETACHED:
        return False
    await connect(
        ctx,
        method,
        customer_ref=news.text("customer_ref"),
        method_ref=method_ref,
        label=news.text("label"),
    )
    return True


async def connect(
    ctx: Context, method: PaymentMethod, *, customer_ref: str, method_ref: str, label: str
) -> None:
    """Make a method the one its tenant pays with, and go on with what waited for it."""
    tenant = await ctx.get_any(Tenant, method.tenant_id, lock=True)
    if method.status is not PaymentMethodStatus.CONNECTED:
        method.status = move(method.status, PaymentMethodStatus.CONNECTED)
    method.customer_ref = customer_ref or method.customer_ref
    method.method_ref, method.label = method_ref, label or method.label
    method.connected_at, method.detached_at, method.is_default = ctx.now(), None, True
    others = await ctx.db.scalars(
        select(PaymentMethod).where(
            col(PaymentMethod.tenant_id) == tenant.id, col(PaymentMethod.id) != method.id
        )
    )
    for other in others:
        other.is_default = False
    rail = next(rail for rail, slug in PROVIDER_OF.items() if slug == method.provider)
    tenant.rail = rail
    if tenant.activated_at is None:
        tenant.currency = CURRENCY_OF[rail]
    await _close_pages(ctx, method)
    await ctx.db.flush()
    await _charge_what_waits(ctx, tenant.id)
    if tenant.programme is Programme.AGENT:
        await agent_cards.card_connected(ctx, tenant, method)
        return
    ctx.audit(
        "vendor.payment_connected",
        tenant_id=tenant.id,
        subject=("payment_method", method.id),
        body={"provider": method.provider, "label": method.label},
    )
    await notices.to_vendor(
        ctx,
        "payment_connected",
        tenant,
        key=f"payment_connected/{method.id}/{method_ref}",
        tenant=tenant.display_name or tenant.email,
        method=method.label or "Your card",
        url="/vendor/onboarding",
    )
    await onboarding.activate_if_ready(ctx, tenant.id)


async def detached(ctx: Context, news: News) -> bool:
    """Let go of a method that the provider no longer holds; an earlier one's notice is old news."""
    method = await ctx.db.scalar(
        select(PaymentMethod)
        .where(
            col(PaymentMethod.provider) == news.provider,
            col(PaymentMethod.method_ref) == (news.text("method_ref") or news.subject_ref),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if method is None or method.status is not PaymentMethodStatus.CONNECTED:
        return False
    await let_go(ctx, method)
    return True


async def note_failed(ctx: Context, page: Checkout) -> None:
    """Note that a binding came to nothing; a method connected before stays."""
    method = await row(ctx, page.tenant_id, page.provider)
    if method.status is PaymentMethodStatus.PENDING:
        method.status = move(method.status, PaymentMethodStatus.FAILED)
    await agent_cards.setup_ended(ctx, page.tenant_id)


async def let_go(ctx: Context, method: PaymentMethod) -> None:
    """Mark a method as no longer ours to charge; the row is locked by the caller."""
    if method.status is PaymentMethodStatus.DETACHED:
        return
    method.status = move(method.status, PaymentMethodStatus.DETACHED)
    method.detached_at, method.is_default = ctx.now(), False
    if await agent_cards.card_gone(ctx, method):
        return
    ctx.audit(
        "vendor.payment_detached",
        tenant_id=method.tenant_id,
        subject=("payment_method", method.id),
        body={"provider": method.provider, "label": method.label},
    )


def _learn_label(method: PaymentMethod, label: str) -> bool:
    """Keep the name of a connected instrument that tells its number; others are no news."""
    names_it = any(char.isdigit() for char in label)
    if method.status is not PaymentMethodStatus.CONNECTED or not names_it or label == method.label:
        return False
    method.label = label
    return True


async def _close_pages(ctx: Context, method: PaymentMethod) -> None:
    """Note that the pages opened to bind this method have done their work."""
    pages = await ctx.db.scalars(
        select(Checkout)
        .where(
            col(Checkout.tenant_id) == method.tenant_id,
            col(Checkout.provider) == method.provider,
            col(Checkout.purpose) == CheckoutPurpose.SETUP,
            col(Checkout.status) == CheckoutStatus.OPEN,
        )
        .with_for_update()
    )
    for page in pages:
        page.status, page.finished_at = CheckoutStatus.COMPLETED, ctx.now()


async def _charge_what_waits(ctx: Context, tenant_id: UUID) -> None:
    """Try a new card at once for invoices that the old one did not pay."""
    waiting = await ctx.db.scalars(
        select(Invoice).where(
            col(Invoice.tenant_id) == tenant_id,
            col(Invoice.status) == InvoiceStatus.OPEN,
            col(Invoice.rail) == Rail.CARD,
            col(Invoice.failures) > 0,
        )
    )
    for invoice in waiting:
        invoice.next_attempt_at = ctx.now()


async def _payer(ctx: Context, news: News) -> UUID | None:
    """Return the tenant whose customer a notification names."""
    ref = news.text("customer_ref")
    if not ref:
        return None
    return await ctx.db.scalar(
        select(PaymentMethod.tenant_id).where(
            col(PaymentMethod.provider) == news.provider, col(PaymentMethod.customer_ref) == ref
        )
    )
