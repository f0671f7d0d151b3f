"""The way from sign-up to the first device; its place is worked out from what is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from app.core.errors import ConflictError, NotFoundError
from app.rules import onboarding as rules
from app.rules.onboarding import Progress, Step
from app.rules.rating import default_price
from app.rules.statuses import PaymentMethodStatus, TenantStatus, move
from app.services import agreements, outbox, people
from app.services.agreements import Acceptance
from app.services.context import ActorKind, Context
from app.services.ports import JobName
from models.credential import Credential, CredentialKind
from models.payment import PaymentMethod
from models.person import Person
from models.price import PriceContract
from models.tenant import Rail, Tenant


@dataclass(frozen=True, slots=True)
class Onboarding:
    """Everything the wizard shows, on whichever device it is opened again."""

    progress: Progress
    email: str
    status: TenantStatus
    display_name: str
    tenant_id: UUID
    has_logo: bool
    locale: str
    pending_agreements: tuple[str, ...]
    rail: Rail | None
    currency: str
    payment_status: PaymentMethodStatus | None
    payment_label: str
    tokens: int
    signed_up_at: dt.datetime
    activated_at: dt.datetime | None
    first_device_at: dt.datetime | None

    @property
    def time_to_first_device(self) -> dt.timedelta | None:
        """How long it took from sign-up to the first device."""
        return self.first_device_at - self.signed_up_at if self.first_device_at else None


async def progress(ctx: Context) -> Progress:
    """Return how far the acting vendor has come."""
    tenant = await own_tenant(ctx)
    return await _progress(ctx, tenant)


async def progress_of(ctx: Context, tenant_id: UUID) -> Progress:
    """Return how far any vendor has come, for operations."""
    return await _progress(ctx, await ctx.get_any(Tenant, tenant_id))


async def overview(ctx: Context) -> Onboarding:
    """Return everything the wizard shows to the acting person."""
    person = await people.me(ctx)
    tenant = await own_tenant(ctx)
    method = await _method(ctx, tenant.id)
    return Onboarding(
        progress=await _progress(ctx, tenant),
        email=person.email,
        status=tenant.status,
        display_name=tenant.display_name,
        tenant_id=tenant.id,
        has_logo=tenant.logo_id is not None,
        locale=tenant.locale,
        pending_agreements=tuple(await agreements.pending(ctx)),
        rail=tenant.rail,
        currency=tenant.currency,
        payment_status=method.status if method else None,
        payment_label=method.label if method else "",
        tokens=await _tokens(ctx, tenant.id),
        signed_up_at=tenant.created_at,
        activated_at=tenant.activated_at,
        first_device_at=tenant.first_device_at,
    )


async def require_step(ctx: Context, step: Step) -> None:
    """Refuse a step of the wizard whose turn has not come; an active vendor may always go back.

    Raises ``ConflictError`` ``step_not_open``.
    """
    tenant = await own_tenant(ctx)
    if tenant.activated_at is None and not (await _progress(ctx, tenant)).may_visit(step):
        raise ConflictError("Please finish the step before this one.", reason="step_not_open")


async def accept_agreements(ctx: Context, accepted: Sequence[Acceptance]) -> None:
    """Store that the acting person accepted the texts shown, with their versions and hashes.

    Raises ``ConflictError`` ``step_not_open`` or ``agreement_changed``.
    """
    await people.me(ctx)
    await require_step(ctx, Step.TERMS)
    await agreements.store(ctx, accepted)
    await activate_if_ready(ctx, ctx.tenant_id)


async def activate_if_ready(ctx: Context, tenant_id: UUID) -> bool:
    """Make a pending vendor active when everything before the token is done; says whether it is.

    Called after each step and by whoever learns that a payment method is connected; calling it
    again changes nothing.
    """
    if ctx.actor.tenant_id != tenant_id:
        ctx.require_ops()
    tenant = await _locked(ctx, tenant_id)
    if tenant.status is not TenantStatus.PENDING:
        return tenant.status is TenantStatus.ACTIVE
    if not (await _progress(ctx, tenant)).can_activate:
        return False
    tenant.status = move(tenant.status, TenantStatus.ACTIVE)
    tenant.activated_at = ctx.now()
    await _agree_on_price(ctx, tenant)
    await _have_customer(ctx, tenant)
    ctx.audit("vendor.activated", tenant_id=tenant.id, subject=("tenant", tenant.id))
    await outbox.mail(
        ctx,
        "vendor_activated",
        to=tenant.email,
        key=f"vendor_activated/{tenant.id}",
        params={"tenant": tenant.display_name, "url": "/vendor/onboarding"},
        tenant_id=tenant.id,
        locale=tenant.locale,
    )
    await ctx.db.flush()
    return True


async def own_tenant(ctx: Context, *, lock: bool = False) -> Tenant:
    """Return the acting tenant; raises for whoever acts for none."""
    if lock:
        return await _locked(ctx, ctx.tenant_id)
    return await ctx.db.get_one(Tenant, ctx.tenant_id)


async def _locked(ctx: Context, tenant_id: UUID) -> Tenant:
    tenant = await ctx.db.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
    if tenant is None:
        raise NotFoundError("There is no such vendor.")
    return tenant


async def _progress(ctx: Context, tenant: Tenant) -> Progress:
    method = await _method(ctx, tenant.id)
    return rules.progress(
        email_confirmed=await _is_confirmed(ctx, tenant.id),
        terms_accepted=await agreements.is_current(ctx, tenant.id),
        branding_saved=tenant.branding_done_at is not None,
        payment_connected=method is not None and method.status is PaymentMethodStatus.CONNECTED,
        token_issued=await _tokens(ctx, tenant.id) > 0,
        device_registered=tenant.first_device_at is not None,
    )


async def _is_confirmed(ctx: Context, tenant_id: UUID) -> bool:
    found = await ctx.db.scalar(
        select(Person.id)
        .where(col(Person.tenant_id) == tenant_id, col(Person.email_confirmed_at).is_not(None))
        .limit(1)
    )
    return found is not None


async def _method(ctx: Context, tenant_id: UUID) -> PaymentMethod | None:
    """Return the connected payment method, else the one that was begun last."""
    rows = (
        await ctx.db.scalars(
            select(PaymentMethod)
            .where(col(PaymentMethod.tenant_id) == tenant_id)
            .order_by(col(PaymentMethod.created_at).desc(), col(PaymentMethod.id).desc())
        )
    ).all()
    connected = (row for row in rows if row.status is PaymentMethodStatus.CONNECTED)
    return next(connected, rows[0] if rows else None)


async def _tokens(ctx: Context, tenant_id: UUID) -> int:
    """Count the vendor tokens ever issued: one revoked since does not undo the step."""
    count = await ctx.db.scalar(
        select(func.count())
        .select_from(Credential)
        .where(
            col(Credential.tenant_id) == tenant_id,
            col(Credential.kind) == CredentialKind.VENDOR_TOKEN,
        )
    )
    return count or 0


async def _agree_on_price(ctx: Context, tenant: Tenant) -> None:
    """Write the first price contract, unless operations agreed on one before."""
    agreed = await ctx.db.scalar(
        select(PriceContract.id).where(col(PriceContract.tenant_id) == tenant.id).limit(1)
    )
    if agreed is None:
        price = default_price(tenant.currency)
        ctx.db.add(
            PriceContract(
                tenant_id=tenant.id,
                price_micros=price.micros,
                currency=price.currency,
                starts_on=ctx.now().date(),
                announced_at=ctx.now(),
                reason="default at activation",
                created_by=ActorKind.SYSTEM,
            )
        )


async def _have_customer(ctx: Context, tenant: Tenant) -> None:
    method = await _method(ctx, tenant.id)
    if tenant.rail is Rail.CARD and not (method and method.customer_ref):
        key = str(tenant.id)
        await outbox.enqueue(ctx, JobName.CREATE_CUSTOMER, key, tenant_id=tenant.id, tenant=key)
