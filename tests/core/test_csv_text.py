from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import csv_text
from app.core.money import Money


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"])  # fmt: skip
def test_a_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_text.lines([[text]]), newline=""))
    assert row == [f"'{text}"]


def test_amounts_and_counts_stay_numbers() -> None:
    at = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
    row = [Money.of("-2.50", "USD"), -3, at, None, {"b": "ü", "a": 1}]
    assert csv_text.lines([row]) == '-2.50,-3,2026-11-21T09:00:00Z,,"{""a"": 1, ""b"": ""ü""}"\r\n'


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_what_is_read_back_is_what_was_written_and_no_formula(texts: list[str]) -> None:
    (row,) = csv.reader(io.StringIO(csv_text.lines([["first", *texts]]), newline=""))
    assert [one.removeprefix("'") if one != text else one for one, text in zip(row[1:], texts, strict=True)] == texts  # fmt: skip
    assert not any(one.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for one in row)
