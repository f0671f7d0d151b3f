from __future__ import annotations

import pytest
from sqlmodel import select

from app.core.errors import ForbiddenError, InvalidInputError
from app.services.context import Context
from models.audit import AuditEvent
from models.person import Role
from state.ops.staff import StaffState
from tests.factories import make_person
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened


async def test_vendors_are_refused(tab: Tab) -> None:
    with pytest.raises(ForbiddenError):
        await opened(tab, StaffState, "/ops/staff")


async def test_an_administrator_adds_somebody_whose_password_is_shown_once(
    ctx: Context, admin: Tab
) -> None:
    state = await opened(admin, StaffState, "/ops/staff")
    await state.ask("add", "")
    await state.confirm({"email": "new@example.com", "role": "owner"})
    assert "role of operations" in state.refusal
    await state.confirm({"email": "new@example.com", "name": "", "role": "ops_viewer"})
    assert [(row.email, row.role_word) for row in state.rows if not row.is_me] == [
        ("new@example.com", "Viewer")
    ]
    assert len(state.secret) >= 20
    await state.forget_secret()
    assert (state.secret, state.secret_of) == ("", "")
    rows = await ctx.db.scalars(select(AuditEvent).where(AuditEvent.kind == "ops.person_created"))
    assert len(rows.all()) == 1


async def test_roles_change_and_people_are_shut_out_and_let_in(ctx: Context, admin: Tab) -> None:
    other = await make_person(ctx, role=Role.OPS_VIEWER)
    await ctx.db.commit()
    state = await opened(admin, StaffState, "/ops/staff")

    async def now(act: str) -> tuple[str, str]:
        await state.ask(act, str(other.id))
        await state.confirm({})
        return next((row.role, row.state) for row in state.rows if row.id == str(other.id))

    assert await now("ops_operator") == ("ops_operator", "active")
    assert await now("disable") == ("ops_operator", "closed")
    assert await now("enable") == ("ops_operator", "active")


async def test_the_last_administrator_stays(admin: Tab) -> None:
    state = await opened(admin, StaffState, "/ops/staff")
    me = next(row for row in state.rows if row.is_me)
    await state.ask("ops_viewer", me.id)
    await state.confirm({})
    assert state.refusal == "This is the last administrator."


async def test_an_operator_manages_nobody(operator: Tab) -> None:
    state = await opened(operator, StaffState, "/ops/staff")
    assert not state.may_manage
    await state.ask("add", "")
    await state.confirm({"email": "new@example.com", "role": "ops_viewer"})
    assert state.refusal == "Your role does not allow this."
    with pytest.raises(InvalidInputError):
        await state.ask("promote", "")
