"""Switching between views of one matter."""

from __future__ import annotations

import reflex as rx

from components.base import Content, Handler, Text, link

Choices = list[tuple[str, str]]


def _is(value: Text, key: str) -> rx.Var | str:
    if isinstance(value, rx.Var):
        return rx.cond(value == key, "true", "false")
    return "true" if value == key else "false"


def segmented(label: str, choices: Choices, *, value: Text, on_change: Handler) -> rx.Component:
    """Choose one of a few short words, such as a range; choices are (key, word), the handler gets the key."""
    return rx.el.div(
        *[
            rx.el.button(
                word,
                type="button",
                class_name="segment",
                on_click=on_change(key),
                custom_attrs={"aria-pressed": _is(value, key)},
            )
            for key, word in choices
        ],
        class_name="segments",
        role="group",
        custom_attrs={"aria-label": label},
    )


def tabs(label: str, choices: Choices, *, value: Text, on_change: Handler) -> rx.Component:
    """Choose one of the panels below; arrow keys walk. Draw the panels with `tab_panel`."""
    return rx.el.div(
        *[
            rx.el.button(
                word,
                type="button",
                role="tab",
                class_name="tab",
                on_click=on_change(key),
                custom_attrs={
                    "id": f"tab-{key}",
                    "aria-selected": _is(value, key),
                    "aria-controls": f"panel-{key}",
                    "tabIndex": rx.cond(value == key, 0, -1)
                    if isinstance(value, rx.Var)
                    else (0 if value == key else -1),
                },
            )
            for key, word in choices
        ],
        class_name="tabs",
        role="tablist",
        custom_attrs={"aria-label": label},
    )


def tab_panel(key: str, *content: Content, value: Text) -> rx.Component:
    """Show content while its tab is chosen."""
    attrs: dict[str, object] = {"id": f"panel-{key}", "aria-labelledby": f"tab-{key}"}
    attrs["hidden"] = value != key
    return rx.el.div(*content, role="tabpanel", class_name="stack", custom_attrs=attrs)


def link_tabs(label: str, places: list[tuple[str, str, str]], *, current: str) -> rx.Component:
    """Choose between pages that belong together; places are (key, word, address)."""
    return rx.el.nav(
        *[
            link(
                word,
                href=href,
                class_name="tab",
                custom_attrs={"aria-current": "page"} if key == current else {},
            )
            for key, word, href in places
        ],
        class_name="tabs",
        custom_attrs={"aria-label": label},
    )
