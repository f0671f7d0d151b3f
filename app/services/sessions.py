"""Signed-in browsers: the cookie's token is resolved against the database on every call."""

from __future__ import annotations

from sqlmodel import col, select

from app.core.errors import NotSignedInError
from app.services.context import Actor, ActorKind, Context
from models.person import LoginSession, Person

COOKIE = "turnpike_session"


async def authenticate(ctx: Context, token: str) -> Actor:
    """Return whom a session cookie stands for; raises ``NotSignedInError``."""
    found = (
        await ctx.db.execute(
            select(LoginSession, Person)
            .join(Person, col(Person.id) == LoginSession.person_id)
            .where(col(LoginSession.token_hash) == ctx.keyring.hash_token(token))
        )
    ).first()
    if found is None:
        raise NotSignedInError("Please sign in.")
    session, person = found
    if session.revoked_at or session.expires_at <= ctx.now() or person.disabled_at:
        raise NotSignedInError("Your session has ended. Please sign in again.")
    return Actor(
        ActorKind.PERSON,
        id=str(person.id),
        tenant_id=person.tenant_id,
        role=person.role,
        session_id=session.id,
    )
