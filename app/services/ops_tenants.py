"""Customers as operations see them: finding one, everything about one, suspending and resuming it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from app.core.errors import InvalidInputError
from app.rules.activity import running_days
from app.rules.onboarding import Step
from app.rules.periods import BillingMonth
from app.rules.statuses import PaymentMethodStatus, TenantStatus, move
from app.services import agreements, notices, onboarding
from app.services.context import Context
from app.services.ops_lists import Listed, Search, found
from models.agent import Agent, CallCounter
from models.agreement import AgreementAcceptance
from models.credential import Credential, CredentialKind
from models.device import Device
from models.payment import PaymentMethod, PayoutAccount
from models.person import Person, Role
from models.tenant import Programme, Tenant

STUCK_AFTER: Final = dt.timedelta(days=7)
"""A vendor this long without a first device is looked after."""
STUCK: Final = "stuck"
LONGEST_NOTES: Final = 4_000
TOKENS: Final = (CredentialKind.VENDOR_TOKEN, CredentialKind.API_KEY)


@dataclass(frozen=True, slots=True)
class TenantLine:
    """A customer in the list; ``agent`` and its ``calls`` of the running month where it is one."""

    tenant: Tenant
    devices: int
    agent: Agent | None = None
    calls: int = 0


@dataclass(frozen=True, slots=True)
class TenantDetail:
    """A customer with what its page says beside its invoices, prices and history."""

    tenant: Tenant
    people: tuple[Person, ...]
    steps: tuple[tuple[Step, bool, dt.datetime | None], ...]
    registered: int
    active: int
    methods: tuple[PaymentMethod, ...]
    payout_accounts: tuple[PayoutAccount, ...]
    tokens: tuple[Credential, ...]
    acceptances: tuple[AgreementAcceptance, ...]


async def get(ctx: Context, tenant_id: UUID) -> TenantDetail:
    """Return one customer whole; secrets are in none of it."""
    tenant = await ctx.get_any(Tenant, tenant_id)
    people = await _all(ctx, select(Person).where(col(Person.tenant_id) == tenant_id))
    methods = await _all(ctx, select(PaymentMethod).where(_of(PaymentMethod, tenant_id)))
    accounts = await _all(ctx, select(PayoutAccount).where(_of(PayoutAccount, tenant_id)))
    tokens = await _all(
        ctx,
        select(Credential)
        .where(_of(Credential, tenant_id), col(Credential.kind).in_(TOKENS))
        .order_by(col(Credential.created_at).desc()),
    )
    accepted = tuple(await agreements.history(ctx, tenant_id))
    registered, active = await _devices(ctx, tenant_id)
    done = (await onboarding.progress_of(ctx, tenant_id)).done
    times: dict[Step, dt.datetime | None] = {
        Step.CONFIRM_EMAIL: _first(one.email_confirmed_at for one in people),
        Step.TERMS: max((one.accepted_at for one in accepted), default=None),
        Step.BRANDING: tenant.branding_done_at,
        Step.PAYMENT: _first(
            one.connected_at for one in methods if one.status is PaymentMethodStatus.CONNECTED
        ),
        Step.TOKEN: _first(one.created_at for one in tokens),
        Step.FIRST_DEVICE: tenant.first_device_at,
    }
    return TenantDetail(
        tenant,
        people,
        tuple((step, step in done, times[step] if step in done else None) for step in Step),
        registered,
        active,
        methods,
        accounts,
        tokens,
        accepted,
    )


async def suspend(ctx: Context, tenant_id: UUID, *, reason: str) -> None:
    """Stop a customer from registering devices or calling, and tell it why; what it owes stays owed."""
    tenant = await _for_change(ctx, tenant_id)
    cause = required(reason)
    tenant.status = move(tenant.status, TenantStatus.SUSPENDED)
    tenant.status_reason = cause
    _note(ctx, "ops.tenant_suspended", tenant, reason=cause)
    await _tell(ctx, tenant, "suspended", cause=cause)


async def resume(ctx: Context, tenant_id: UUID, *, reason: str) -> None:
    """Let a suspended customer go on, and tell it so."""
    tenant = await _for_change(ctx, tenant_id)
    cause = required(reason)
    tenant.status = move(tenant.status, TenantStatus.ACTIVE)
    tenant.status_reason = ""
    _note(ctx, "ops.tenant_resumed", tenant, reason=cause)
    await _tell(ctx, tenant, "resumed")


async def save_notes(ctx: Context, tenant_id: UUID, text: str) -> None:
    """Keep what operations want to remember of a vendor; it never sees it."""
    tenant = await _for_change(ctx, tenant_id)
    if len(text) > LONGEST_NOTES:
        problem = f"must be at most {LONGEST_NOTES:,} characters"
        raise InvalidInputError(f"The notes {problem}.", fields=[("notes", problem)])
    if tenant.notes != text.strip():
        _note(ctx, "ops.notes_changed", tenant, before=tenant.notes)
        tenant.notes = text.strip()


def stuck(now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition for vendors that signed up long ago and have no device yet."""
    return (
        col(Tenant.status).in_((TenantStatus.PENDING, TenantStatus.ACTIVE))
        & col(Tenant.first_device_at).is_(None)
        & (col(Tenant.created_at) <= now - STUCK_AFTER)
        & (col(Tenant.programme) == Programme.VENDOR)
    )


def _matching(ctx: Context, search: Search) -> Any:
    query = select(Tenant, Agent).outerjoin(Agent, col(Agent.tenant_id) == Tenant.id)
    if search.programme:
        query = query.where(col(Tenant.programme) == _programme(search.programme))
    wanted = found(
        search.q, Tenant.display_name, Tenant.legal_name, Tenant.email, col(Agent.agent_id)
    )
    if wanted:
        id_ = _as_id(search.q.strip())
        query = query.where(*wanted) if id_ is None else query.where(col(Tenant.id) == id_)
    if search.status == STUCK:
        return query.where(stuck(ctx.now()))
    return query.where(col(Tenant.status) == search.status) if search.status else query


def _programme(text: str) -> Programme:
    try:
        return Programme(text)
    except ValueError as error:
        problem = f"must be one of {', '.join(Programme)}"
        raise InvalidInputError(
            f"The programme {problem}.", fields=[("programme", problem)]
        ) from error


async def _with_usage(ctx: Context, rows: Sequence[Any]) -> list[TenantLine]:
    ids = [tenant.id for tenant, _ in rows]
    counted = await ctx.db.execute(
        select(Device.tenant_id, func.count(col(Device.id)))
        .where(col(Device.tenant_id).in_(ids), col(Device.released_at).is_(None))
        .group_by(col(Device.tenant_id))
    )
    devices = {row[0]: row[1] for row in counted}
    used = await ctx.db.execute(
        select(CallCounter.tenant_id, CallCounter.used).where(
            col(CallCounter.tenant_id).in_(ids),
            col(CallCounter.period) == str(BillingMonth.containing(ctx.now())),
        )
    )
    calls = {row[0]: row[1] for row in used}
    return [
        TenantLine(one, devices.get(one.id, 0), agent, calls.get(one.id, 0)) for one, agent in rows
    ]


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _for_change(ctx: Context, tenant_id: UUID) -> Tenant:
    ctx.require_ops(Role.OPS_OPERATOR)
    return await ctx.get_any(Tenant, tenant_id, lock=True)


def required(reason: str) -> str:
    """Return why somebody acts, in one line; raises ``InvalidInputError`` without a reason."""
    if not reason.strip():
        raise InvalidInputError("A reason is needed.", fields=[("reason", "must not be empty")])
    return " ".join(reason.split())[:300]


async def _tell(ctx: Context, tenant: Tenant, what: str, **more: Any) -> None:
    """Mail a customer that it was suspended or resumed, in the words of its programme."""
    await ctx.db.flush()
    is_agent = tenant.programme is Programme.AGENT
    template = f"{'agent' if is_agent else 'tenant'}_{what}"
    await notices.to_vendor(
        ctx,
        template,
        tenant,
        key=f"{template}/{tenant.id}/{ctx.now().isoformat()}",
        tenant=tenant.display_name,
        at=ctx.now(),
        url="/agent" if is_agent else "/vendor",
        **more,
    )


def _note(ctx: Context, kind: str, tenant: Tenant, **body: str) -> None:
    ctx.audit(kind, tenant_id=tenant.id, subject=("tenant", tenant.id), body=body)


async def _devices(ctx: Context, tenant_id: UUID) -> tuple[int, int]:
    """Return how many devices are registered, and how many of them are active now."""
    first, _ = running_days(ctx.now())
    since = dt.datetime.combine(first, dt.time(), dt.UTC)
    here = select(func.count(col(Device.id))).where(
        _of(Device, tenant_id), col(Device.released_at).is_(None)
    )
    registered = await ctx.db.scalar(here)
    active = await ctx.db.scalar(here.where(col(Device.last_active_at) >= since))
    return registered or 0, active or 0


def _of(model: Any, tenant_id: UUID) -> ColumnElement[bool]:
    return col(model.tenant_id) == tenant_id


async def _all(ctx: Context, query: Any) -> tuple[Any, ...]:
    return tuple((await ctx.db.scalars(query)).all())


def _first(times: Iterable[dt.datetime | None]) -> dt.datetime | None:
    return min((one for one in times if one is not None), default=None)


TENANTS: Final = Listed(
    "tenants",
    _matching,
    _with_usage,
    {
        "created_at": col(Tenant.created_at),
        "name": func.lower(Tenant.display_name),
        "first_device_at": col(Tenant.first_device_at),
    },
    col(Tenant.id),
    (*TenantStatus, STUCK),
)
