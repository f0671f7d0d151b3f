"""How a page registers itself: its route, title, what it loads, and who may look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import reflex as rx

Audience = str
"""``public``, ``vendor``, ``agent`` or ``ops``; a courtesy for navigation, never the boundary."""


@dataclass(frozen=True, slots=True)
class Page:
    """One screen of the product."""

    route: str
    title: str
    audience: Audience
    render: Callable[[], rx.Component]
    on_load: list[Any] = field(default_factory=list[Any])
    description: str = (
        "Turnpike boards vendors of AI hardware, counts their devices and bills them."
    )


PAGES: dict[str, Page] = {}


def page(
    route: str,
    *,
    title: str,
    audience: Audience,
    on_load: list[Any] | None = None,
    description: str = "",
) -> Callable[[Callable[[], rx.Component]], Callable[[], rx.Component]]:
    """Register the decorated function as the page of a route; a route is taken once."""

    def register(render: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        if route in PAGES:
            raise ValueError(f"two pages for {route}")
        made = Page(route, title, audience, render, on_load or [])
        PAGES[route] = replace(made, description=description) if description else made
        return render

    return register
