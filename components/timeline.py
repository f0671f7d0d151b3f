"""What happened, newest first: the audit feed and the history of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from components.base import icon, when

_MARKS = {
    "device": "cpu",
    "token": "key-round",
    "invoice": "receipt-text",
    "payment": "credit-card",
    "person": "user-round",
    "agreement": "file-check-2",
    "brand": "image",
    "mail": "mail",
    "webhook": "webhook",
    "price": "tag",
    "clock": "clock",
    "warning": "triangle-alert",
}


@dataclass(frozen=True)
class EventRow:
    """One entry: a sentence, who or from where, when; `mark` is a key of the icons, `tone` a colour for state."""

    id: str
    title: str
    detail: str = ""
    at: str = ""
    at_exact: str = ""
    mark: str = ""
    tone: str = ""
    href: str = ""


def timeline(rows: Any, *, label: str = "History") -> rx.Component:
    """List `EventRow`s held by the state (or constants) in the order given."""
    return rx.el.ol(
        rx.foreach(rx.Var.create(rows).to(list[EventRow]), _entry),
        class_name="timeline",
        custom_attrs={"aria-label": label},
    )


def _entry(row: Any) -> rx.Component:
    mark = rx.match(
        row.mark,
        *[(key, icon(name, size=14)) for key, name in _MARKS.items()],
        icon("dot", size=14),
    )
    tone = rx.Var.create("event-mark ") + row.tone  # pyright: ignore[reportOperatorIssue]
    title = rx.cond(
        row.href != "",
        rx.el.a(row.title, href=row.href, class_name="link"),
        rx.el.span(row.title),
    )
    return rx.el.li(
        rx.el.span(mark, class_name=tone, custom_attrs={"aria-hidden": "true"}),
        rx.el.div(
            title,
            when(row.detail, rx.el.div(row.detail, class_name="quiet small")),
            class_name="event-body",
        ),
        rx.el.time(row.at, title=row.at_exact, date_time=row.at_exact),
        key=row.id,
        class_name="event",
    )
