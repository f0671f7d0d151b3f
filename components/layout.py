"""Cards, callouts and fact lists: how a page is arranged."""

from __future__ import annotations

from typing import Literal

import reflex as rx

from components.base import Content, Text, heading, icon, is_given, quiet

CalloutTone = Literal["info", "good", "warn", "bad"]

_CALLOUT_ICONS = {
    "info": "info",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-x",
}


def card(
    *children: Content,
    title: Text = "",
    note: Text = "",
    action: Content | None = None,
    foot: Content | None = None,
    flush: bool = False,
) -> rx.Component:
    """Frame one matter; `flush` drops the padding for tables and lists that bring their own."""
    head = rx.fragment()
    if is_given(title):
        head = rx.el.div(
            rx.el.div(heading(title, size=14), quiet(note) if is_given(note) else rx.fragment()),
            action if action is not None else rx.fragment(),
            class_name="card-head",
        )
    return rx.el.section(
        head,
        rx.fragment(*children) if flush else rx.el.div(*children, class_name="card-body"),
        rx.el.div(foot, class_name="card-foot") if foot is not None else rx.fragment(),
        class_name="card",
    )


def callout(
    *children: Content,
    tone: CalloutTone = "info",
    title: Text = "",
    action: Content | None = None,
    live: bool = False,
) -> rx.Component:
    """Say one thing the reader must know before going on; `live` announces it when it appears."""
    return rx.el.div(
        icon(_CALLOUT_ICONS[tone]),
        rx.el.div(
            rx.el.strong(title, class_name="strong") if is_given(title) else rx.fragment(),
            rx.el.div(*children),
            class_name="grow",
        ),
        rx.el.div(action, class_name="acts") if action is not None else rx.fragment(),
        class_name=f"callout callout-{tone}",
        role="alert" if live else "note",
    )


def facts(*pairs: tuple[Text, Content]) -> rx.Component:
    """List names and values, the name at the left."""
    return rx.el.dl(
        *[rx.fragment(rx.el.dt(name), rx.el.dd(value)) for name, value in pairs],
        class_name="facts",
    )


def prose(*children: Content) -> rx.Component:
    """Set running text at a readable measure."""
    return rx.el.div(*children, class_name="prose")


def section(
    title: Text, *children: Content, note: Text = "", action: Content | None = None
) -> rx.Component:
    """Group blocks of a page under a heading."""
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                heading(title), quiet(note) if is_given(note) else rx.fragment(), class_name="grow"
            ),
            action if action is not None else rx.fragment(),
            class_name="row row-between",
        ),
        *children,
        class_name="stack",
    )
