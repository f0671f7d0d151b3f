"""Keeps a page up to date by itself while somebody looks at it."""

from __future__ import annotations

import reflex as rx

from components.base import Handler


class _Ticker(rx.Component):
    library = "$/public/ui/ticker.jsx"
    tag = "Ticker"

    every: rx.Var[int]
    on_tick: rx.EventHandler[rx.event.no_args_event_spec]


def ticker(on_tick: Handler, *, seconds: int = 3) -> rx.Component:
    """Call a handler every so often while the tab is visible; it draws nothing.

    The handler should ask cheaply whether anything changed and load only then.
    """
    return _Ticker.create(every=seconds * 1000, on_tick=on_tick)
