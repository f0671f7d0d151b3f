from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MINOR_DIGITS, Money
from app.core.phrases import Phrase, from_json, parse_money, to_json

amounts = st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(sorted(MINOR_DIGITS)))
values = (
    st.text()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | amounts
    | st.dates()
)
names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)


@given(
    st.text()
    | st.builds(
        lambda key, params: Phrase.of(key, **params), st.text(), st.dictionaries(names, values)
    )
)
def test_a_text_survives_json(text: str | Phrase) -> None:
    assert from_json(json.loads(json.dumps(to_json(text)))) == text


@given(amounts)
def test_an_amount_is_read_back_as_it_was_written(amount: Money) -> None:
    assert parse_money(str(amount)) == amount


def test_the_order_of_parameters_does_not_matter() -> None:
    assert Phrase.of("key", a=1, b=2) == Phrase.of("key", b=2, a=1)


@pytest.mark.parametrize(
    "form",
    [
        None,
        7,
        {},
        {"phrase": "key"},
        {"phrase": 7, "params": {}},
        {"phrase": "key", "params": {"a": True}},
        {"phrase": "key", "params": {"a": {"money": "12"}}},
        {"phrase": "key", "params": {"a": {"date": "yesterday"}}},
        {"phrase": "key", "params": {"a": {"decimal": "half"}}},
        {"phrase": "key", "params": {"a": {"float": "1"}}},
        {"phrase": "key", "params": {"a": None}},
    ],
)
def test_what_is_neither_words_nor_a_phrase_is_refused(form: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(form)


@pytest.mark.parametrize(
    "written", ["", "12", "12 usd", "1e3 USD", "12.0000001 USD", "12 XXX", " 12 USD"]
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_money(written)


def test_a_phrase_gives_back_what_it_quotes() -> None:
    phrase = Phrase.of("key", rate=Decimal("0.3"), day=dt.date(2026, 11, 1))
    assert phrase.values() == {"rate": Decimal("0.3"), "day": dt.date(2026, 11, 1)}
