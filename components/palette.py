"""The command palette: Ctrl-K or ⌘K, then a few letters, then Enter."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import reflex as rx

from components import words as w
from components.base import Handler


@dataclass(frozen=True)
class PaletteItem:
    """One place to go; `group` is the heading it stands under."""

    label: str
    hint: str
    href: str
    group: str = ""


@dataclass(frozen=True)
class PaletteAnswer:
    """What was found for a text; the palette shows it only while that text stands in it."""

    text: str = ""
    found: tuple[PaletteItem, ...] = ()


class _Palette(rx.Component):
    library = "$/public/ui/palette.jsx"
    tag = "Palette"

    items: rx.Var[list[dict[str, str]]]
    answer: rx.Var[PaletteAnswer]
    words: rx.Var[dict[str, str]]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def command_palette(
    pages: list[PaletteItem],
    *,
    answer: rx.Var | None = None,
    on_search: Handler = None,
) -> rx.Component:
    """Place the palette on a page; the shell does that for every page it frames.

    `on_search` is called with what was typed, 200 ms after the last key; `answer` is a `PaletteAnswer`.
    """
    props = {}
    if answer is not None:
        props["answer"] = answer
    if on_search is not None:
        props["on_search"] = on_search
    return _Palette.create(
        items=[asdict(page) for page in pages],
        words={
            "title": w.SEARCH,
            "placeholder": w.SEARCH_HINT,
            "none": w.NOTHING_FOUND,
            "looking": w.LOADING,
            "pages": w.PAGES,
        },
        **props,
    )
