"""Activity of one thing over many days: one bar a day, with the figures for who cannot see bars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import reflex as rx

from components.base import Text

BAR: Final = 8
HEIGHT: Final = 96
_LEAST: Final = 6
"""A day with a single event must still be seen."""


@dataclass(frozen=True)
class DayBar:
    """One day: where its bar stands, how tall it is, and what it says."""

    id: str
    x: int
    y: int
    height: int
    title: str
    day: str
    count: str
    is_quiet: bool


def day_bars(first: dt.date, end: dt.date, counts: Mapping[dt.date, int]) -> list[DayBar]:
    """Lay out the days ``[first, end)``; call it in ``to_row``."""
    most = max(counts.values(), default=0)
    bars: list[DayBar] = []
    for index in range((end - first).days):
        day = first + dt.timedelta(days=index)
        count = counts.get(day, 0)
        tall = max(_LEAST, count * HEIGHT // most) if count else 1
        words = f"{count:,} event" + ("" if count == 1 else "s")
        shown = f"{day.day} {day:%b %Y}"
        bars.append(
            DayBar(
                id=day.isoformat(),
                x=index * BAR,
                y=HEIGHT - tall,
                height=tall,
                title=f"{shown}: {words}",
                day=shown,
                count=f"{count:,}",
                is_quiet=count == 0,
            )
        )
    return bars


def activity_bars(bars: Any, *, days: int, summary: Text) -> rx.Component:
    """Draw the bars held by the state; a table of the days that had any stands folded below."""
    rows = rx.Var.create(bars).to(list[DayBar])
    return rx.el.div(
        rx.el.svg(
            rx.foreach(rows, _bar),
            view_box=f"0 0 {days * BAR} {HEIGHT}",
            class_name="day-bars",
            role="img",
            custom_attrs={"aria-label": summary, "preserveAspectRatio": "none"},
        ),
        rx.el.details(
            rx.el.summary("View as table"),
            rx.el.div(
                rx.el.table(
                    rx.el.caption(summary, class_name="sr-only"),
                    rx.el.thead(
                        rx.el.tr(
                            rx.el.th("Day", scope="col"),
                            rx.el.th("Events", scope="col", class_name="right"),
                        )
                    ),
                    rx.el.tbody(rx.foreach(rows, _line)),
                    class_name="table",
                ),
                class_name="table-wrap scroll-box",
                tab_index=0,
                role="region",
                custom_attrs={"aria-label": "Events by day"},
            ),
            class_name="fold",
        ),
        class_name="stack stack-2",
    )


def _bar(bar: Any) -> rx.Component:
    return rx.el.rect(
        rx.el.title(bar.title),
        x=bar.x,
        y=bar.y,
        width=BAR - 2,
        height=bar.height,
        class_name=rx.cond(bar.is_quiet, "idle", ""),
        key=bar.id,
    )


def _line(bar: Any) -> rx.Component:
    return rx.cond(
        bar.is_quiet,
        rx.fragment(),
        rx.el.tr(rx.el.td(bar.day), rx.el.td(bar.count, class_name="right num"), key=bar.id),
    )
