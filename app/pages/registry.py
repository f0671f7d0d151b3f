"""How a page registers itself: its route, title, what it loads, and who may look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import reflex as rx

Audience = str
"""``public``, ``vendor`` or ``ops``; a courtesy for navigation, never the boundary."""


@dataclass(frozen=True, slots=True)
class Page:
    """One screen of the product."""

    route: str
    title: str
    audience: Audience
    render: Callable[[], rx.Component]
    on_load: tuple[rx.event.EventType[()], ...] = ()


PAGES: dict[str, Page] = {}


def page(
    route: str, *, title: str, audience: Audience, on_load: object = ()
) -> Callable[[Callable[[], rx.Component]], Callable[[], rx.Component]]:
    """Register the decorated function as the page of a route; a route is taken once."""

    def register(render: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        if route in PAGES:
            raise ValueError(f"two pages for {route}")
        handlers = tuple(on_load) if isinstance(on_load, list | tuple) else (on_load,)
        PAGES[route] = Page(route, title, audience, render, handlers)  # type: ignore[arg-type]
        return render

    return register
