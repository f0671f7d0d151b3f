"""Terms of service and the data-processing agreement, for everybody to read."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.base import heading, link, row
from components.layout import prose
from components.states import lines_skeleton, loaded, missing_page
from state.public.terms import TermsState
from state.shell import ShellState


@page(
    "/terms/[slug]",
    title="Agreement",
    audience="public",
    on_load=[ShellState.visit, TermsState.read],
)
def terms_page() -> rx.Component:
    """Show one agreement."""
    return public_frame(
        loaded(
            TermsState.is_read,
            rx.cond(TermsState.title != "", _text(), missing_page(home_href="/")),
            lines_skeleton(12),
        )
    )


def _text() -> rx.Component:
    return rx.el.article(
        heading(TermsState.title, level=1, size=20),
        row(
            rx.el.span("Version ", TermsState.version, class_name="quiet"),
            rx.cond(
                TermsState.is_chinese,
                link("English", href="?lang=en", external=True),
                link("中文", href="?lang=zh-CN", external=True),
            ),
        ),
        prose(rx.html(TermsState.html)),
        class_name="stack stack-4",
        lang=rx.cond(TermsState.is_chinese, "zh-CN", "en"),
    )
