"""Who works in operations: adding, promoting and shutting out; for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import reflex as rx

from app.services import people
from app.services.context import Context
from models.person import Person, Role
from state.ops.asking import Asking, Question, unknown_act
from state.session import acting, parse_id

ROLES = {
    Role.OPS_VIEWER: "Viewer",
    Role.OPS_OPERATOR: "Operator",
    Role.OPS_ADMIN: "Administrator",
}


@dataclass(frozen=True)
class StaffRow:
    """One member of operations."""

    id: str
    name: str
    email: str
    role: str
    role_word: str
    state: str
    is_me: bool


class StaffState(Asking, rx.State):
    """The list of staff, and a new member's password, shown once."""

    is_loaded: bool = False
    may_manage: bool = False
    rows: list[StaffRow] = []
    secret: str = ""
    secret_of: str = ""

    @rx.event
    async def load(self) -> None:
        """Show everybody."""
        self._fresh()
        self.secret = ""
        await self._show()

    @rx.event
    async def forget_secret(self) -> None:
        """Close the dialog that shows a password once."""
        async with acting(self, readonly=True):
            self.secret = self.secret_of = ""

    @rx.event
    async def ask(self, act: str, person_id: str) -> None:
        """Ask before somebody is added, given another role, shut out or let in."""
        async with acting(self, readonly=True):
            email = next((row.email for row in self.rows if row.id == person_id), "them")
        questions = {
            "add": Question(
                title="Add somebody to operations?",
                text="They get a password that is shown once. Tell it to them in person.",
                verb="Add",
                needs="person",
                is_danger=False,
            ),
            "disable": Question(
                title=f"Shut {email} out?",
                text="Their sessions end at once and they cannot sign in again.",
                verb="Shut out",
            ),
            "enable": Question(
                title=f"Let {email} in again?",
                text="They can sign in with the password they had.",
                verb="Let in",
                is_danger=False,
            ),
            **{
                role.value: Question(
                    title=f"Make {email} {word.lower()}?",
                    text="It applies from their next click on.",
                    verb="Change role",
                    is_danger=False,
                )
                for role, word in ROLES.items()
            },
        }
        if act not in questions:
            raise unknown_act()
        self._pose(questions[act].of(act, person_id))

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        match question.act:
            case "add":
                role = people.staff_role(form.get("role", ""))
                made = await people.create_ops(
                    ctx, form.get("email", ""), role, name=form.get("name", "")
                )
                self.secret, self.secret_of = made.password, made.email
                return f"{made.email} added"
            case "disable":
                await people.disable(ctx, parse_id(question.about))
                return "Shut out"
            case "enable":
                await people.enable(ctx, parse_id(question.about))
                return "Let in again"
            case _:
                role = people.staff_role(question.act)
                await people.set_role(ctx, parse_id(question.about), role)
                return "Role changed"

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            found = await people.list_ops(ctx)
            self.may_manage = ctx.actor.role is Role.OPS_ADMIN
            self.rows = [to_row(one, ctx.actor.id) for one in found]
        self.is_loaded = True


def to_row(one: Person, me: str) -> StaffRow:
    """Say a member of operations."""
    return StaffRow(
        id=str(one.id),
        name=one.name or "–",
        email=one.email,
        role=one.role.value,
        role_word=ROLES[one.role],
        state="closed" if one.disabled_at else "active",
        is_me=str(one.id) == me,
    )
