from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest

from app.core.invoice_document import DocumentKind, Locale
from app.core.money import Money
from app.core.phrases import Phrase
from app.documents.mail_templates import TEMPLATES
from app.documents.texts import MissingTextError, as_locale, words

EN, ZH = words(Locale.EN), words(Locale.ZH_CN)
PLURALS = {"by", "zero", "one", "two", "few", "many", "other"}


def catalogue(locale: Locale) -> dict[str, Any]:
    source = resources.files("app.documents") / "texts" / f"{locale.value}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def leaves(entry: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield every text with the names it quotes; the forms of a plural are one text."""
    if isinstance(entry, dict) and "other" in entry and entry.keys() <= PLURALS:
        yield path, {name for form in entry.values() for name in re.findall(r"\{(\w+)", form)}
    elif isinstance(entry, dict):
        for key, value in entry.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(entry, list):
        for index, value in enumerate(entry):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, set(re.findall(r"\{(\w+)", entry))


def test_both_languages_say_the_same_things() -> None:
    english = dict(leaves(catalogue(Locale.EN)))
    chinese = dict(leaves(catalogue(Locale.ZH_CN)))
    assert english.keys() == chinese.keys()
    assert english == chinese


def test_every_plural_has_the_forms_its_language_needs() -> None:
    for entry in catalogue(Locale.EN)["phrases"].values():
        if isinstance(entry, dict):
            assert {"one", "other"} <= entry.keys()


def test_the_catalogue_has_exactly_the_mails_there_are() -> None:
    mails = {name for name, entry in catalogue(Locale.EN)["mail"].items() if "subject" in entry}
    assert mails == set(TEMPLATES)


@pytest.mark.parametrize("kind", DocumentKind)
def test_every_kind_of_document_has_its_labels(kind: DocumentKind) -> None:
    labels = catalogue(Locale.EN)["pdf"]
    assert labels[kind.value].keys() >= labels["statement"].keys() - {"pay_heading"}


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        (Money.of("231", "USD"), "$231.00", "US$231.00"),
        (Money.of("-1231.5", "USD"), "−$1,231.50", "−US$1,231.50"),
        (Money.of("0.0025", "USD"), "$0.0025", "US$0.0025"),
        (Money.of("16420.5", "CNY"), "CN¥16,420.50", "¥16,420.50"),
        (Money.of("1200", "JPY"), "¥1,200", "JP¥1,200"),
    ],
)
def test_amounts_are_written_the_way_the_language_does(
    amount: Money, english: str, chinese: str
) -> None:
    assert (EN.money(amount), ZH.money(amount)) == (english, chinese)


def test_dates_are_written_the_way_the_language_does() -> None:
    day = dt.date(2026, 11, 1)
    assert (EN.date(day), EN.short_date(day), EN.month(day)) == (
        "1 Nov 2026",
        "1 Nov",
        "November 2026",
    )
    assert (ZH.date(day), ZH.short_date(day), ZH.month(day)) == (
        "2026年11月1日",
        "11月1日",
        "2026年11月",
    )


@pytest.mark.parametrize(
    ("start", "end", "english", "chinese"),
    [
        ("2026-11-01", "2026-12-01", "1–30 Nov 2026", "2026年11月1日–30日"),
        (
            "2026-11-15",
            "2026-12-15",
            "15 Nov 2026 – 14 Dec 2026",
            "2026年11月15日 – 2026年12月14日",
        ),
        ("2026-11-15", "2026-11-16", "15 Nov 2026", "2026年11月15日"),
    ],
)
def test_a_period_is_written_by_its_first_and_last_day(
    start: str, end: str, english: str, chinese: str
) -> None:
    days = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    assert (EN.period(*days), ZH.period(*days)) == (english, chinese)


def test_an_instant_is_written_in_utc() -> None:
    east = dt.timezone(dt.timedelta(hours=8))
    assert EN.moment(dt.datetime(2026, 11, 2, 1, 30, tzinfo=east)) == "1 Nov 2026, 17:30 UTC"


@pytest.mark.parametrize(
    ("rate", "written"), [("0.3", "30%"), ("0.065", "6.5%"), ("0", "0%"), ("1", "100%")]
)
def test_a_rate_is_written_as_a_percentage(rate: str, written: str) -> None:
    assert EN.percent(Decimal(rate)) == written


def test_one_device_is_not_plural() -> None:
    end = dt.date(2026, 12, 1)
    one = EN.say(Phrase.of("line.active_devices.detail", count=1, end=end))
    many = EN.say(Phrase.of("line.active_devices.detail", count=1234, end=end))
    assert one.startswith("1 device with")
    assert many.startswith("1,234 devices with")


def test_a_phrase_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(MissingTextError, match="no_such"):
        EN.say(Phrase.of("no_such"))


def test_a_value_that_was_not_given_is_an_error() -> None:
    with pytest.raises(MissingTextError, match="end"):
        EN.say(Phrase.of("line.active_devices.detail", count=2))


def test_what_was_filled_in_is_not_filled_again() -> None:
    assert EN.fill("for {tenant}", {"tenant": "{secret}", "secret": "x"}) == "for {secret}"


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("zh-CN", Locale.ZH_CN),
        ("zh", Locale.ZH_CN),
        ("ZH_hans", Locale.ZH_CN),
        ("en-GB", Locale.EN),
        ("fr", Locale.EN),
        ("", Locale.EN),
    ],
)
def test_the_closest_language_is_taken(tag: str, locale: Locale) -> None:
    assert as_locale(tag) is locale
