"""Who signs in: finding a person, and the staff of operations."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ForbiddenError, NotSignedInError
from app.services.context import ActorKind, Context
from models.person import Person
from models.tenant import Tenant


async def me(ctx: Context) -> Person:
    """Return the acting person; raises for strangers and for what is no person."""
    if ctx.actor.kind is ActorKind.ANONYMOUS:
        raise NotSignedInError("Please sign in.")
    if ctx.actor.kind is not ActorKind.PERSON:
        raise ForbiddenError("Only a signed-in person does this.")
    person = await ctx.db.get(Person, UUID(ctx.actor.id))
    if person is None:
        raise NotSignedInError("Please sign in.")
    return person


async def by_email(ctx: Context, address: str, *, lock: bool = False) -> Person | None:
    """Return who has this (normalised) address."""
    query = select(Person).where(col(Person.email) == address)
    return await ctx.db.scalar(query.with_for_update() if lock else query)


async def locale(ctx: Context, person: Person) -> str:
    """Return the language a person is written to."""
    tenant = await ctx.db.get(Tenant, person.tenant_id) if person.tenant_id else None
    return tenant.locale if tenant else "en"
