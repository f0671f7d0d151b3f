"""Who the signed-in person is, for the frame around every page."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.core.errors import NotSignedInError
from app.services.context import ActorKind, Context
from app.services.tenant_sessions import HOMES
from models.agent import Agent
from models.person import Person, Role
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Profile:
    """Name and place of who is signed in; ``tenant`` is empty for operations staff, ``role`` for a tenant itself."""

    name: str
    email: str
    tenant: str
    role: Role | None
    home: str


async def mine(ctx: Context) -> Profile:
    """Return who is signed in; raises ``NotSignedInError`` for everybody else."""
    if ctx.actor.kind is ActorKind.CUSTOMER:
        return await _customer(ctx)
    if ctx.actor.kind is not ActorKind.PERSON:
        raise NotSignedInError("Please sign in.")
    person = await ctx.db.get(Person, UUID(ctx.actor.id))
    if person is None:
        raise NotSignedInError("Please sign in.")
    tenant = await ctx.db.get(Tenant, person.tenant_id) if person.tenant_id else None
    name = person.name or person.email.partition("@")[0]
    home = "/vendor" if tenant else "/ops"
    return Profile(name, person.email, tenant.display_name if tenant else "", person.role, home)


async def _customer(ctx: Context) -> Profile:
    tenant = await ctx.db.get_one(Tenant, ctx.tenant_id)
    agent = await ctx.db.get(Agent, ctx.tenant_id)
    called = agent.agent_id if agent else tenant.display_name
    return Profile(called, tenant.email, called, None, HOMES[tenant.programme])
