"""The smallest pieces every widget is made of, and the types their parameters share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.inline import A
from reflex_components_core.react_router.dom import ReactRouterLink

Text = str | rx.Var[str]
"""A sentence known now, or one the state holds."""

Flag = bool | rx.Var[bool]
"""A yes or no known now, or one the state holds."""

Content = rx.Component | rx.Var | str
"""Whatever may stand inside an element."""

Handler = Any
"""An event handler of a state, an event spec, a lambda, or a list of them (Reflex's own EventType)."""

Tone = Literal["quiet", "good", "warn", "bad", "accent"]


def icon(name: str, *, size: int = 16, label: str = "", class_name: str = "") -> rx.Component:
    """Draw a Lucide icon; without a label it is decoration and hidden from screen readers."""
    attrs: dict[str, Any] = {"aria-hidden": "true"}
    if label:
        attrs = {"aria-label": label, "role": "img"}
    return rx.icon(name, size=size, class_name=f"icon {class_name}".strip(), custom_attrs=attrs)


def link(
    *children: Content,
    href: Text,
    external: bool = False,
    class_name: Text = "link",
    **props: Any,
) -> rx.Component:
    """Link to a place inside the product, or outside it (or to a file) with `external`.

    Inside links swap the page without loading it again; outside ones are plain anchors (`rx.el.a` is not: Reflex
    turns it into the router's link).
    """
    if external:
        return A.create(*children, href=href, class_name=class_name, **props)
    return ReactRouterLink.create(*children, to=href, class_name=class_name, **props)


def is_given(value: Content | None) -> bool:
    """Say whether a text or component was passed; a Var counts, since its value comes later."""
    return isinstance(value, rx.Var | rx.Component) or bool(value)


def when(value: Text, shown: rx.Component) -> rx.Component:
    """Show something only while the text is not empty, whether it is known now or later."""
    if isinstance(value, rx.Var):
        return rx.cond(value != "", shown)  # pyright: ignore[reportReturnType]
    return shown if value else rx.fragment()


def words(*names: Text) -> Text:
    """Join class names, of which some may be Vars."""
    if any(isinstance(name, rx.Var) for name in names):
        joined = rx.Var.create("")
        for name in names:
            joined = joined + " " + name  # pyright: ignore[reportOperatorIssue]
        return joined
    return " ".join(str(name) for name in names if name)


def stack(
    *children: Content, gap: Literal[1, 2, 3, 4, 6] = 4, class_name: str = ""
) -> rx.Component:
    """Put things under each other."""
    gap_class = "" if gap == 4 else f"stack-{gap}"
    return rx.el.div(*children, class_name=words("stack", gap_class, class_name))


def row(
    *children: Content,
    between: bool = False,
    end: bool = False,
    class_name: str = "",
) -> rx.Component:
    """Put things beside each other; they wrap where there is no room."""
    return rx.el.div(
        *children,
        class_name=words(
            "row", "row-between" if between else "", "row-end" if end else "", class_name
        ),
    )


def grid(*children: Content, cell: int = 220) -> rx.Component:
    """Lay out equal cells, each at least `cell` pixels wide, as many in a row as fit."""
    return rx.el.div(*children, class_name="grid", style={"--cell": f"{cell}px"})


def split(main: Content, side: Content) -> rx.Component:
    """Lay out a wide column and a narrow one beside it, under it on small screens."""
    return rx.el.div(main, side, class_name="split")


def quiet(*children: Content) -> rx.Component:
    """Write a grey line of side information."""
    return rx.el.span(*children, class_name="quiet small")


def heading(
    text: Text, *, level: Literal[1, 2, 3] = 2, size: Literal[14, 16, 20] = 16
) -> rx.Component:
    """Write a heading; the level is for the outline, the size for the eye."""
    make = {1: rx.el.h1, 2: rx.el.h2, 3: rx.el.h3}[level]
    return make(text, class_name=f"h-{size}")


def when_at(text: Text, exact: Text, iso: Text = "") -> rx.Component:
    """Write a time people read, with the exact one on hover and for machines."""
    return rx.el.time(text, title=exact, date_time=iso or exact, class_name="nowrap")


def listed(items: Sequence[Content]) -> list[rx.Component]:
    """Wrap each item in a list entry."""
    return [rx.el.li(item) for item in items]
