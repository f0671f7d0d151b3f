"""Where the human behind an agent asks for a link to come in."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.base import link
from components.layout import callout
from components.native_form import field, native_form, submit_button
from components.public import auth_card
from state.public.entry import EntryState
from state.shell import ShellState


@page(
    "/agent/login",
    title="Log in to your agent",
    audience="public",
    on_load=[ShellState.visit, EntryState.read],
)
def agent_login_page() -> rx.Component:
    """Ask for the address an agent was onboarded with, and say what happens then."""
    return public_frame(rx.cond(EntryState.is_sent, _sent(), _ask()))


def _ask() -> rx.Component:
    return auth_card(
        rx.cond(EntryState.note != "", callout(EntryState.note, tone="good")),
        rx.cond(EntryState.error != "", callout(EntryState.error, tone="bad")),
        native_form(
            field(
                "email",
                "E-mail",
                type="email",
                autocomplete="email",
                default_value=EntryState.email,
                help_text="The address the agent was onboarded with.",
            ),
            submit_button("Mail me a link", wide=True),
            action="/auth/agent",
            hidden={"next": EntryState.onward},
        ),
        title="Log in to your agent",
        text="For the human behind an agent. There is no password: a link is mailed to you.",
        foot=rx.fragment("A vendor? ", link("Log in with your password", href="/login")),
    )


def _sent() -> rx.Component:
    return auth_card(
        rx.el.p(
            "If an agent was onboarded with ",
            rx.el.strong(EntryState.email, class_name="strong"),
            ", a link is on its way. It works once, within 15 minutes.",
        ),
        rx.el.p("Nothing there? Look among the unwanted mail, or check the address."),
        title="Look at your mail",
        foot=link("Use another address", href="/agent/login"),
    )
