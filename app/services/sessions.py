"""Signed-in browsers: the cookie's token is resolved against the database on every call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.clock import to_rfc3339, wall_now
from app.core.errors import (
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from app.core.ids import new_id
from app.rules.addresses import ip_prefix
from app.rules.browsers import describe_browser
from app.rules.emails import normalise_email
from app.rules.passwords import normalise_password
from app.rules.statuses import TenantStatus
from app.services import (
    outbox,
    passwords,
    people,
    session_tokens,
    tenant_sessions,
    throttle,
    tickets,
    twofactor,
)
from app.services.context import Actor, ActorKind, Context
from app.services.session_tokens import SignedIn
from models.credential import Credential
from models.person import LoginSession, Person
from models.tenant import Tenant

COOKIE = "turnpike_session"
ANYBODY: Final = (ActorKind.PERSON, ActorKind.CUSTOMER)
"""Everybody who signs in with a cookie."""
SEEN_EVERY: Final = dt.timedelta(minutes=5)
"""How exactly the list of sessions knows when each was used; finer would write on every event."""

_REMEMBERED: Final = 50


@dataclass(frozen=True, slots=True)
class NeedsTotp:
    """The password was right; ``ticket`` and a code finish the sign-in within a few minutes."""

    ticket: str


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One signed-in browser, for the list in the settings."""

    id: UUID
    ip: str
    browser: str
    created_at: dt.datetime
    last_seen_at: dt.datetime
    is_current: bool


async def sign_in(
    ctx: Context, email: str, password: str, totp: str | None = None
) -> SignedIn | NeedsTotp:
    """Open a session, or ask for the second factor when there is one and no code came along.

    Unknown, disabled and wrong look alike: ``NotSignedInError`` ``wrong_credentials``. Failed tries
    count per network and per account; too many give ``RateLimitedError``.
    """
    person = await _named(ctx, email)
    credential = await passwords.current(ctx, person)
    doors = await _doors(ctx, email, person, credential)
    for door in doors:
        await throttle.check(ctx, ctx.settings.limit_sign_in, *door)
    await ctx.save()  # nothing may be locked while the hash is computed
    stored = credential.secret_hash if credential else ""
    fits = await ctx.hasher.verify(normalise_password(password), stored)
    renewed = ""
    if fits and ctx.hasher.is_outdated(stored):
        renewed = await ctx.hasher.hash(normalise_password(password))
    person = await _still(ctx, person, credential) if fits else None
    if person is None or credential is None:
        await _count_failure(ctx, doors, "wrong_credentials", person)
        raise NotSignedInError(
            "The e-mail address or the password is not right.", reason="wrong_credentials"
        )
    for door in doors:  # a burst of guesses may have used up the tries while this one was computed
        await throttle.check(ctx, ctx.settings.limit_sign_in, *door)
    credential.secret_hash = renewed or stored
    if not await twofactor.is_on(ctx, person):
        return await _open(ctx, person)
    if totp is None:
        return NeedsTotp(tickets.issue(ctx, person, credential))
    return await _second_step(ctx, person, totp, doors)


async def finish_sign_in(ctx: Context, ticket: str, code: str) -> SignedIn:
    """Open the session of somebody whose password was right, with a code or a recovery code.

    Raises ``NotSignedInError`` ``sign_in_expired`` (begin again) or ``wrong_code``, and
    ``RateLimitedError``.
    """
    person_id, credential_id = tickets.read(ctx, ticket)
    person = await ctx.db.get(Person, person_id)
    credential = await passwords.current(ctx, person)
    if person is None or credential is None or credential.id != credential_id:
        raise tickets.expired()
    doors = await _doors(ctx, person.email, person, credential)
    for door in doors:
        await throttle.check(ctx, ctx.settings.limit_sign_in, *door)
    locked = await _still(ctx, person, credential)
    if locked is None:
        raise tickets.expired()
    return await _second_step(ctx, locked, code, doors)


async def authenticate(
    ctx: Context, token: str, kinds: Collection[ActorKind] = (ActorKind.PERSON,)
) -> Actor:
    """Return whom a session cookie stands for; raises ``NotSignedInError``.

    Who is signed in as something else than asked for gets ``ForbiddenError`` ``wrong_login``: an
    agent's human never comes to the services of vendors by this door, nor a vendor to those of agents.

    Sessions end by the machine's clock, as the browser's cookie does, not by the product's: moving
    the sandbox's clock to the next month signs nobody out.
    """
    found = (
        await ctx.db.execute(
            select(LoginSession, Person, Tenant)
            .outerjoin(Person, col(Person.id) == LoginSession.person_id)
            .outerjoin(Tenant, col(Tenant.id) == LoginSession.tenant_id)
            .where(col(LoginSession.token_hash) == ctx.keyring.hash_token(token))
        )
    ).first()
    if found is None:
        raise NotSignedInError("Please sign in.")
    session, person, tenant = found
    actor = _person(session, person) if person else tenant_sessions.actor(session, tenant)
    if actor is None or session.revoked_at or session.expires_at <= wall_now():
        raise NotSignedInError("Your session has ended. Please sign in again.")
    if actor.kind not in kinds:
        raise ForbiddenError("This is not for your kind of account.", reason="wrong_login")
    if not ctx.readonly and ctx.now() - session.last_seen_at >= SEEN_EVERY:
        session.last_seen_at = ctx.now()
        await (
            ctx.save()
        )  # lets go of the row before the work begins, so that no two works wait in a ring
    return actor


def _person(session: LoginSession, person: Person) -> Actor | None:
    if person.disabled_at:
        return None
    return Actor(
        ActorKind.PERSON,
        id=str(person.id),
        tenant_id=person.tenant_id,
        role=person.role,
        session_id=session.id,
    )


async def sign_out(ctx: Context) -> None:
    """End the acting session."""
    person = await people.me(ctx)
    session = await ctx.db.get(LoginSession, ctx.actor.session_id)
    if session and session.revoked_at is None:
        session.revoked_at = ctx.now()
        ctx.audit("person.signed_out", subject=("person", person.id))


async def end(ctx: Context, token: str) -> str:
    """End the session a cookie stands for, whoever acts; none there already is success.

    Returns the page where its owner signs in again.
    """
    session = await ctx.db.scalar(
        select(LoginSession).where(
            col(LoginSession.token_hash) == ctx.keyring.hash_token(token),
            col(LoginSession.revoked_at).is_(None),
        )
    )
    if session is None:
        return "/login"
    session.revoked_at = ctx.now()
    if session.tenant_id is not None:
        return await tenant_sessions.note_end(ctx, session.tenant_id)
    ctx.audit("person.signed_out", subject=("person", session.person_id), body={"by": "its cookie"})
    return "/login"


async def list_sessions(ctx: Context) -> list[SessionInfo]:
    """Return the acting person's living sessions, the current one first, then the newest."""
    person = await people.me(ctx)
    rows = await ctx.db.scalars(
        select(LoginSession)
        .where(
            col(LoginSession.person_id) == person.id,
            col(LoginSession.revoked_at).is_(None),
            col(LoginSession.expires_at) > wall_now(),
        )
        .order_by(col(LoginSession.last_seen_at).desc(), col(LoginSession.id).desc())
    )
    infos = [
        SessionInfo(
            row.id,
            row.ip,
            describe_browser(row.user_agent),
            row.created_at,
            row.last_seen_at,
            row.id == ctx.actor.session_id,
        )
        for row in rows
    ]
    return sorted(infos, key=lambda info: not info.is_current)


async def revoke_session(ctx: Context, session_id: UUID) -> None:
    """End one of the acting person's sessions; raises ``NotFoundError`` for anybody else's."""
    person = await people.me(ctx)
    session = await ctx.db.scalar(
        select(LoginSession).where(
            col(LoginSession.id) == session_id, col(LoginSession.person_id) == person.id
        )
    )
    if session is None:
        raise NotFoundError("There is no such session.")
    if session.revoked_at is None:
        session.revoked_at = ctx.now()
        ctx.audit("person.session_revoked", subject=("login_session", session.id))


async def revoke_others(ctx: Context) -> int:
    """End all of the acting person's sessions but this one; returns how many."""
    person = await people.me(ctx)
    ended = await passwords.end_sessions(ctx, person, but_this=True)
    ctx.audit("person.sessions_revoked", subject=("person", person.id), body={"ended": ended})
    return ended


async def _named(ctx: Context, email: str) -> Person | None:
    try:
        return await people.by_email(ctx, normalise_email(email))
    except InvalidInputError:
        return None


async def _doors(
    ctx: Context, email: str, person: Person | None, credential: Credential | None
) -> list[tuple[str, ...]]:
    """Return the keys under which failures count: the caller's network, and the account.

    Strangers who try an account together use up one counter. Networks its owner signed in from
    before have one each, so that strangers cannot shut the owner out; and a new password (by a
    mailed link) starts all of them anew.
    """
    here = throttle.place(ctx)
    recent = await ctx.db.scalars(
        select(LoginSession.ip)
        .where(col(LoginSession.person_id) == (person.id if person else new_id()))
        .order_by(col(LoginSession.created_at).desc())
        .limit(_REMEMBERED)
    )
    is_known = here in {ip_prefix(ip) for ip in recent if ip}
    account = str(credential.id) if credential else email.strip().lower()[:254]
    return [
        ("sign_in_place", here),
        ("sign_in_account", account, here if is_known else "strangers"),
    ]


async def _still(
    ctx: Context, person: Person | None, credential: Credential | None
) -> Person | None:
    """Return the person locked, if that password still holds: it may have changed meanwhile."""
    if person is None or credential is None:
        return None
    locked = await passwords.lock(ctx, person)
    now_in_force = await passwords.current(ctx, locked)
    is_same = now_in_force is not None and now_in_force.id == credential.id
    return locked if is_same and locked.disabled_at is None else None


async def _second_step(
    ctx: Context, person: Person, code: str, doors: list[tuple[str, ...]]
) -> SignedIn:
    try:
        await twofactor.check(ctx, person, code)
    except DomainError:
        await _count_failure(ctx, doors, "wrong_code", person)
        raise
    return await _open(ctx, person)


async def _count_failure(
    ctx: Context, doors: list[tuple[str, ...]], reason: str, person: Person | None
) -> None:
    ctx.audit_refusal(
        "person.sign_in_refused",
        tenant_id=person.tenant_id if person else None,
        subject=("person", person.id if person else ""),
        body={"reason": reason},
    )
    for door in doors:
        await throttle.count(ctx, ctx.settings.limit_sign_in, *door)


async def _open(ctx: Context, person: Person) -> SignedIn:
    await _tell_of_new_place(ctx, person)
    token, session = session_tokens.add(ctx, person_id=person.id)
    await ctx.db.flush()
    ctx.audit(
        "person.signed_in",
        tenant_id=person.tenant_id,
        subject=("person", person.id),
        body={"session_id": str(session.id)},
    )
    return SignedIn(token, session.expires_at, await _home(ctx, person))


async def _tell_of_new_place(ctx: Context, person: Person) -> None:
    """Mail the person when they never signed in from this network, unless it is the very first."""
    ips = (
        await ctx.db.scalars(
            select(LoginSession.ip).where(col(LoginSession.person_id) == person.id).distinct()
        )
    ).all()
    if not ips or throttle.place(ctx) in {ip_prefix(ip) for ip in ips if ip}:
        return
    await outbox.mail(
        ctx,
        "login_new_device",
        to=person.email,
        key=f"login_new_device/{new_id()}",
        params={
            "at": to_rfc3339(ctx.now()),
            "ip": ctx.actor.origin.ip,
            "device": describe_browser(ctx.actor.origin.user_agent),
            "url": "/vendor/settings" if person.tenant_id else "/ops",
        },
        tenant_id=person.tenant_id,
        locale=await people.locale(ctx, person),
    )


async def _home(ctx: Context, person: Person) -> str:
    tenant = await ctx.db.get(Tenant, person.tenant_id) if person.tenant_id else None
    if tenant is None:
        return "/ops"
    return "/vendor/onboarding" if tenant.status is TenantStatus.PENDING else "/vendor"
