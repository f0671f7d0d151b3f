"""What a place shows when it has nothing to show yet, nothing at all, or trouble."""

from __future__ import annotations

import reflex as rx

from components import words as w
from components.base import Content, Flag, Handler, Text, heading, icon, is_given, when
from components.buttons import button, link_button
from components.code import code_block


def bone(*, width: str = "100%", height: int = 14) -> rx.Component:
    """Draw one grey bar of a skeleton; it appears only after 150 ms, so that quick answers do not flicker."""
    return rx.el.span(class_name="bone", style={"width": width, "height": f"{height}px"})


def _loading(*children: Content) -> rx.Component:
    return rx.el.div(
        rx.el.span(w.LOADING, class_name="sr-only"), *children, role="status", class_name="stack"
    )


def table_skeleton(columns: int, *, lines: int = 8) -> rx.Component:
    """Stand in for a table with the same measures."""
    cells = [rx.el.td(bone(width="60%" if index else "80%")) for index in range(columns)]
    return rx.el.div(
        rx.el.span(w.LOADING, class_name="sr-only", role="status"),
        rx.el.table(
            rx.el.tbody(*[rx.el.tr(*cells) for _ in range(lines)]),
            class_name="table",
            custom_attrs={"aria-hidden": "true"},
        ),
        class_name="table-wrap",
    )


def figures_skeleton(count: int = 4, *, notes: int = 1) -> rx.Component:
    """Stand in for a row of key figures, with so many lines below the tallest."""
    one = rx.el.div(
        rx.el.div(bone(width="50%", height=12), class_name="figure-label"),
        rx.el.div(bone(width="60%", height=20), class_name="figure-value"),
        *[rx.el.div(bone(width="40%", height=12), class_name="figure-note") for _ in range(notes)],
        class_name="figure",
    )
    return rx.el.div(
        *[one for _ in range(count)], class_name="figures", custom_attrs={"aria-hidden": "true"}
    )


def lines_skeleton(lines: int = 4) -> rx.Component:
    """Stand in for text, a form or a list."""
    return _loading(*[bone(width=f"{90 - 12 * (index % 4)}%") for index in range(lines)])


def block_skeleton(height: int = 260) -> rx.Component:
    """Stand in for a chart or a picture of a known height."""
    return _loading(bone(height=height))


def loaded(ready: Flag, content: rx.Component, skeleton: rx.Component) -> rx.Component:
    """Show the skeleton until the state says that its first answer is there."""
    # Two keys: the one is taken away and the other put there, instead of one being bent into the other.
    return rx.cond(  # pyright: ignore[reportReturnType]
        ready, rx.fragment(content, key="there"), rx.fragment(skeleton, key="awaited")
    )


def empty_state(
    title: Text,
    text: Text = "",
    *,
    icon_name: str = "inbox",
    action: Content | None = None,
    command: Text = "",
    command_label: str = "Shell",
) -> rx.Component:
    """Say what this place will show and how to fill it, with a command to copy where that is the act."""
    return rx.el.div(
        icon(icon_name, size=24),
        heading(title, size=16),
        rx.el.p(text) if is_given(text) else rx.fragment(),
        when(command, code_block(command, label=command_label)),
        action if action is not None else rx.fragment(),
        class_name="vacant",
    )


def error_state(
    what: Text,
    *,
    kept: Text = "",
    request_id: Text = "",
    on_retry: Handler = None,
) -> rx.Component:
    """Say what happened, what was kept, what to do, and the number to quote."""
    retry = (
        rx.fragment()
        if on_retry is None
        else button(w.TRY_AGAIN, on_click=on_retry, icon_name="rotate-ccw")
    )
    return rx.el.div(
        icon("circle-alert", size=24),
        heading(what, size=16),
        rx.el.p(kept) if is_given(kept) else rx.fragment(),
        retry,
        when(request_id, rx.el.p(f"{w.REQUEST_ID} ", rx.el.code(request_id), class_name="tiny")),
        class_name="vacant",
        role="alert",
    )


def forbidden_page(*, home_href: Text = "/", home: str = w.GO_HOME) -> rx.Component:
    """Fill a page that this person may not open."""
    return _whole_page("lock", w.FORBIDDEN_TITLE, w.FORBIDDEN_TEXT, home_href, home)


def missing_page(*, home_href: Text = "/", home: str = w.GO_HOME) -> rx.Component:
    """Fill a page for an address that names nothing, or nothing of theirs."""
    return _whole_page("map-pin-off", w.MISSING_TITLE, w.MISSING_TEXT, home_href, home)


def _whole_page(icon_name: str, title: str, text: str, href: Text, home: str) -> rx.Component:
    return rx.el.div(
        icon(icon_name, size=24),
        rx.el.h2(title),
        rx.el.p(text),
        link_button(home, href=href, kind="main"),
        class_name="vacant whole-page",
    )
