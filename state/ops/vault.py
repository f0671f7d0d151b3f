"""The vault as operations see it: names and uses, never a secret; and what the executor may do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import reflex as rx

from app.services import allow_list, vault
from app.services.context import Context
from app.services.vault import Entry
from models.person import Role
from models.vault import AllowedAction
from state.moments import moment
from state.ops.asking import Asking, Question, unknown_act
from state.ops.words import LOCALE
from state.session import acting, parse_id


@dataclass(frozen=True)
class SecretRow:
    """One secret, by everything but itself."""

    id: str
    name: str
    provider: str
    version: int
    key: str
    rotated: str
    rotated_exact: str
    used: str
    used_exact: str


@dataclass(frozen=True)
class ActionRow:
    """One line of the allow-list."""

    id: str
    name: str
    version: int
    is_on: bool
    changed: str
    changed_exact: str


class VaultState(Asking, rx.State):
    """What the vault holds, where it is opened, and which actions are allowed."""

    is_loaded: bool = False
    may_switch: bool = False
    place: str = ""
    executor: str = ""
    secrets: list[SecretRow] = []
    actions: list[ActionRow] = []

    @rx.event
    async def load(self) -> None:
        """Show both lists."""
        self._fresh()
        await self._show()

    @rx.event
    async def ask(self, act: str, line_id: str) -> None:
        """Ask before an action is switched."""
        async with acting(self, readonly=True):
            name = next((row.name for row in self.actions if row.id == line_id), "this action")
        questions = {
            "off": Question(
                title=f"Switch off {name}?",
                text="From now on nobody has it done. What needs it waits and is tried again "
                "until it is switched on.",
                verb="Switch off",
            ),
            "on": Question(
                title=f"Switch on {name}?",
                text="Whoever holds a service key, and this product itself, may have it done.",
                verb="Switch on",
                is_danger=False,
            ),
        }
        if act not in questions:
            raise unknown_act()
        self._pose(questions[act].of(act, line_id))

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:  # noqa: ARG002
        match question.act:
            case "off":
                await allow_list.switch(ctx, parse_id(question.about), enabled=False)
                return "Switched off"
            case "on":
                await allow_list.switch(ctx, parse_id(question.about), enabled=True)
                return "Switched on"
            case _:
                raise unknown_act()

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            now = ctx.now()
            self.secrets = [to_secret(one, now) for one in await vault.entries(ctx)]
            self.actions = [to_action(one, now) for one in await allow_list.lines(ctx)]
            self.executor = ctx.settings.executor_url
            here = "here" if ctx.settings.has_vault else "nowhere"
            self.place = "executor" if self.executor else here
            self.may_switch = ctx.actor.role is Role.OPS_ADMIN
        self.is_loaded = True


def to_secret(one: Entry, now: dt.datetime) -> SecretRow:
    """Say a secret without saying it."""
    rotated = moment(one.rotated_at, now, LOCALE)
    used = moment(one.last_used_at, now, LOCALE)
    return SecretRow(
        id=f"{one.provider}-{one.name}",
        name=one.name,
        provider=one.provider.capitalize(),
        version=one.version,
        key=one.key_id,
        rotated=rotated.text,
        rotated_exact=rotated.exact,
        used=used.text,
        used_exact=used.exact,
    )


def to_action(one: AllowedAction, now: dt.datetime) -> ActionRow:
    """Say a line of the allow-list."""
    changed = moment(one.changed_at, now, LOCALE)
    return ActionRow(
        id=str(one.id),
        name=f"{one.integration}.{one.action}",
        version=one.version,
        is_on=one.is_enabled,
        changed=changed.text,
        changed_exact=changed.exact,
    )
