"""Where the link in a confirmation mail leads: opening it changes nothing, pressing the button does."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.base import link
from components.native_form import native_form, submit_button
from components.public import auth_card
from components.states import lines_skeleton, loaded
from state.public.link import LinkState
from state.shell import ShellState


@page(
    "/verify",
    title="Confirm your address",
    audience="public",
    on_load=[ShellState.visit, LinkState.read],
)
def verify_page() -> rx.Component:
    """Show whose address will be confirmed, and confirm it on request."""
    return public_frame(
        loaded(
            LinkState.is_read,
            rx.cond(LinkState.is_valid, _confirm(), _invalid()),
            auth_card(lines_skeleton(3), title="Confirm your address"),
        )
    )


def _confirm() -> rx.Component:
    return auth_card(
        rx.el.p(
            "This confirms that ", rx.el.strong(LinkState.email, class_name="strong"), " is yours."
        ),
        native_form(
            submit_button("Confirm this address", wide=True),
            action="/auth/verify",
            hidden={"token": LinkState.token},
        ),
        title="Confirm your address",
    )


def _invalid() -> rx.Component:
    return auth_card(
        rx.el.p("It was used before, a newer one was sent, or it is more than 24 hours old."),
        rx.el.p("Log in if you confirmed already; otherwise sign up again for a new link."),
        title="This link does not work any more",
        foot=rx.fragment(link("Log in", href="/login"), " · ", link("Sign up", href="/signup")),
    )
