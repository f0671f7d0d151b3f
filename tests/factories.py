"""Rows that tests need, valid unless told otherwise."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from app.core.ids import new_id
from app.rules.gateway import Scope
from app.rules.omni import derive_device
from app.rules.statuses import PaymentMethodStatus, TenantStatus
from app.services import agents
from app.services.agents import Onboarded
from app.services.context import Actor, ActorKind, Context, Origin
from models.agent import Agent
from models.device import Acquisition, Device, DeviceBinding
from models.payment import PaymentMethod
from models.person import Person, Role
from models.price import PriceContract
from models.tenant import Programme, Rail, Tenant

USER = "0a188e1224778f63d90df21a32f5a7f36f71cf73b942eed32723a90a7fea2151"


async def make_vendor(
    ctx: Context,
    *,
    status: TenantStatus = TenantStatus.ACTIVE,
    rail: Rail = Rail.CARD,
    currency: str = "USD",
    email: str | None = None,
    name: str = "Acme Toys",
    price_micros: int = 2_500_000,
    connected: bool = True,
) -> Tenant:
    """Add a vendor with a connected payment method and a price since last year."""
    now = ctx.now()
    tenant = Tenant(
        programme=Programme.VENDOR,
        status=status,
        display_name=name,
        legal_name=f"{name} Ltd",
        email=email or f"owner-{new_id().hex[-12:]}@example.com",
        country="US",
        address="1 Example Street",
        rail=rail,
        currency=currency,
        created_at=now,
        activated_at=now if status is TenantStatus.ACTIVE else None,
    )
    ctx.db.add(tenant)
    await ctx.db.flush()
    ctx.db.add(
        PriceContract(
            tenant_id=tenant.id,
            price_micros=price_micros,
            currency=currency,
            starts_on=dt.date(2025, 1, 1),
            announced_at=now,
        )
    )
    if connected:
        ctx.db.add(
            PaymentMethod(
                tenant_id=tenant.id,
                provider="stripe" if rail is Rail.CARD else "alipay",
                status=PaymentMethodStatus.CONNECTED,
                customer_ref=f"cus_{tenant.id}",
                method_ref=f"pm_{tenant.id}",
                label="Visa ending 4242" if rail is Rail.CARD else "Alipay",
                is_default=True,
                created_at=now,
                connected_at=now,
            )
        )
    await ctx.db.flush()
    return tenant


async def make_person(
    ctx: Context,
    tenant: Tenant | None = None,
    *,
    role: Role = Role.OWNER,
    email: str | None = None,
    confirmed: bool = True,
) -> Person:
    """Add somebody who can sign in (without a password)."""
    person = Person(
        tenant_id=tenant.id if tenant else None,
        email=email or (tenant.email if tenant else f"ops-{new_id().hex[-12:]}@example.com"),
        role=role,
        email_confirmed_at=ctx.now() if confirmed else None,
        created_at=ctx.now(),
    )
    ctx.db.add(person)
    await ctx.db.flush()
    return person


async def make_device(
    ctx: Context, tenant: Tenant, device_id: str = "SN-0001", *, user_omni: str = USER
) -> Device:
    """Add a registered device with its first binding (and the acquisition, if it is the first)."""
    now = ctx.now()
    actor = derive_device(tenant.id, user_omni, device_id, 0)
    device = Device(
        tenant_id=tenant.id,
        device_id=device_id,
        user_omni=user_omni,
        actor_omni=actor.actor_omni,
        registered_at=now,
    )
    ctx.db.add(device)
    await ctx.db.flush()
    ctx.db.add(
        DeviceBinding(
            tenant_id=tenant.id,
            device_pk=device.id,
            actor_omni=actor.actor_omni,
            generation=0,
            receipt="header.claims.signature",
            policy_template={},
            bound_at=now,
        )
    )
    if await ctx.db.get(Acquisition, user_omni) is None:
        ctx.db.add(
            Acquisition(
                user_omni=user_omni, tenant_id=tenant.id, device_pk=device.id, acquired_at=now
            )
        )
    await ctx.db.flush()
    return device


async def make_agent(
    ctx: Context, email: str = "agent@example.com", *, agent_id: str = "scout"
) -> Onboarded:
    """Onboard an agent for real."""
    made = await agents.onboard(ctx, "leadscoring", agent_id=agent_id, email=email)
    assert made is not None
    return made


def as_agent(ctx: Context, agent: Agent, *scopes: str) -> Context:
    """Return the same unit of work as if one of the agent's keys acted; by default one that may do everything."""
    allowed = frozenset(scopes or agents.DEFAULT_SCOPES)
    return _as(ctx, Actor(ActorKind.API_KEY, str(new_id()), agent.tenant_id, scopes=allowed))


def as_customer(ctx: Context, agent: Agent) -> Context:
    """Return the same unit of work as if the human behind an agent were signed in."""
    scopes = frozenset(scope.value for scope in Scope)
    return _as(ctx, Actor(ActorKind.CUSTOMER, str(agent.tenant_id), agent.tenant_id, scopes=scopes))


def as_vendor(ctx: Context, tenant: Tenant, *, person: Person | None = None) -> Context:
    """Return the same unit of work as if the vendor's owner acted."""
    who = str(person.id if person else new_id())
    return _as(ctx, Actor(ActorKind.PERSON, who, tenant.id, Role.OWNER))


def as_token(ctx: Context, tenant: Tenant) -> Context:
    """Return the same unit of work as if one of the vendor's tokens acted."""
    return _as(ctx, Actor(ActorKind.VENDOR_TOKEN, str(new_id()), tenant.id))


def as_ops(ctx: Context, role: Role = Role.OPS_ADMIN) -> Context:
    """Return the same unit of work as if operations staff acted."""
    return _as(ctx, Actor(ActorKind.PERSON, str(new_id()), None, role))


def as_nobody(ctx: Context) -> Context:
    """Return the same unit of work as if a stranger acted."""
    return _as(ctx, Actor(ActorKind.ANONYMOUS))


def _as(ctx: Context, actor: Actor) -> Context:
    origin = Origin("203.0.113.7", "tests", "req_tests000")
    return replace(ctx, actor=replace(actor, origin=origin))
