"""Repeating what is open beside a list, or several rows that were chosen in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.core.ids import new_id
from app.services import ops_bulk
from app.services.context import Context
from app.services.ops_bulk import Chosen
from state.ops.asking import Asking, Question, unknown_act
from state.ops.words import several
from state.session import acting, parse_id


@dataclass(frozen=True)
class Repetition:
    """How repeating is asked for and told; ``{}`` in the question takes what it is about."""

    noun: str
    question: str
    text: str
    verb: str
    done: str


class Repeating(Asking, mixin=True):
    """Rows that say ``can_repeat`` and ``attempts``; a state says in ``_words`` and ``_one`` what happens."""

    chosen: list[str] = []
    outcome: str = ""
    is_repeatable: bool = False

    @rx.event
    async def pick(self, row_id: str, is_chosen: bool) -> None:
        """Choose a row of the page, or leave it out again."""
        async with acting(self, readonly=True):
            self.outcome = ""
            others = [one for one in self.chosen if one != row_id]
            self._choose([*others, row_id] if is_chosen is True else others)

    @rx.event
    async def pick_all(self, is_chosen: bool) -> None:
        """Choose every row of the page that can be repeated, or none."""
        async with acting(self, readonly=True):
            self.outcome = ""
            self._choose([row.id for row in self._rows()] if is_chosen is True else [])

    @rx.event
    async def ask(self, act: str) -> None:
        """Ask before what is open is repeated."""
        async with acting(self, readonly=True):
            one = self._open()
        if act != "repeat" or not one.can_repeat:
            raise unknown_act()
        self._ask(self._title(one), [one])

    @rx.event
    async def ask_chosen(self) -> None:
        """Ask before all that is chosen is repeated."""
        async with acting(self, readonly=True):
            rows = [row for row in self._rows() if row.id in self.chosen and row.can_repeat]
        if not rows:
            raise unknown_act()
        self._ask(several(len(rows), self._words().noun), rows)

    def _choose(self, ids: list[str]) -> None:
        """Keep those of the ids that stand on the page and can be repeated."""
        able = [row.id for row in self._rows() if row.can_repeat]
        self.chosen, self.is_repeatable = [one for one in able if one in ids], bool(able)

    def _ask(self, what: str, rows: list[Any]) -> None:
        words = self._words()
        self.outcome = ""
        self._pose(
            Question(
                "repeat",
                title=words.question.format(what),
                text=words.text,
                verb=words.verb,
                is_danger=False,
                chosen=tuple((row.id, row.attempts) for row in rows),
                once=new_id().hex,
            )
        )

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:  # noqa: ARG002
        if question.act != "repeat":
            raise unknown_act()
        words = self._words()
        chosen = [Chosen(parse_id(id_), attempts) for id_, attempts in question.chosen]
        found = await ops_bulk.each(ctx, chosen, lambda one: self._one(ctx, one, question.once))
        self.chosen = []
        if found.refused:
            left = several(len(chosen) - found.done, words.noun)
            self.outcome = f"Left out: {left}. {ops_bulk.in_words(found.refused)}"
        return f"{words.done}: {several(found.done, words.noun)}"

    def _rows(self) -> list[Any]:
        """Return the rows of the page."""
        return getattr(self, "rows", [])

    def _open(self) -> Any:
        """Return the row that is open."""
        return getattr(self, "detail", None)

    def _words(self) -> Repetition:
        raise unknown_act()

    def _title(self, one: Any) -> str:
        """Name one row in a question."""
        return str(one.name).lower()

    async def _one(self, ctx: Context, one: Chosen, once: str) -> None:
        """Repeat one thing."""
