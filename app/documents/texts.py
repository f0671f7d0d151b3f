"""The one catalogue of words for PDFs and mails, and the way each language writes money and dates."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import babel
from babel import dates

from app.core import locale as core_locale
from app.core.invoice_document import Locale
from app.core.money import Money
from app.core.phrases import Phrase, Text

_SLOT = re.compile(r"\{(\w+)(?::(short|month))?\}")
_BABEL = {Locale.EN: "en", Locale.ZH_CN: "zh_CN"}


class MissingTextError(ValueError):
    """The catalogue has no such sentence, or a value that it quotes was not given."""


def as_locale(wanted: str) -> Locale:
    """Return the language closest to a tag: Chinese for any ``zh``, English otherwise."""
    return Locale(core_locale.pick_locale(wanted))


class Words:
    """The catalogue of one language, with its ways of writing values."""

    def __init__(self, locale: Locale, entries: Mapping[str, Any]) -> None:
        self.locale = locale
        self._entries = entries
        self._babel = babel.Locale.parse(_BABEL[locale])

    def entry(self, path: str) -> Any:
        """Return what stands at a dotted path; raises ``MissingTextError``."""
        found: Any = self._entries
        for part in path.split("."):
            if not isinstance(found, Mapping) or part not in found:
                raise MissingTextError(f"{self.locale}: {path}")
            found = found[part]
        return found

    def has(self, path: str) -> bool:
        """Tell whether anything stands at a dotted path."""
        try:
            self.entry(path)
        except MissingTextError:
            return False
        return True

    def text(self, path: str, /, **values: Any) -> str:
        """Return a sentence with its values filled in."""
        return self.fill(self.entry(path), values)

    def say(self, text: Text) -> str:
        """Return words as they are, or the sentence a phrase names."""
        if isinstance(text, str):
            return text
        if text.key not in self._entries["phrases"]:
            raise MissingTextError(f"{self.locale}: phrases.{text.key}")
        return self.fill(self._entries["phrases"][text.key], text.values())

    def fill(self, entry: Any, values: Mapping[str, Any]) -> str:
        """Fill a template, choosing its plural form by ``count`` or by the value its ``by`` names.

        ``{day:short}`` and ``{day:month}`` write a date without its year or day. Raises ``MissingTextError``
        for a gap.
        """
        if isinstance(entry, Mapping):
            count = values.get(entry.get("by", "count"))
            form = self._babel.plural_form(count) if isinstance(count, int | Decimal) else "other"
            entry = entry.get(form, entry["other"])

        def put(slot: re.Match[str]) -> str:
            if slot[1] not in values:
                raise MissingTextError(f"{self.locale}: no value for {{{slot[1]}}} in {entry!r}")
            value = values[slot[1]]
            if slot[2]:
                return self.short_date(value) if slot[2] == "short" else self.month(value)
            return self.value(value)

        return _SLOT.sub(put, str(entry))

    def value(self, value: Any) -> str:
        """Write a value the way the language does: money, dates, instants, numbers, words."""
        match value:
            case str():
                return value
            case Money():
                return self.money(value)
            case dt.datetime():
                return self.moment(value)
            case dt.date():
                return self.date(value)
            case int() | Decimal():
                return self.number(value)
            case Phrase():
                return self.say(value)
            case _:
                raise TypeError(f"cannot write a {type(value).__name__}")

    def money(self, amount: Money) -> str:
        """Write an amount with its symbol; digits beyond the payable ones only where they matter."""
        return _money(amount.micros, amount.currency, self.locale.value)

    def number(self, number: int | Decimal) -> str:
        """Write a number with its grouping."""
        return core_locale.format_number(number, self.locale.value)

    def percent(self, rate: Decimal) -> str:
        """Write a fraction as a percentage: ``0.3`` is 30%."""
        return core_locale.format_percent(rate, self.locale.value)

    def country(self, code: str) -> str:
        """Write the name of a country by its ISO 3166 code; an unknown code stands for itself."""
        return self._babel.territories.get(code.upper(), code)

    def date(self, day: dt.date) -> str:
        """Write a date in full: 21 Nov 2026."""
        return _date(day, self.locale.value)

    def short_date(self, day: dt.date) -> str:
        """Write a date without its year: 21 Nov."""
        return dates.format_date(day, self.entry("date.short"), locale=self._babel)

    def month(self, day: dt.date) -> str:
        """Write the month of a date: November 2026."""
        return core_locale.format_month(day, self.locale.value)

    def moment(self, at: dt.datetime) -> str:
        """Write an instant with its zone, which is UTC everywhere."""
        return core_locale.format_datetime(at, self.locale.value)

    def period(self, start: dt.date, end: dt.date) -> str:
        """Write a half-open period by its first and last day: 1–30 Nov 2026."""
        last = end - dt.timedelta(days=1)
        if last <= start:
            return self.date(start)
        if (start.year, start.month) == (last.year, last.month):
            if self.locale is Locale.ZH_CN:
                return self.text("date.span_in_month", first=self.date(start), last=f"{last.day}日")
            return self.text("date.span_in_month", first=str(start.day), last=self.date(last))
        return self.text("date.span", first=self.date(start), last=self.date(last))


@lru_cache(maxsize=4096)  # a statement repeats the same few amounts and days a thousand times
def _money(micros: int, currency: str, locale: str) -> str:
    return core_locale.format_money(Money(micros, currency), locale)


@lru_cache(maxsize=1024)
def _date(day: dt.date, locale: str) -> str:
    return core_locale.format_date(day, locale)


@cache
def words(locale: Locale) -> Words:
    """Return the catalogue of a language."""
    source = resources.files("app.documents") / "texts" / f"{locale.value}.toml"
    return Words(locale, tomllib.loads(source.read_text(encoding="utf-8")))
