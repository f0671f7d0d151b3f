"""What an address shows that names no page."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.states import missing_page as nothing_here
from state.shell import ShellState


@page("/404", title="There is nothing here", audience="public", on_load=[ShellState.visit])
def missing_page() -> rx.Component:
    """Say so, and lead back."""
    return public_frame(nothing_here())
