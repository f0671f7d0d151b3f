"""Opening a vendor account."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.base import link, stack
from components.layout import callout
from components.native_form import field, native_form, password_field, submit_button
from components.public import auth_card
from state.public.entry import EntryState
from state.shell import ShellState


@page(
    "/signup",
    title="Create an account",
    audience="public",
    on_load=[ShellState.visit, EntryState.read],
)
def signup_page() -> rx.Component:
    """Ask for an address and a password, then say what was mailed."""
    return public_frame(rx.cond(EntryState.is_sent, _sent(), _form()))


def _form() -> rx.Component:
    return auth_card(
        rx.cond(EntryState.error != "", callout(EntryState.error, tone="bad")),
        native_form(
            field(
                "email",
                "Work e-mail",
                type="email",
                autocomplete="email",
                default_value=EntryState.email,
                help_text="We mail a link to confirm it. Nothing is set up before that.",
            ),
            field("name", "Your name", required=False, autocomplete="name"),
            password_field(
                "password",
                "Password",
                autocomplete="new-password",
                min_length=12,
                help_text="At least 12 characters. A few words are easier to keep than symbols.",
            ),
            submit_button("Create account", wide=True),
            action="/auth/signup",
        ),
        title="Create a vendor account",
        text="From here to your first registered device takes less than half an hour.",
        foot=rx.fragment("Have an account? ", link("Log in", href="/login")),
    )


def _sent() -> rx.Component:
    return auth_card(
        stack(
            rx.el.p(
                "We sent a link to ",
                rx.el.strong(EntryState.email, class_name="strong"),
                ". It works once, for 24 hours. Open it to confirm the address and go on.",
            ),
            rx.el.p(
                "Nothing there after a minute? Look in the spam folder, or send it again.",
                class_name="quiet",
            ),
            native_form(
                submit_button("Send it again", kind="plain", wide=True),
                action="/auth/resend",
                hidden={"email": EntryState.email},
            ),
            gap=4,
        ),
        title="Check your mail",
        foot=rx.fragment("Wrong address? ", link("Start again", href="/signup")),
    )
