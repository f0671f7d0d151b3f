"""The axes of a chart: round steps, few labels, whole numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

import plotly.graph_objects as go

HEIGHT: Final = 260

_MOST_DAYS: Final = 5
_MOST_STEPS: Final = 5
_BAR_SHARE: Final = 700  # thousandths of the distance between two bars

# Ticks only keep the words off the axes.
_UNSEEN_TICKS: Final = {"ticks": "outside", "tickcolor": "rgba(0,0,0,0)"}


@dataclass(frozen=True)
class Series:
    """One line or row of bars: (ISO date, whole number) in order of time."""

    name: str
    points: Sequence[tuple[str, int]]
    kind: Literal["line", "bar"] = "line"


def amount(value: int, prefix: str = "", per_unit: int = 1) -> str:
    """Write a whole number of the smallest parts as people read it."""
    sign = "\u2212" if value < 0 else ""
    if per_unit == 1:
        return f"{sign}{prefix}{abs(value):,}"
    cents = (abs(value) * 100 + per_unit // 2) // per_unit
    return f"{sign}{prefix}{cents // 100:,}.{cents % 100:02d}"


def day_word(day: str, *, with_year: bool = True) -> str:
    """Write an ISO date as `21 Nov 2026`."""
    parsed = date.fromisoformat(day)
    return f"{parsed.day} {parsed:%b %Y}" if with_year else f"{parsed.day} {parsed:%b}"


def steps(low: int, high: int, *, smallest: int = 1) -> list[int]:
    """Choose round values that cover low to high, at most seven of them, zero among them."""
    low, high = min(low, 0), max(high, 0)
    size = smallest
    factors = (2, 5, 10)
    base, turn = smallest, 0
    while (high - low) > size * _MOST_STEPS:
        size = base * factors[turn]
        turn += 1
        if turn == len(factors):
            base, turn = base * 10, 0
    first = -(-low // size) * size if low >= 0 else (low // size) * size
    count = -(-(high - first) // size)
    return [first + size * index for index in range(max(count, 1) + 1)]


@dataclass(frozen=True)
class Scale:
    """What both the still and Plotly draw by."""

    days: list[str]
    marks: list[int]
    has_bars: bool
    is_empty: bool
    prefix: str
    per_unit: int
    is_stacked: bool = False

    def layout(self) -> dict[str, Any]:
        """Give Plotly's layout: no frame, light horizontal lines, exact figures on hover."""
        start, end, bar = self._span()
        hair = (self.marks[1] - self.marks[0]) / 50
        some = self.days[:: -(-len(self.days) // _MOST_DAYS)] if self.days else []
        long = len(self.days) > 1 and _day(self.days[-1]) - _day(self.days[0]) > timedelta(days=200)
        return {
            # Without this the figure carries Plotly's own template of 7 KB.
            "template": go.layout.Template(),
            "height": HEIGHT,
            "margin": {"l": 56, "r": 8, "t": 16, "b": 28},
            "meta": {"bar": bar},
            "showlegend": False,
            "hovermode": "x unified",
            "dragmode": False,
            "bargap": 0.3,
            **({"barmode": "stack"} if self.is_stacked else {}),
            "xaxis": {
                "type": "date",
                "range": [start, end],
                "tickvals": some,
                "ticktext": [
                    f"{_day(day):%b %Y}" if long else day_word(day, with_year=False) for day in some
                ],
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
                "hoverformat": "%-d %b %Y",
                "tickangle": 0,
                "ticklen": 8,
                **_UNSEEN_TICKS,
            },
            "yaxis": {
                # A hair more than the marks, or Plotly leaves out the lines at both ends.
                "range": [self.marks[0] - hair, self.marks[-1] + hair],
                "tickvals": self.marks,
                "ticktext": [self._mark(value) for value in self.marks],
                "showticklabels": not self.is_empty,
                "ticklen": 6,
                **_UNSEEN_TICKS,
                "zeroline": True,
                "fixedrange": True,
            },
        }

    def _mark(self, value: int) -> str:
        written = amount(value, self.prefix, self.per_unit)
        whole = all(mark % self.per_unit == 0 for mark in self.marks)
        return written.removesuffix(".00") if self.per_unit > 1 and whole else written

    def _span(self) -> tuple[str, str, int]:
        """Give the range of the time axis and the thousandths of it that a bar takes."""
        if not self.days:
            return "2000-01-01", "2000-01-02", 0
        first, last = _day(self.days[0]), _day(self.days[-1])
        gaps = [_day(b) - _day(a) for a, b in zip(self.days, self.days[1:], strict=False)]
        gap = min(gaps, default=timedelta(days=1))
        pad = gap / 2 if self.has_bars or first == last else timedelta()
        width = last - first + 2 * pad
        share = gap * _BAR_SHARE // width if self.has_bars else 0
        return str(first - pad), str(last + pad), share


def _day(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time())


def chart_scale(
    series: Sequence[Series], *, prefix: str, per_unit: int, stacked: bool = False
) -> Scale:
    """Choose the axes for some series; stacked ones reach as high as their sum."""
    every = [value for one in series for _, value in one.points]
    if stacked:
        sums: dict[str, int] = {}
        for day, value in (point for one in series for point in one.points):
            sums[day] = sums.get(day, 0) + value
        every = list(sums.values())
    return Scale(
        days=sorted({day for one in series for day, _ in one.points}),
        marks=steps(min(every, default=0), max(every, default=0), smallest=max(per_unit // 100, 1)),
        has_bars=any(one.kind == "bar" for one in series),
        is_empty=not any(every),
        prefix=prefix,
        per_unit=per_unit,
        is_stacked=stacked,
    )
