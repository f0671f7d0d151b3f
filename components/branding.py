"""A vendor's brand as parents meet it: beside their devices and in their activity feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from components import words as w
from components.base import Text, heading


@dataclass(frozen=True)
class ParentDeviceRow:
    """A device in the parent's list."""

    id: str
    name: str
    note: str


@dataclass(frozen=True)
class ParentEventRow:
    """An entry of the parent's feed; `text` continues a sentence that begins with the brand's name."""

    id: str
    text: str
    at: str


SAMPLE_DEVICES = [
    ParentDeviceRow("1", "Bear in the nursery", "Active now"),
    ParentDeviceRow("2", "Robot in the kitchen", "Last active yesterday"),
]
SAMPLE_EVENTS = [
    ParentEventRow("1", "asked to remember a bedtime story", "2 min ago"),
    ParentEventRow("2", "read a memory you allowed", "1 h ago"),
    ParentEventRow("3", "was refused access to your calendar", "yesterday"),
]


def brand_logo(name: Text, logo_url: Text) -> rx.Component:
    """Show the logo, or the first letter of the name while there is none."""
    letter = name.to(str)[:1] if isinstance(name, rx.Var) else name[:1]
    inside = rx.cond(
        logo_url != "", rx.el.img(src=logo_url, alt="", width=32, height=32), rx.el.span(letter)
    )
    return rx.el.span(inside, class_name="logo", custom_attrs={"aria-hidden": "true"})


def parent_devices(name: Text, logo_url: Text, rows: Any = SAMPLE_DEVICES) -> rx.Component:
    """Show the device list as the parent sees it."""
    return rx.el.div(
        rx.el.div(heading(w.PARENT_DEVICES, level=3, size=14), class_name="parent-head"),
        rx.foreach(
            rows,
            lambda row: rx.el.div(
                brand_logo(name, logo_url),
                rx.el.div(
                    rx.el.div(row.name, class_name="strong"),
                    rx.el.div(
                        rx.cond(name != "", rx.fragment(name, " · ")),
                        row.note,
                        class_name="quiet small",
                    ),
                    class_name="grow",
                ),
                key=row.id,
                class_name="parent-row",
            ),
        ),
        class_name="parent",
    )


def parent_feed(name: Text, logo_url: Text, rows: Any = SAMPLE_EVENTS) -> rx.Component:
    """Show the activity feed as the parent sees it."""
    return rx.el.div(
        rx.el.div(heading(w.PARENT_FEED, level=3, size=14), class_name="parent-head"),
        rx.foreach(
            rows,
            lambda row: rx.el.div(
                brand_logo(name, logo_url),
                rx.el.div(rx.el.span(name, class_name="strong"), " ", row.text, class_name="grow"),
                rx.el.span(row.at, class_name="quiet small nowrap"),
                key=row.id,
                class_name="parent-row",
            ),
        ),
        class_name="parent",
    )


def brand_preview(name: Text, logo_url: Text) -> rx.Component:
    """Show both, live while the name is typed."""
    return rx.el.div(
        parent_devices(name, logo_url),
        parent_feed(name, logo_url),
        class_name="stack",
        data_testid="brand-preview",
    )
