"""Who the signed-in person is, for the frame around every page."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.core.errors import NotSignedInError
from app.services.context import ActorKind, Context
from models.person import Person, Role
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Profile:
    """Name and place of a person; ``tenant`` is empty for operations staff."""

    name: str
    email: str
    tenant: str
    role: Role


async def mine(ctx: Context) -> Profile:
    """Return the signed-in person; raises ``NotSignedInError`` for everybody else."""
    if ctx.actor.kind is not ActorKind.PERSON:
        raise NotSignedInError("Please sign in.")
    person = await ctx.db.get(Person, UUID(ctx.actor.id))
    if person is None:
        raise NotSignedInError("Please sign in.")
    tenant = await ctx.db.get(Tenant, person.tenant_id) if person.tenant_id else None
    name = person.name or person.email.partition("@")[0]
    return Profile(name, person.email, tenant.display_name if tenant else "", person.role)
