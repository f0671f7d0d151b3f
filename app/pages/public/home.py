"""The front door: what Turnpike is, and where each kind of customer enters."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.buttons import link_button
from state.shell import ShellState


@page("/", title="Home", audience="public", on_load=[ShellState.visit])
def home_page() -> rx.Component:
    """Say what this is and lead on."""
    return public_frame(
        rx.el.section(
            rx.el.h1("Billing for AI hardware, from the first device on"),
            rx.el.p(
                "Sign up, connect a payment method, register devices over one API, "
                "and see what they cost and earn."
            ),
            rx.el.div(
                link_button("Create a vendor account", href="/signup", kind="main"),
                link_button("Log in", href="/login"),
                class_name="acts",
            ),
            class_name="hero",
        ),
    )
