"""Who signs in: finding a person, and the staff of operations."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from app.rules.emails import normalise_email
from app.rules.fields import one_line
from app.rules.passwords import check_password
from app.services import passwords
from app.services.context import ActorKind, Context
from models.person import Person, Role
from models.tenant import Tenant

STAFF: Final = (Role.OPS_VIEWER, Role.OPS_OPERATOR, Role.OPS_ADMIN)


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A new member of operations; the password exists nowhere else and is shown once."""

    id: UUID
    email: str
    role: Role
    password: str


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


async def create_ops(
    ctx: Context, email: str, role: Role, *, password: str | None = None, name: str = ""
) -> NewStaff:
    """Add a member of operations, with a random password unless one is given.

    The command line makes the first administrator, administrators make the others.
    Raises ``ConflictError`` ``email_taken``, ``InvalidInputError``.
    """
    ctx.require_ops(Role.OPS_ADMIN)
    given = staff_role(role)
    address = normalise_email(email)
    chosen = check_password(password or secrets.token_urlsafe(18), address)
    called = one_line(name, "name", longest=80, shortest=0)
    await ctx.save()  # nothing may be locked while the hash is computed
    hashed = await ctx.hasher.hash(chosen)
    if await by_email(ctx, address) is not None:
        raise ConflictError("This address has an account already.", reason="email_taken")
    person = Person(
        email=address,
        name=called,
        role=given,
        email_confirmed_at=ctx.now(),
        created_at=ctx.now(),
    )
    ctx.db.add(person)
    await ctx.db.flush()
    await passwords.store(ctx, person, hashed)
    ctx.audit("ops.person_created", subject=("person", person.id), body={"role": given})
    return NewStaff(person.id, address, given, chosen)


async def list_ops(ctx: Context) -> Sequence[Person]:
    """Return the staff of operations, the disabled ones last."""
    ctx.require_ops()
    rows = await ctx.db.scalars(
        select(Person)
        .where(col(Person.role).in_(STAFF))
        .order_by(col(Person.disabled_at).is_not(None), col(Person.email))
    )
    return rows.all()


async def set_role(ctx: Context, person_id: UUID, role: Role) -> None:
    """Give a member of operations another role; the last administrator stays one."""
    given = staff_role(role)
    person, others = await _staff(ctx, person_id)
    if given is not Role.OPS_ADMIN:
        _require_admin_among(others, person)
    before, person.role = person.role, given
    ctx.audit(
        "ops.role_changed", subject=("person", person.id), body={"before": before, "role": given}
    )


async def disable(ctx: Context, person_id: UUID) -> None:
    """Shut a member of operations out at once; their sessions end. Nobody disables themselves."""
    person, others = await _staff(ctx, person_id)
    if str(person.id) == ctx.actor.id:
        raise ConflictError("You cannot disable your own account.", reason="own_account")
    _require_admin_among(others, person)
    if person.disabled_at is None:
        person.disabled_at = ctx.now()
        await passwords.end_sessions(ctx, person)
        ctx.audit("ops.person_disabled", subject=("person", person.id))


async def enable(ctx: Context, person_id: UUID) -> None:
    """Let a disabled member of operations in again."""
    person, _ = await _staff(ctx, person_id)
    if person.disabled_at is not None:
        person.disabled_at = None
        ctx.audit("ops.person_enabled", subject=("person", person.id))


def staff_role(role: object) -> Role:
    """Return a role of operations from its text; raises ``InvalidInputError`` for any other."""
    found = next((one for one in STAFF if one == role), None)
    if found is None:
        raise InvalidInputError(
            "This is no role of operations.", fields=[("role", "must be a role of operations")]
        )
    return found


async def _staff(ctx: Context, person_id: UUID) -> tuple[Person, list[Person]]:
    """Return a member of operations and the others, all locked, to an administrator.

    All of them in one order: two administrators who demote each other take turns here, and the
    second finds itself the last.
    """
    ctx.require_ops(Role.OPS_ADMIN)
    rows = await ctx.db.scalars(
        select(Person)
        .where(col(Person.role).in_(STAFF))
        .order_by(col(Person.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    staff = {row.id: row for row in rows}
    person = staff.pop(person_id, None)
    if person is None:
        raise NotFoundError("There is no such member of operations.")
    return person, list(staff.values())


def _require_admin_among(others: Sequence[Person], person: Person) -> None:
    is_admin = person.role is Role.OPS_ADMIN and person.disabled_at is None
    if is_admin and not any(
        one.role is Role.OPS_ADMIN and one.disabled_at is None for one in others
    ):
        raise ConflictError("This is the last administrator.", reason="last_admin")
