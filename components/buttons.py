"""Buttons, menus and copying: everything that is pressed once and does one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx

from components import words as w
from components.base import Content, Flag, Handler, Text, icon, is_given, link, words

Kind = Literal["main", "plain", "quiet", "danger"]


def _classes(kind: Kind, *, small: bool, wide: bool, square: bool = False) -> Text:
    return words(
        "btn",
        f"btn-{kind}",
        "btn-small" if small else "",
        "btn-wide" if wide else "",
        "btn-icon" if square else "",
    )


def button(
    label: Content,
    *,
    on_click: Handler = None,
    kind: Kind = "plain",
    icon_name: str = "",
    small: bool = False,
    wide: bool = False,
    busy: Flag = False,
    disabled: Flag = False,
    submit: bool = False,
    **props: Any,
) -> rx.Component:
    """Draw a button; `main` is for the one main act of a page, `danger` for what cannot be undone.

    While `busy` it shows progress and cannot be pressed again.
    """
    if on_click is not None:
        props["on_click"] = on_click
    attrs: dict[str, Any] = props.pop("custom_attrs", {})
    if busy is not False:
        attrs["aria-busy"] = busy
        disabled = busy if disabled is False else rx.Var.create(busy).bool() | disabled
    if disabled is not False:
        props["disabled"] = disabled
    return rx.el.button(
        icon(icon_name) if icon_name else rx.fragment(),
        rx.el.span(label),
        type="submit" if submit else "button",
        class_name=_classes(kind, small=small, wide=wide),
        custom_attrs=attrs,
        **props,
    )


def link_button(
    label: Content,
    *,
    href: Text,
    kind: Kind = "plain",
    icon_name: str = "",
    small: bool = False,
    wide: bool = False,
    external: bool = False,
    **props: Any,
) -> rx.Component:
    """Draw a link that looks like a button; use `external` for files and other sites."""
    return link(
        icon(icon_name) if icon_name else rx.fragment(),
        rx.el.span(label),
        href=href,
        external=external,
        class_name=_classes(kind, small=small, wide=wide),
        **props,
    )


def icon_button(
    icon_name: str,
    label: Text,
    *,
    on_click: Handler = None,
    small: bool = False,
    kind: Kind = "quiet",
    **props: Any,
) -> rx.Component:
    """Draw a square button with a well-known icon; the label is its name and its title."""
    if on_click is not None:
        props["on_click"] = on_click
    attrs = {"aria-label": label, **props.pop("custom_attrs", {})}
    return rx.el.button(
        icon(icon_name),
        type="button",
        title=label,
        class_name=_classes(kind, small=small, wide=False, square=True),
        custom_attrs=attrs,
        **props,
    )


def copy_button(text: Text, *, label: str = w.COPY, small: bool = True) -> rx.Component:
    """Copy a text to the clipboard and say so."""
    return rx.el.button(
        icon("copy", class_name="icon-copy"),
        icon("check", class_name="icon-done"),
        rx.el.span(label),
        type="button",
        class_name=_classes("plain", small=small, wide=False),
        custom_attrs={"data-copy": text, "data-copied-word": w.COPIED},
    )


@dataclass(frozen=True)
class MenuItem:
    """One act of a menu: either `on_click` or `href`."""

    label: Text
    on_click: Handler = None
    href: Text = ""
    icon_name: str = ""
    danger: bool = False
    external: bool = False
    shown: Flag = True


def _menu_item(item: MenuItem) -> rx.Component:
    inside = (icon(item.icon_name) if item.icon_name else rx.fragment(), rx.el.span(item.label))
    classes = "menu-item danger" if item.danger else "menu-item"
    if is_given(item.href):
        made = link(
            *inside, href=item.href, external=item.external, class_name=classes, role="menuitem"
        )
    else:
        made = rx.el.button(
            *inside, type="button", role="menuitem", class_name=classes, on_click=item.on_click
        )
    if item.shown is True:
        return made
    return rx.cond(item.shown, made)  # pyright: ignore[reportReturnType]


def menu(
    menu_id: Text,
    label: Text,
    items: list[MenuItem],
    *,
    trigger: Content | None = None,
    trigger_class: str = "btn btn-quiet btn-icon btn-small",
) -> rx.Component:
    """Draw a button that opens a list of acts.

    `menu_id` must be unique on the page; in a table use the row's id. Arrow keys walk the list, Escape closes it.
    """
    return rx.fragment(
        rx.el.button(
            trigger if trigger is not None else icon("ellipsis"),
            type="button",
            title=label,
            class_name=trigger_class,
            custom_attrs={
                "popoverTarget": menu_id,
                "aria-label": label,
                "aria-haspopup": "menu",
                "aria-expanded": "false",
            },
        ),
        rx.el.div(
            *[_menu_item(item) for item in items],
            class_name="menu",
            role="menu",
            custom_attrs={"id": menu_id, "popover": "auto", "aria-label": label},
        ),
    )
