"""The staff of operations."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from app.core.ids import new_id
from app.services import people, sessions
from app.services.context import Context
from app.services.sessions import SignedIn
from models.audit import AuditEvent
from models.person import Role
from tests.factories import as_nobody, as_ops, as_token, as_vendor, make_person, make_vendor
from tests.getting_in import PASSWORD, make_owner, visitor


async def _audited(ctx: Context) -> list[str]:
    rows = await ctx.db.scalars(select(AuditEvent).where(col(AuditEvent.kind).startswith("ops.")))
    return sorted(row.kind for row in rows)


async def test_a_new_member_signs_in_with_the_password_shown_once(ctx: Context) -> None:
    made = await people.create_ops(ctx, "Ops@Example.com", Role.OPS_ADMIN, name="Ada")
    assert (made.email, made.role) == ("ops@example.com", Role.OPS_ADMIN)
    signed = await sessions.sign_in(visitor(ctx), made.email, made.password)
    assert isinstance(signed, SignedIn)
    assert await _audited(ctx) == ["ops.person_created"]


async def test_the_password_may_be_given(ctx: Context) -> None:
    made = await people.create_ops(ctx, "ops@example.com", Role.OPS_VIEWER, password=PASSWORD)
    assert made.password == PASSWORD
    with pytest.raises(InvalidInputError):
        await people.create_ops(ctx, "two@example.com", Role.OPS_VIEWER, password="short")


async def test_an_address_has_one_account(ctx: Context) -> None:
    await make_owner(ctx)
    with pytest.raises(ConflictError) as caught:
        await people.create_ops(ctx, "owner@example.com", Role.OPS_VIEWER)
    assert caught.value.reason == "email_taken"


@pytest.mark.parametrize("role", ["owner", "root", "", None])
async def test_only_roles_of_operations_are_given(ctx: Context, role: Role) -> None:
    with pytest.raises(InvalidInputError):
        await people.create_ops(ctx, "ops@example.com", role)
    person = await make_person(ctx, role=Role.OPS_VIEWER)
    with pytest.raises(InvalidInputError):
        await people.set_role(ctx, person.id, role)


async def test_only_administrators_change_the_staff(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    person = await make_person(ctx, role=Role.OPS_VIEWER)
    refused = [
        (as_nobody(ctx), NotSignedInError),
        (as_vendor(ctx, tenant), ForbiddenError),
        (as_token(ctx, tenant), ForbiddenError),
        (as_ops(ctx, Role.OPS_VIEWER), ForbiddenError),
        (as_ops(ctx, Role.OPS_OPERATOR), ForbiddenError),
    ]
    for who, error in refused:
        for use_case in (
            people.create_ops(who, "new@example.com", Role.OPS_ADMIN),
            people.set_role(who, person.id, Role.OPS_ADMIN),
            people.disable(who, person.id),
            people.enable(who, person.id),
        ):
            with pytest.raises(error):
                await use_case
    assert person.role is Role.OPS_VIEWER


async def test_all_of_operations_see_the_staff_and_nobody_else_does(ctx: Context) -> None:
    await make_person(ctx, role=Role.OPS_VIEWER, email="b@example.com")
    gone = await make_person(ctx, role=Role.OPS_ADMIN, email="a@example.com")
    owner = await make_owner(ctx)
    gone.disabled_at = ctx.now()
    await ctx.db.flush()
    shown = await people.list_ops(as_ops(ctx, Role.OPS_VIEWER))
    assert [person.email for person in shown] == ["b@example.com", "a@example.com"]
    tenant = await make_vendor(ctx)
    with pytest.raises(ForbiddenError):
        await people.list_ops(as_vendor(ctx, tenant, person=owner))


async def test_a_role_takes_effect_at_once(ctx: Context) -> None:
    made = await people.create_ops(ctx, "ops@example.com", Role.OPS_VIEWER)
    signed = await sessions.sign_in(visitor(ctx), made.email, made.password)
    assert isinstance(signed, SignedIn)
    await people.set_role(as_ops(ctx), made.id, Role.OPS_OPERATOR)
    assert (await sessions.authenticate(visitor(ctx), signed.token)).role is Role.OPS_OPERATOR
    assert "ops.role_changed" in await _audited(ctx)


async def test_who_is_disabled_is_out_until_enabled_again(ctx: Context) -> None:
    made = await people.create_ops(ctx, "ops@example.com", Role.OPS_VIEWER)
    signed = await sessions.sign_in(visitor(ctx), made.email, made.password)
    assert isinstance(signed, SignedIn)
    for _ in range(2):
        await people.disable(as_ops(ctx), made.id)
    with pytest.raises(NotSignedInError):
        await sessions.sign_in(visitor(ctx), made.email, made.password)
    for _ in range(2):
        await people.enable(as_ops(ctx), made.id)
    assert isinstance(await sessions.sign_in(visitor(ctx), made.email, made.password), SignedIn)
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), signed.token)
    assert await _audited(ctx) == [
        "ops.person_created",
        "ops.person_disabled",
        "ops.person_enabled",
    ]


async def test_the_last_administrator_stays(ctx: Context) -> None:
    last = await make_person(ctx, role=Role.OPS_ADMIN)
    gone = await make_person(ctx, role=Role.OPS_ADMIN)
    await people.disable(ctx, gone.id)
    for act in (people.set_role(ctx, last.id, Role.OPS_VIEWER), people.disable(ctx, last.id)):
        with pytest.raises(ConflictError) as caught:
            await act
        assert caught.value.reason == "last_admin"
    await people.set_role(ctx, last.id, Role.OPS_ADMIN)
    await people.enable(ctx, gone.id)
    await people.set_role(ctx, last.id, Role.OPS_VIEWER)


async def test_nobody_disables_themselves(ctx: Context) -> None:
    me = as_ops(ctx)
    for _ in range(2):
        await make_person(ctx, role=Role.OPS_ADMIN)
    mine = await make_person(ctx, role=Role.OPS_ADMIN)
    me.actor = type(me.actor)(me.actor.kind, str(mine.id), None, Role.OPS_ADMIN)
    with pytest.raises(ConflictError) as caught:
        await people.disable(me, mine.id)
    assert caught.value.reason == "own_account"


async def test_a_vendors_owner_is_no_member_of_operations(ctx: Context) -> None:
    owner = await make_owner(ctx)
    for person_id in (owner.id, new_id()):
        for act in (
            people.set_role(as_ops(ctx), person_id, Role.OPS_ADMIN),
            people.disable(as_ops(ctx), person_id),
        ):
            with pytest.raises(NotFoundError):
                await act
    assert owner.role is Role.OWNER


async def test_only_a_person_is_somebody(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    with pytest.raises(NotSignedInError):
        await people.me(as_nobody(ctx))
    with pytest.raises(ForbiddenError):
        await people.me(as_token(ctx, tenant))
    with pytest.raises(ForbiddenError):
        await people.me(ctx)
    with pytest.raises(NotSignedInError):
        await people.me(as_vendor(ctx, tenant))
