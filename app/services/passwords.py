"""A person's password: one credential at a time, replaced as a whole, never changed in place."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col, select

from app.core.errors import ForbiddenError
from app.core.ids import new_id
from app.rules.passwords import normalise_password
from app.services import throttle
from app.services.context import Context
from models.credential import Credential, CredentialKind
from models.person import LoginSession, Person


async def current(ctx: Context, person: Person | None) -> Credential | None:
    """Return the password in force; for nobody the same query finds nothing."""
    return await ctx.db.scalar(
        select(Credential)
        .where(
            col(Credential.person_id) == (person.id if person else new_id()),
            col(Credential.kind) == CredentialKind.PASSWORD,
            col(Credential.revoked_at).is_(None),
        )
        .order_by(col(Credential.created_at).desc(), col(Credential.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


async def lock(ctx: Context, person: Person) -> Person:
    """Return the person as stored now, locked: sign-ins and password changes take turns here."""
    return await ctx.db.get_one(Person, person.id, with_for_update=True, populate_existing=True)


async def store(ctx: Context, person: Person, hashed: str) -> Credential:
    """Make this the person's only password; the old one's hash is forgotten."""
    now = ctx.now()
    await ctx.db.execute(
        update(Credential)
        .where(
            col(Credential.person_id) == person.id,
            col(Credential.kind) == CredentialKind.PASSWORD,
            col(Credential.revoked_at).is_(None),
        )
        .values(revoked_at=now, secret_hash="")
    )
    id_ = new_id()
    credential = Credential(
        id=id_,
        tenant_id=person.tenant_id,
        person_id=person.id,
        kind=CredentialKind.PASSWORD,
        lookup=str(id_),
        secret_hash=hashed,
        created_at=now,
    )
    ctx.db.add(credential)
    await ctx.db.flush()
    return credential


async def end_sessions(ctx: Context, person: Person, *, but_this: bool = False) -> int:
    """End the person's sessions, the acting one too unless told otherwise; returns how many."""
    query = update(LoginSession).where(
        col(LoginSession.person_id) == person.id, col(LoginSession.revoked_at).is_(None)
    )
    if but_this and ctx.actor.session_id:
        query = query.where(col(LoginSession.id) != ctx.actor.session_id)
    result = await ctx.db.execute(query.values(revoked_at=ctx.now()))
    return result.rowcount  # type: ignore[attr-defined]


async def prove(ctx: Context, person: Person, password: str) -> Person:
    """Ask the acting person for the password once more; returns the person locked.

    Raises ``ForbiddenError`` ``wrong_password``, ``RateLimitedError`` after too many of them.
    """
    rule, key = ctx.settings.limit_sign_in, ("password_prompt", str(person.id))
    await throttle.check(ctx, rule, *key)
    credential = await current(ctx, person)
    await ctx.save()  # nothing may be locked while the hash is computed
    given = normalise_password(password)
    fits = await ctx.hasher.verify(given, credential.secret_hash if credential else "")
    locked = await lock(ctx, person)
    now_in_force = await current(ctx, locked)
    is_same = credential and now_in_force and credential.id == now_in_force.id
    if not (fits and is_same) or locked.disabled_at:
        await throttle.count(ctx, rule, *key)
        ctx.audit_refusal("person.password_refused", subject=("person", person.id))
        raise ForbiddenError("That is not your password.", reason="wrong_password")
    return locked
