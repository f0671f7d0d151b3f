"""Signing in, with a second factor where one is on."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.base import link
from components.layout import callout
from components.native_form import field, native_form, password_field, submit_button
from components.public import auth_card
from state.public.entry import EntryState
from state.shell import ShellState


@page("/login", title="Log in", audience="public", on_load=[ShellState.visit, EntryState.read])
def login_page() -> rx.Component:
    """Ask for the first factor, then for the second."""
    return public_frame(rx.cond(EntryState.wants_code, _code(), _password()))


def _messages() -> rx.Component:
    return rx.fragment(
        rx.cond(EntryState.note != "", callout(EntryState.note, tone="good")),
        rx.cond(EntryState.error != "", callout(EntryState.error, tone="bad")),
    )


def _password() -> rx.Component:
    return auth_card(
        _messages(),
        native_form(
            field(
                "email",
                "E-mail",
                type="email",
                autocomplete="username",
                default_value=EntryState.email,
            ),
            password_field("password", "Password", autocomplete="current-password"),
            submit_button("Log in", wide=True),
            action="/auth/login",
            hidden={"next": EntryState.onward},
        ),
        rx.el.p(link("Forgot your password?", href="/reset")),
        title="Log in to Turnpike",
        foot=rx.fragment(
            "New here? ",
            link("Create a vendor account", href="/signup"),
            rx.el.br(),
            "Behind an agent? ",
            link("Log in by mail", href="/agent/login"),
        ),
    )


def _code() -> rx.Component:
    return auth_card(
        _messages(),
        native_form(
            field(
                "code",
                "Code",
                autocomplete="one-time-code",
                mono=True,
                help_text="The six digits your app shows now, or one of your recovery codes.",
                input_mode="text",
                auto_focus=True,
            ),
            submit_button("Continue", wide=True),
            action="/auth/totp",
            hidden={"next": EntryState.onward},
        ),
        title="Second step",
        text="Your account asks for a code after the password.",
        foot=rx.fragment(link("Start again", href="/login")),
    )
