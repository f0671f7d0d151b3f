"""A chart says the same in its still, in Plotly and in its table."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import charts
from components.chart_scale import Series, amount, steps


def test_an_empty_range_says_so_and_keeps_its_axes() -> None:
    figure = charts.chart_figure([charts.Series("A", [("2026-11-01", 0), ("2026-11-02", 0)])])
    assert [note.text for note in figure.layout.annotations] == ["Nothing happened in this range."]
    assert len(figure.data) == 0
    assert figure.layout.xaxis.ticktext == ("1 Nov", "2 Nov")


def test_two_series_are_labelled_directly() -> None:
    days = [("2026-11-01", 1), ("2026-11-02", 2)]
    figure = charts.chart_figure([charts.Series("A", days), charts.Series("B", days)])
    assert [note.text for note in figure.layout.annotations] == ["A", "B"]
    assert figure.layout.showlegend is False


def test_the_table_behind_a_chart_has_the_same_numbers_newest_first() -> None:
    series = [
        charts.Series("A", [("2026-11-01", 1_500_000)]),
        charts.Series("B", [("2026-11-02", 2_000_000)]),
    ]
    assert charts.chart_rows(series, prefix="$", per_unit=1_000_000) == [
        charts.ChartRow("2 Nov 2026", ["$0.00", "$2.00"]),
        charts.ChartRow("1 Nov 2026", ["$1.50", "$0.00"]),
    ]


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12), st.sampled_from([1, 10_000]))
def test_steps_cover_the_values_with_few_equal_round_steps(
    one: int, other: int, smallest: int
) -> None:
    low, high = sorted((one, other))
    marks = steps(low, high, smallest=smallest)
    assert marks[0] <= min(low, 0)
    assert marks[-1] >= max(high, 0)
    assert 2 <= len(marks) <= 8
    sizes = {b - a for a, b in pairwise(marks)}
    assert len(sizes) == 1
    assert str(sizes.pop() // smallest).rstrip("0") in {"1", "2", "5"}
    assert 0 in marks


@pytest.mark.parametrize(
    ("value", "prefix", "per_unit", "text"),
    [
        (1284, "", 1, "1,284"),
        (-3_500_000, "$", 1_000_000, "\u2212$3.50"),
        (2_310_400_000, "$", 1_000_000, "$2,310.40"),
        (4_999, "$", 1_000_000, "$0.00"),
        (5_000, "$", 1_000_000, "$0.01"),
    ],
)
def test_an_amount_is_written_exactly(value: int, prefix: str, per_unit: int, text: str) -> None:
    assert amount(value, prefix, per_unit) == text


def test_hover_shows_the_exact_figures_of_the_table() -> None:
    series = [charts.Series("A", [("2026-11-01", 1_234_560_000), ("2026-11-02", 5_000_000)])]
    figure = charts.chart_figure(series, prefix="$", per_unit=1_000_000)
    rows = charts.chart_rows(series, prefix="$", per_unit=1_000_000)
    assert list(figure.data[0].text) == [row.cells[0] for row in reversed(rows)]


def test_a_long_range_is_labelled_by_month_and_at_most_five_times() -> None:
    months = [(f"{2025 + month // 12}-{month % 12 + 1:02d}-01", month) for month in range(12)]
    axis = charts.chart_figure([charts.Series("A", months)]).layout.xaxis
    assert axis.ticktext[0] == "Jan 2025"
    assert len(axis.ticktext) <= 5


def test_bars_at_the_ends_are_not_cut() -> None:
    days = [("2026-11-01", 1), ("2026-11-02", 2)]
    axis = charts.chart_figure([charts.Series("A", days, kind="bar")]).layout.xaxis
    assert list(axis.range) == ["2026-10-31 12:00:00", "2026-11-02 12:00:00"]


def test_labels_of_series_that_end_at_one_height_stand_apart() -> None:
    paid = charts.Series("Paid", [("2026-11-01", 50), ("2026-11-02", 0)])
    share = charts.Series("Share", [("2026-11-01", 15), ("2026-11-02", 0)])
    figure = charts.chart_figure([paid, share])
    low, high = sorted(note.y for note in figure.layout.annotations)
    assert (low, high) == (0, 4)


def test_bars_are_named_beside_the_title_and_not_over_themselves() -> None:
    days = [("2026-11-01", 50), ("2026-11-02", 20)]
    bars = [charts.Series(name, days, kind="bar") for name in ("Paid", "Share")]
    assert not charts.chart_figure(bars).layout.annotations


def test_stacked_bars_reach_as_high_as_their_sum() -> None:
    days = [("2026-11-01", 30), ("2026-11-02", 10)]
    two = [Series("a", days, kind="bar"), Series("b", days, kind="bar")]
    figure = charts.chart_figure(two, stacked=True)
    assert figure.layout.barmode == "stack"
    assert figure.layout.yaxis.range[1] >= 60
    assert charts.chart_figure(two).layout.yaxis.range[1] < 60
