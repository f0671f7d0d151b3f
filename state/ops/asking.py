"""What is asked before an act of operations, and how a refusal of it reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.core.errors import DomainError, InvalidInputError, NotSignedInError
from app.core.money import Money


@dataclass(frozen=True)
class Question:
    """One act about to be done. ``needs`` names the fields the dialog shows; empty ``act``: none.

    ``needs`` is ``""``, ``reason``, ``reference``, ``amount``, ``price`` or ``person``;
    ``preset`` is the amount offered, ``preset_day`` the day.
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

    def of(self, act: str, about: str) -> Question:
        """Return the question as it is asked about one thing."""
        return replace(self, act=act, about=about)


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


def day_in(form: Mapping[str, str], name: str) -> dt.date:
    """Read a day of a form; raises ``InvalidInputError`` naming the field."""
    try:
        return dt.date.fromisoformat(form.get(name, ""))
    except ValueError as error:
        problem = "must be a day"
        raise InvalidInputError(f"This {problem}.", fields=[(name, problem)]) from error
