"""Amounts, counts and dates as people read them; the words around them live in the text catalogue."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Final, cast

from babel import Locale
from babel.dates import format_date as babel_date
from babel.numbers import format_currency, format_decimal
from babel.numbers import format_percent as babel_percent

from app.core.clock import require_utc
from app.core.money import Money

MINUS: Final = "\u2212"
_NO_COUNTRIES: Final = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Two letters that are groups, tests or nowhere."""


@dataclass(frozen=True, slots=True)
class _Style:
    babel: Locale
    date: str
    month: str
    joint: str


_STYLES: Final[Mapping[str, _Style]] = MappingProxyType(
    {
        "en": _Style(Locale("en"), "d MMM y", "MMMM y", ", "),
        "zh-CN": _Style(Locale.parse("zh_CN"), "y年M月d日", "y年M月", " "),
    }
)

LOCALES: Final = tuple(_STYLES)
"""Every language the product speaks; the first is the source of all texts."""


def pick_locale(wanted: str | None) -> str:
    """Return the supported locale for a tag such as ``zh-Hans-SG`` or ``en_GB``, the source if none fits."""
    language = (wanted or "").replace("_", "-").partition("-")[0].lower()
    return next((tag for tag in LOCALES if tag.partition("-")[0] == language), LOCALES[0])


def format_money(money: Money, locale: str) -> str:
    """Return e.g. ``$2.50`` or ``US$2.50``, with more digits only where they matter."""
    text = format_currency(
        money.decimal(), money.currency, locale=_style(locale).babel, decimal_quantization=False
    )
    return text.replace("-", MINUS)


def format_number(number: int | Decimal, locale: str) -> str:
    """Return e.g. ``1,284``, every digit kept."""
    text = format_decimal(number, locale=_style(locale).babel, decimal_quantization=False)
    return text.replace("-", MINUS)


def format_percent(fraction: Decimal, locale: str) -> str:
    """Return e.g. ``7.5%`` for ``Decimal("0.075")``, every digit kept."""
    text = babel_percent(fraction, locale=_style(locale).babel, decimal_quantization=False)
    return text.replace("-", MINUS)


def format_date(day: dt.date, locale: str) -> str:
    """Return e.g. ``21 Nov 2026``."""
    style = _style(locale)
    return babel_date(day, style.date, locale=style.babel)


def format_month(day: dt.date, locale: str) -> str:
    """Return the month a day is in, e.g. ``November 2026``."""
    style = _style(locale)
    return babel_date(day, style.month, locale=style.babel)


def format_datetime(at: dt.datetime, locale: str) -> str:
    """Return an instant in UTC, said so, e.g. ``21 Nov 2026, 14:05 UTC``."""
    utc = require_utc(at)
    return f"{format_date(utc.date(), locale)}{_style(locale).joint}{utc:%H:%M} UTC"


def _style(locale: str) -> _Style:
    if locale not in _STYLES:
        raise ValueError(f"unknown locale {locale!r}: use pick_locale")
    return _STYLES[locale]


@cache
def country_names(locale: str) -> Mapping[str, str]:
    """Return the countries by their ISO 3166 code, in the language's own words."""
    names = cast("Mapping[str, str]", _style(locale).babel.territories)
    return MappingProxyType(
        {
            code: str(name)
            for code, name in names.items()
            if re.fullmatch(r"[A-Z]{2}", code) and code not in _NO_COUNTRIES
        }
    )
