from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.documents.palette import BODY
from app.documents.typeset import clean, shorten, wrap

WIDEST = BODY.width("國W") * 2
texts = st.text(
    alphabet=st.sampled_from("ab cdeWil1234 -/，。（）中国玩具有限公司\n\t\u202e\u200b🙂.,"),
    max_size=200,
)


@given(texts, st.integers(40, 400))
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    assert all(BODY.width(line) <= width for line in wrap(text, BODY, width))


@given(texts, st.integers(40, 400))
def test_breaking_loses_nothing(text: str, width: int) -> None:
    lines = wrap(text, BODY, width)
    assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")
    assert all(line and line == line.strip() for line in lines)


@given(texts)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Acme\r\nToys", "Acme Toys"),
        ("Acme\u202eToys", "AcmeToys"),
        ("a\x00b\x1bc", "abc"),
        ("e\u0301", "é"),
        ("Toys 🙂🙂 Ltd", "Toys □ Ltd"),
        ("  wide   space ", "wide space"),
        ("<script>", "<script>"),
    ],
)
def test_only_what_can_be_set_is_kept(typed: str, kept: str) -> None:
    assert clean(typed) == kept


def test_chinese_punctuation_never_starts_a_line() -> None:
    text = "星星玩具，有限公司。" * 20
    for width in range(60, 140, 3):
        assert not any(line[0] in "，。" for line in wrap(text, BODY, width))


def test_a_day_stays_with_its_month() -> None:
    text = "Price contract in force since 1 Mar 2026"
    for width in range(60, 200, 3):
        assert not any(line.endswith(" 1") for line in wrap(text, BODY, width))


def test_a_word_is_broken_only_where_it_has_no_room() -> None:
    text = " ".join(f"word{number}" for number in range(300))
    lines = wrap(text, BODY, 120)
    assert " ".join(lines) == text


def test_a_short_text_is_not_shortened() -> None:
    assert shorten("Acme Toys", BODY, 200) == "Acme Toys"


def test_a_long_text_ends_with_an_ellipsis_and_fits() -> None:
    short = shorten("Acme Toys " * 20, BODY, 100)
    assert short.endswith("…")
    assert BODY.width(short) <= 100


def test_an_empty_text_has_no_lines() -> None:
    assert wrap(" \n ", BODY, 100) == []
