from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from app.core import locale
from app.core.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "tag", "text"),
    [
        ("2.5", "USD", "en", "$2.50"),
        ("2.5", "USD", "zh-CN", "US$2.50"),
        ("17.5", "CNY", "zh-CN", "¥17.50"),
        ("17.5", "CNY", "en", "CN¥17.50"),
        ("-1234.5", "USD", "en", "\u2212$1,234.50"),
        ("0.004", "USD", "en", "$0.004"),
        ("1234567.123456", "USD", "en", "$1,234,567.123456"),
        ("9007199254740.993", "USD", "en", "$9,007,199,254,740.993"),
        ("1500", "JPY", "en", "¥1,500"),
        ("0", "USD", "en", "$0.00"),
    ],
)
def test_money_is_written_the_readers_way_and_exactly(
    amount: str, currency: str, tag: str, text: str
) -> None:
    assert locale.format_money(Money.of(amount, currency), tag) == text


def test_numbers_keep_every_digit_and_a_true_minus() -> None:
    assert locale.format_number(1284, "en") == "1,284"
    assert locale.format_number(Decimal("-0.12345"), "en") == "\u22120.12345"
    assert locale.format_percent(Decimal("0.075"), "en") == "7.5%"
    assert locale.format_percent(Decimal("-0.3"), "zh-CN") == "\u221230%"


def test_dates_are_written_the_readers_way() -> None:
    day = dt.date(2026, 11, 21)
    assert locale.format_date(day, "en") == "21 Nov 2026"
    assert locale.format_date(day, "zh-CN") == "2026年11月21日"
    assert locale.format_month(day, "en") == "November 2026"
    assert locale.format_month(day, "zh-CN") == "2026年11月"


def test_an_instant_says_its_zone() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    at = dt.datetime(2026, 11, 22, 4, 5, tzinfo=shanghai)
    assert locale.format_datetime(at, "en") == "21 Nov 2026, 20:05 UTC"
    assert locale.format_datetime(at, "zh-CN") == "2026年11月21日 20:05 UTC"


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("en", "en"),
        ("en_GB", "en"),
        ("zh-Hans-SG", "zh-CN"),
        ("ZH", "zh-CN"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_nearest_supported_locale_is_picked(wanted: str | None, tag: str) -> None:
    assert locale.pick_locale(wanted) == tag


def test_an_unsupported_locale_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown locale 'fr'"):
        locale.format_date(dt.date(2026, 11, 21), "fr")
