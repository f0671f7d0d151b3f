"""Identifiers, secrets and code: shown in a mono face, copied with one press."""

from __future__ import annotations

import reflex as rx

from components import words as w
from components.base import Text, icon
from components.buttons import copy_button


def shorten(text: str, *, head: int = 6, tail: int = 4) -> str:
    """Cut an identifier in its middle: `d481ea…2624`; short ones stay whole."""
    return text if len(text) <= head + tail + 2 else f"{text[:head]}…{text[-tail:]}"


def identifier(text: Text, *, short: Text | None = None) -> rx.Component:
    """Show an identifier shortened in the middle; a press copies the whole, which is also its title."""
    if short is None:
        if isinstance(text, rx.Var):
            whole = text.to(str)
            cut = whole[:6].to(str) + "…" + whole[-4:].to(str)  # pyright: ignore[reportOperatorIssue]
            short = rx.cond(whole.length() > 12, cut, whole)  # pyright: ignore[reportAssignmentType]
        else:
            short = shorten(text)
    return rx.el.button(
        rx.el.span(short),
        icon("copy", size=14, class_name="icon-copy"),
        icon("check", size=14, class_name="icon-done"),
        type="button",
        title=text,
        class_name="chip",
        custom_attrs={"data-copy": text, "data-copied-word": w.COPIED},
    )


def code_block(text: Text, *, label: Text = "", block_id: str = "") -> rx.Component:
    """Show a command or a snippet with its language and a copy button."""
    return rx.el.div(
        rx.el.div(rx.el.span(label), copy_button(text), class_name="code-head"),
        rx.el.pre(
            rx.el.code(text),
            tab_index=0,
            custom_attrs={"id": block_id} if block_id else {},
        ),
        class_name="code",
    )


def secret(text: Text, *, label: str) -> rx.Component:
    """Show a secret that appears only once, whole, with a copy button."""
    return rx.el.div(
        rx.el.code(text, custom_attrs={"aria-label": label}),
        copy_button(text),
        class_name="secret",
    )
