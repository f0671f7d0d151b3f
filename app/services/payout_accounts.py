"""Where a vendor's revenue share goes: an account its provider says is ready."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError
from app.core.ids import new_id
from app.rules.statuses import PayoutStatus
from app.services import outbox
from app.services.context import Context
from app.services.news import News
from app.services.outbox import insert_or_ignore
from app.services.ports import JobName
from app.services.rails import PROVIDER_OF
from models.payment import Payout, PayoutAccount
from models.tenant import Rail, Tenant


@dataclass(frozen=True, slots=True)
class PayoutAccountState:
    """Whether the acting vendor can be paid, and what is missing if not."""

    provider: str
    label: str
    is_ready: bool
    is_started: bool
    blocked_reason: str


async def state(ctx: Context) -> PayoutAccountState:
    """Return where the acting vendor's revenue share goes."""
    account = await current(ctx, ctx.tenant_id)
    if account is None:
        tenant = await ctx.db.get_one(Tenant, ctx.tenant_id)
        slug = PROVIDER_OF[tenant.rail] if tenant.rail else ""
        return PayoutAccountState(slug, "", is_ready=False, is_started=False, blocked_reason="")
    return PayoutAccountState(
        account.provider,
        account.label,
        account.is_ready,
        bool(account.account_ref),
        account.blocked_reason,
    )


async def current(ctx: Context, tenant_id: UUID) -> PayoutAccount | None:
    """Return the account a tenant is paid on: a ready one first, else the one begun last."""
    return await ctx.db.scalar(
        select(PayoutAccount)
        .where(col(PayoutAccount.tenant_id) == tenant_id)
        .order_by(
            col(PayoutAccount.is_ready).desc(),
            col(PayoutAccount.created_at).desc(),
            col(PayoutAccount.id).desc(),
        )
        .limit(1)
    )


async def start_onboarding(ctx: Context, *, return_path: str = "/vendor/revenue") -> str:
    """Return the page where the acting vendor proves its payout account; made anew per click.

    Coming back proves nothing: the account is ready when its provider says so. A vendor that pays
    by invoice has proved its account already, with the verification payment: ``ConflictError``
    ``proved_by_payment``.
    """
    tenant = await ctx.db.get_one(Tenant, ctx.tenant_id)
    if tenant.rail is not Rail.CARD:
        raise ConflictError(
            "Your payouts go to the account you connected to pay with.", reason="proved_by_payment"
        )
    slug = PROVIDER_OF[Rail.CARD]
    account = await _row(ctx, tenant.id, slug)
    back, ref, marker = ctx.site_url + return_path, account.account_ref, account.id
    async with ctx.outside() as providers:
        made, url = await providers.payment(slug).start_payout_onboarding(
            tenant_id=str(tenant.id),
            email=tenant.email,
            country=tenant.country,
            account_ref=ref,
            return_url=back,
            refresh_url=back,
            state=marker.hex,
            idempotency_key=f"payout_account:{marker}",
        )
    account = await _row(ctx, tenant.id, slug)
    account.account_ref = account.account_ref or made
    return url


async def proved(ctx: Context, tenant_id: UUID, slug: str, account_ref: str, label: str) -> None:
    """Keep an account whose owner proved it by paying from it."""
    account = await _row(ctx, tenant_id, slug)
    account.account_ref, account.label = account_ref, label
    account.is_ready, account.blocked_reason = True, ""
    account.ready_at = account.ready_at or ctx.now()
    await _release(ctx, tenant_id)


async def changed(ctx: Context, news: News) -> bool:
    """Take over what a provider says of an account; older news than the last are left aside."""
    account = await ctx.db.scalar(
        select(PayoutAccount)
        .where(
            col(PayoutAccount.provider) == news.provider,
            col(PayoutAccount.account_ref) == (news.text("account_ref") or news.subject_ref),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if account is None or (account.told_at and news.occurred_at < account.told_at):
        return False
    was_ready = account.is_ready
    account.told_at = news.occurred_at
    account.is_ready = news.flag("is_ready")
    account.blocked_reason = news.text("blocked_reason")
    if account.is_ready:
        account.ready_at = account.ready_at or ctx.now()
    if account.is_ready != was_ready:
        ctx.audit(
            "vendor.payout_account_changed",
            tenant_id=account.tenant_id,
            subject=("payout_account", account.id),
            body={"is_ready": account.is_ready, "blocked": account.blocked_reason},
        )
    if account.is_ready:
        await _release(ctx, account.tenant_id)
    return True


async def _release(ctx: Context, tenant_id: UUID) -> None:
    """Have payouts that waited for an account sent."""
    await ctx.db.flush()
    held = await ctx.db.scalars(
        select(Payout)
        .where(col(Payout.tenant_id) == tenant_id, col(Payout.status) == PayoutStatus.HELD)
        .order_by(col(Payout.period))
    )
    for payout in held:
        await outbox.enqueue(
            ctx,
            JobName.PAY_OUT,
            f"{payout.id}:{payout.attempts}:released:{ctx.now().isoformat()}",
            tenant_id=tenant_id,
            payout_id=str(payout.id),
        )


async def _row(ctx: Context, tenant_id: UUID, slug: str) -> PayoutAccount:
    values = {
        "id": new_id(),
        "tenant_id": tenant_id,
        "provider": slug,
        "account_ref": "",
        "label": "",
        "is_ready": False,
        "blocked_reason": "",
        "created_at": ctx.now(),
    }
    await ctx.db.execute(insert_or_ignore(ctx, PayoutAccount, values, "tenant_id", "provider"))
    rows = await ctx.db.scalars(
        select(PayoutAccount)
        .where(col(PayoutAccount.tenant_id) == tenant_id, col(PayoutAccount.provider) == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.one()
