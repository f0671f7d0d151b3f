"""The product's mark and name."""

from __future__ import annotations

import reflex as rx

from components.base import Text, link

NAME = "Turnpike"


def mark() -> rx.Component:
    """Draw the mark: a gate across a road."""
    return rx.el.svg(
        rx.el.rect(width="20", height="20", rx="5", custom_attrs={"fill": "currentColor"}),
        rx.el.path(
            d="M4.5 6.5h11M10 6.5v8M6 10.5h2M12 10.5h2",
            custom_attrs={
                "fill": "none",
                "stroke": "#fff",
                "strokeWidth": "2",
                "strokeLinecap": "round",
            },
        ),
        view_box="0 0 20 20",
        class_name="brand-mark",
        custom_attrs={"aria-hidden": "true"},
    )


def brand(href: Text = "/") -> rx.Component:
    """Link home with mark and name."""
    return link(mark(), rx.el.span(NAME), href=href, class_name="brand")
