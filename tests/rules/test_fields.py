from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.rules.fields import one_line


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("Acme Toys", "Acme Toys"),
        ("  Acme \t\n Toys ", "Acme Toys"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("玩具公司", "玩具公司"),
        ("Acme\u2028Toys", "Acme Toys"),
    ],
)
def test_a_line_is_tidied(text: str, tidy: str) -> None:
    assert one_line(text, "display_name", longest=20) == tidy


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "must be text"),
        ({"a": 1}, "must be text"),
        ("", "must have 2 to 5 characters"),
        (" a ", "must have 2 to 5 characters"),
        ("abcdef", "must have 2 to 5 characters"),
        ("a\x00b", "must not contain hidden characters"),
        ("a\u202eb", "must not contain hidden characters"),
        ("a\u200bb", "must not contain hidden characters"),
        ("a\ud800b", "must not contain hidden characters"),
        ("a\ue000b", "must not contain hidden characters"),
    ],
)
def test_what_does_not_fit_a_line_is_refused(text: Any, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=f"The display name {problem}") as refusal:
        one_line(text, "display_name", longest=5, shortest=2)
    assert refusal.value.fields == [("display_name", problem)]


def test_a_line_may_touch_its_bounds() -> None:
    for text in ("ab", "abcde"):
        assert one_line(text, "name", longest=5, shortest=2) == text
    with pytest.raises(InvalidInputError, match="1 to 5"):
        one_line("", "name", longest=5)


@given(st.text())
def test_a_tidy_line_stays_as_it_is(text: str) -> None:
    try:
        tidy = one_line(text, "name", longest=50)
    except InvalidInputError:
        return
    assert one_line(tidy, "name", longest=50) == tidy
    assert "\n" not in tidy
