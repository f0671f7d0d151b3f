"""Key figures: the answer first, its change in a word, and a line where the shape tells something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx

from components import words as w
from components.base import Content, Text, icon, is_given, link, when

SPARK_WIDTH = 1000
SPARK_HEIGHT = 320

Better = Literal["up", "down", "neither"]


def spark_path(values: Sequence[int]) -> str:
    """Turn counts into the path of a sparkline; fewer than two give an empty path. Call it in `to_row`."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1
    top = SPARK_HEIGHT - 40
    points = [
        (index * SPARK_WIDTH // (len(values) - 1), SPARK_HEIGHT - 20 - (value - low) * top // span)
        for index, value in enumerate(values)
    ]
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def sparkline(path: Text) -> rx.Component:
    """Draw a path made by `spark_path`; it is decoration, the figure beside it says the number."""
    return rx.el.svg(
        rx.el.path(d=path),
        view_box=f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}",
        class_name="sparkline",
        custom_attrs={"aria-hidden": "true", "preserveAspectRatio": "none"},
    )


def trend(
    change: Text, direction: Text, *, better: Better = "up", against: Text = ""
) -> rx.Component:
    """Say how a figure moved: `change` is the amount as text, `direction` is "up", "down" or "same".

    Green and red follow `better`; the direction is also a word, for those who do not see the arrow.
    `against` names what it is compared with: "the 30 days before".
    """
    tones = {
        "up": {"up": "good", "down": "bad"},
        "down": {"up": "bad", "down": "good"},
        "neither": {},
    }[better]

    def drawn(way: str, arrow: str, word: str) -> rx.Component:
        tone = f" trend-{tones[way]}" if way in tones else ""
        return rx.el.span(
            icon(arrow, size=14),
            rx.el.span(f"{word} ", class_name="sr-only"),
            change,
            class_name=f"trend{tone}",
        )

    shapes = {
        "up": drawn("up", "arrow-up-right", w.UP),
        "down": drawn("down", "arrow-down-right", w.DOWN),
    }
    same = rx.el.span(w.SAME)
    if isinstance(direction, rx.Var):
        moved = rx.match(direction, *shapes.items(), same)
    else:
        moved = shapes.get(direction, same)
    return rx.el.span(
        moved,
        *([rx.el.span(f"{w.AGAINST} "), rx.el.span(against)] if is_given(against) else []),
        class_name="row",
    )


def key_figure(
    label: Text,
    value: Text,
    *,
    note: Content = "",
    change: Content | None = None,
    spark: Text = "",
    href: Text = "",
    testid: str = "",
) -> rx.Component:
    """Show one figure; with `href` the whole cell leads to its explanation."""
    inside = [
        rx.el.span(label, class_name="figure-label"),
        rx.el.span(value, class_name="figure-value"),
        rx.el.span(
            *([change] if change is not None else []),
            *([rx.el.span(note)] if is_given(note) else []),
            class_name="figure-note",
        ),
        when(spark, sparkline(spark)),
    ]
    extra: dict[str, Any] = {"data_testid": testid} if testid else {}
    if is_given(href):
        return link(*inside, href=href, class_name="figure", **extra)
    return rx.el.div(*inside, class_name="figure", **extra)


def key_figures(*figures: Content, label: str = "Key figures") -> rx.Component:
    """Line up at most four figures."""
    return rx.el.div(
        *figures, class_name="figures", role="group", custom_attrs={"aria-label": label}
    )
