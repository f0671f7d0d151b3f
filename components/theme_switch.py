"""Light, dark, or as the system says; English or Chinese: both remembered by the browser."""

from __future__ import annotations

from typing import Literal

import reflex as rx
from reflex_base.style import set_color_mode

from components import words as w
from components.base import icon

_MODES: tuple[tuple[Literal["system", "light", "dark"], str], ...] = (
    ("system", "monitor"),
    ("light", "sun"),
    ("dark", "moon"),
)

# What the person chose, as opposed to what the system made of it.
_chosen = rx.Var("rawColorMode", _var_type=str, _var_data=rx.color_mode._get_all_var_data())


def theme_items() -> list[rx.Component]:
    """Give the three choices as entries of a menu."""
    return [
        rx.el.button(
            icon(icon_name),
            rx.el.span(w.THEMES[mode]),
            type="button",
            role="menuitemradio",
            class_name="menu-item",
            on_click=set_color_mode(mode),
            custom_attrs={
                "aria-checked": rx.cond(_chosen == mode, "true", "false"),
                "data-stay": "true",
            },
        )
        for mode, icon_name in _MODES
    ]


def language_items() -> list[rx.Component]:
    """Give the languages as entries of a menu; the script of `assets/ui/language.js` does the rest."""
    return [
        rx.el.button(
            icon("languages"),
            rx.el.span(word, lang=tag, custom_attrs={"translate": "no"}),
            type="button",
            role="menuitemradio",
            class_name="menu-item",
            custom_attrs={"aria-checked": "false", "data-language": tag},
        )
        for tag, word in w.LANGUAGES.items()
    ]


def theme_menu() -> rx.Component:
    """Give the choice as a button of its own, for pages without an account menu."""
    return rx.fragment(
        rx.el.button(
            icon("sun-moon"),
            type="button",
            title=w.THEME,
            class_name="btn btn-quiet btn-icon",
            custom_attrs={
                "popoverTarget": "theme-menu",
                "aria-label": w.THEME,
                "aria-haspopup": "menu",
                "aria-expanded": "false",
            },
        ),
        rx.el.div(
            *theme_items(),
            rx.el.div(class_name="menu-rule", role="separator"),
            *language_items(),
            class_name="menu",
            role="menu",
            custom_attrs={"id": "theme-menu", "popover": "auto", "aria-label": w.THEME},
        ),
    )
