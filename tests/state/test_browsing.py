from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from components.activity import HEIGHT, day_bars
from state.browsing import address, asked_page, view
from state.moments import moment
from state.shell import ShellState
from tests.state.conftest import Tab

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "/x"),
        ({"q": "", "page": 1}, "/x"),
        ({"q": "a b&c", "page": 2}, "/x?q=a+b%26c&page=2"),
        ({"page": 0}, "/x"),
    ],
)
def test_an_address_says_only_what_there_is_to_say(query: dict[str, Any], said: str) -> None:
    assert address("/x", **query) == said


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1),
        ("3", 3),
        ("0", 1),
        ("-4", 1),
        ("x", 1),
        ("9999999", 1),
        ("999999", 100_000),
        ("٣", 1),
    ],
)
async def test_a_page_that_makes_no_sense_is_the_first(
    open_tab: Any, text: str, number: int
) -> None:
    tab: Tab = open_tab("")
    tab.go(f"/x?page={text}")
    assert asked_page(await tab.state(ShellState)) == number


async def test_another_view_begins_at_its_first_page_with_nothing_open(open_tab: Any) -> None:
    tab: Tab = open_tab("")
    tab.go("/x?q=a&page=3&open=7")
    state = await tab.state(ShellState)
    assert view(state, "/x", {"q": "b"}) == "/x?q=b"
    assert view(state, "/x", {}, is_same_list=True) == "/x?page=3&q=a"


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (dt.timedelta(), "just now"),
        (dt.timedelta(seconds=59), "just now"),
        (dt.timedelta(minutes=2), "2 min ago"),
        (dt.timedelta(hours=23, minutes=59), "23 h ago"),
        (dt.timedelta(hours=24), "19 Nov 2026"),
        (-dt.timedelta(seconds=5), "in a moment"),
        (-dt.timedelta(minutes=5), "in 5 min"),
        (-dt.timedelta(hours=72), "23 Nov 2026"),
    ],
)
def test_near_times_are_relative_and_far_ones_dates(apart: dt.timedelta, said: str) -> None:
    one = moment(NOW - apart, NOW, "en")
    assert one.text == said
    assert one.exact.endswith("UTC")


def test_what_never_happened_has_no_exact_time() -> None:
    one = moment(None, NOW, "en")
    assert (one.text, one.exact, one.iso) == ("Never", "", "")


def test_bars_stand_in_proportion_and_the_least_is_seen() -> None:
    first = dt.date(2026, 11, 1)
    counts = {first: 1000, first + dt.timedelta(days=2): 1}
    most, none, least = day_bars(first, first + dt.timedelta(days=3), counts)
    assert (most.height, most.y, most.title) == (HEIGHT, 0, "1 Nov 2026: 1,000 events")
    assert (none.is_quiet, none.count) == (True, "0")
    assert least.height > none.height
    assert least.title.endswith("1 event")


def test_days_without_any_event_draw_no_bar() -> None:
    first = dt.date(2026, 11, 1)
    assert all(bar.is_quiet for bar in day_bars(first, first + dt.timedelta(days=90), {}))
