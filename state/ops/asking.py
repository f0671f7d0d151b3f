"""Acts of operations ask first: what is asked, doing it, and how a refusal of it reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import reflex as rx

from app.core.errors import DomainError, InvalidInputError, NotSignedInError
from app.core.money import Money
from app.services.context import Context
from state.session import acting


@dataclass(frozen=True)
class Question:
    """One act about to be done. ``needs`` names the fields the dialog shows; empty ``act``: none.

    ``needs`` is ``""``, ``reason``, ``reference``, ``amount``, ``price``, ``calls``, ``person`` or
    ``policy``;
    ``preset`` is the amount offered, ``preset_day`` the day. ``chosen`` are the ids and attempts of
    what is to be repeated as they were seen, and ``once`` names this asking.
    """

    act: str = ""
    about: str = ""
    title: str = ""
    text: str = ""
    verb: str = ""
    needs: str = ""
    preset: str = ""
    preset_day: str = ""
    unit: str = ""
    is_danger: bool = True
    chosen: tuple[tuple[str, int], ...] = ()
    once: str = ""

    def of(self, act: str, about: str) -> Question:
        """Return the question as it is asked about one thing."""
        return replace(self, act=act, about=about)


class Showing(rx.State, mixin=True):
    """A page that can show itself anew."""

    async def _show(self) -> None:
        """Read what the page shows."""

    def _fresh(self) -> None:
        """Leave behind what was under way when the page was left."""


class Asking(Showing, mixin=True):
    """Acts that ask first; a state says in ``_do`` what they are and in ``_show`` what changed.

    It stands before ``Listing``, so that a list that is opened anew asks nothing.
    """

    question: Question = Question()
    refusal: str = ""

    @rx.event
    async def cancel(self) -> None:
        """Leave everything as it is."""
        async with acting(self, readonly=True):
            self._close()

    @rx.event
    async def confirm(self, form: dict[str, str]) -> list[rx.event.EventSpec]:
        """Do what was asked about; a refusal is said in the dialog, which stays open."""
        try:
            async with acting(self) as ctx:
                done = await self._do(ctx, self.question, form)
        except DomainError as refusal:
            self.refusal = in_words(refusal)
            return []
        self._close()
        await self._show()
        return [rx.toast.success(done)]

    def _fresh(self) -> None:
        self._close()

    def _close(self) -> None:
        self.question, self.refusal = Question(), ""

    def _pose(self, question: Question) -> None:
        self.question, self.refusal = question, ""

    async def _do(
        self,
        ctx: Context,  # noqa: ARG002 - the states that ask need it
        question: Question,  # noqa: ARG002
        form: Mapping[str, str],  # noqa: ARG002
    ) -> str:
        raise unknown_act()


def unknown_act() -> InvalidInputError:
    """Return the refusal of an act that nobody was asked about."""
    return InvalidInputError("There is nothing to confirm here.")


def in_words(refusal: DomainError) -> str:
    """Return a refusal for the dialog it came from; a stranger's goes on to the login.

    A refused field is named, so that the reader finds it.
    """
    if isinstance(refusal, NotSignedInError):
        raise refusal
    if isinstance(refusal, InvalidInputError) and refusal.fields:
        return " ".join(
            f"{path.replace('_', ' ').capitalize()} {problem}." for path, problem in refusal.fields
        )
    return refusal.message


def amount_in(form: Mapping[str, str], name: str, currency: str) -> Money:
    """Read an amount of a form; raises ``InvalidInputError`` naming the field."""
    try:
        return Money.of(form.get(name, "").strip().replace(",", ""), currency)
    except ValueError as error:
        problem = "must be an amount such as 2.50"
        raise InvalidInputError(f"The {name} {problem}.", fields=[(name, problem)]) from error


def count_in(form: Mapping[str, str], name: str) -> int:
    """Read a whole number of a form; raises ``InvalidInputError`` naming the field."""
    text = form.get(name, "").strip().replace(",", "")
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    problem = "must be a whole number"
    raise InvalidInputError(f"The {name} {problem}.", fields=[(name, problem)])


def day_in(form: Mapping[str, str], name: str) -> dt.date:
    """Read a day of a form; raises ``InvalidInputError`` naming the field."""
    try:
        return dt.date.fromisoformat(form.get(name, ""))
    except ValueError as error:
        problem = "must be a day"
        raise InvalidInputError(f"This {problem}.", fields=[(name, problem)]) from error
