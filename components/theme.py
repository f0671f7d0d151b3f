"""What the application takes from the design system: stylesheets, head, toasts and the wraps around every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import reflex as rx
from reflex_components_core.base.error_boundary import error_boundary
from reflex_components_core.core.banner import connection_banner

from components import words as w
from components.base import link

STYLESHEETS: Final = [
    f"/css/{name}.css" for name in ("tokens", "base", "shell", "forms", "data", "overlays", "pages")
]
"""The one stylesheet, in its parts; the build joins them into a single file."""


_MARKS: Final = (
    'if (performance.getEntriesByType("navigation")[0]?.serverTiming?.some((one) => one.name === "sandbox"))'
    ' document.documentElement.classList.add("sandbox");'
    ' if (location.search) document.documentElement.classList.add("asked")'
)
"""Marks a page before its first paint: of a sandbox, where the strip finds its room, and with a question in its address."""


def head() -> list[rx.Component]:
    """Give the tags that every page's head carries: icon, first font, the small script of behaviours."""
    return [
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(
            rel="preload",
            href="/fonts/inter-latin-wght-normal.woff2",
            type="font/woff2",
            cross_origin="anonymous",
            custom_attrs={"as": "font"},
        ),
        rx.el.meta(name="color-scheme", content="light dark"),
        _bar_colour("#f9f9fb", "light"),
        _bar_colour("#111113", "dark"),
        rx.el.script(_MARKS),
        rx.el.script(src="/ui/turnpike.js", defer=True),
        rx.el.script(src="/ui/language.js", defer=True),
    ]


def _bar_colour(colour: str, scheme: str) -> rx.Component:
    media = {"media": f"(prefers-color-scheme: {scheme})"}  # a plain keyword would become a style
    return rx.el.meta(name="theme-color", content=colour, custom_attrs=media)


def toaster() -> rx.Component:
    """Give the place where toasts appear; pages send them with `rx.toast.success(...)` and its kin."""
    return rx.toast.provider(
        position="bottom-right",
        rich_colors=False,
        expand=False,
        close_button=True,
        visible_toasts=3,
    )


def broken(error: rx.Var) -> rx.Component:
    """Show what a page shows when its own code failed in the browser."""
    return rx.el.div(
        rx.el.h1(w.BROKEN_TITLE),
        rx.el.p(w.BROKEN_TEXT),
        rx.el.pre(error, class_name="tiny quiet", tab_index=0),
        link(w.RELOAD, href="", external=True, class_name="btn btn-main"),
        class_name="vacant whole-page",
        role="alert",
    )


def _boundary(stateful: bool) -> rx.Component:
    message = rx.Var("event_args.error.name + ': ' + event_args.error.message")
    extra: dict[str, Any] = {} if stateful else {"on_error": rx.noop()}
    return error_boundary(fallback_render=rx.Var.create(broken(message)), **extra)


def _overlay(stateful: bool) -> rx.Component | None:
    if not stateful:
        return None
    return connection_banner(rx.el.div(w.OFFLINE, class_name="offline", role="status"))


APP_WRAPS: Final[dict[tuple[int, str], Callable[[bool], rx.Component | None]]] = {
    (55, "ErrorBoundary"): _boundary,
    (5, "Overlay"): _overlay,
}
"""Replaces Reflex's own wraps, which show its name, its address and its colours."""
