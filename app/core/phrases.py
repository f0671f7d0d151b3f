"""Sentences named by their key, so that services and tables need no language: `app.documents` says them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Self, cast

from app.core.money import Money

PhraseValue = str | int | Decimal | Money | dt.date
"""What a phrase may quote; money, numbers and dates are written the way the reader's language does."""

_MONEY = re.compile(r"(-?\d+(?:\.\d{1,6})?) ([A-Z]{3})")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence of the text catalogue and what it quotes."""

    key: str
    params: tuple[tuple[str, PhraseValue], ...] = ()

    @classmethod
    def of(cls, key: str, /, **params: PhraseValue) -> Self:
        """Name a sentence and what it quotes: ``Phrase.of("line.active_devices.detail", count=92, end=day)``."""
        return cls(key, tuple(sorted(params.items())))

    def values(self) -> dict[str, PhraseValue]:
        """Return what it quotes, by name."""
        return dict(self.params)


Text = str | Phrase
"""Words as they are, or a sentence of the catalogue."""


def parse_money(written: str) -> Money:
    """Read an amount as ``str(Money)`` writes it, e.g. ``231.00 USD``; raises ``ValueError``."""
    found = _MONEY.fullmatch(written)
    if not found:
        raise ValueError(f"not an amount: {written!r}")
    return Money.of(found[1], found[2])


def to_json(text: Text) -> Any:
    """Return a form of a text that JSON keeps: words as they are, a phrase as an object."""
    if isinstance(text, str):
        return text
    return {"phrase": text.key, "params": {name: _value_out(each) for name, each in text.params}}


def from_json(form: Any) -> Text:
    """Read what ``to_json`` wrote; raises ``ValueError`` for anything else."""
    match form:
        case str():
            return form
        case {"phrase": str(key), "params": dict()}:
            params = cast("dict[str, Any]", form["params"])
            return Phrase.of(key, **{name: _value_in(each) for name, each in params.items()})
        case _:
            raise ValueError("neither words nor a phrase")


def _value_out(value: PhraseValue) -> Any:
    match value:
        case Money():
            return {"money": str(value)}
        case dt.date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case _:
            return value


def _value_in(form: Any) -> PhraseValue:
    match form:
        case bool():
            raise ValueError("a phrase quotes no truth value")
        case str() | int():
            return form
        case {"money": str(written)}:
            return parse_money(written)
        case {"date": str(written)}:
            return dt.date.fromisoformat(written)
        case {"decimal": str(written)}:
            return _decimal(written)
        case _:
            raise ValueError("not a value a phrase can quote")


def _decimal(written: str) -> Decimal:
    try:
        return Decimal(written)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {written!r}") from error
