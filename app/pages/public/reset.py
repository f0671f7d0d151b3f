"""A forgotten password: ask for a link, or set a new one with it."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import public_frame
from components.base import link
from components.layout import callout
from components.native_form import field, native_form, password_field, submit_button
from components.public import auth_card
from state.public.entry import EntryState
from state.public.link import LinkState
from state.shell import ShellState


@page(
    "/reset",
    title="Reset your password",
    audience="public",
    on_load=[ShellState.visit, EntryState.read, LinkState.read],
)
def reset_page() -> rx.Component:
    """Ask for the address; with a link, for the new password."""
    return public_frame(
        rx.cond(
            LinkState.token != "",
            rx.cond(LinkState.is_valid, _choose(), _ask(is_stale=True)),
            rx.cond(EntryState.is_sent, _sent(), _ask(is_stale=False)),
        )
    )


def _ask(*, is_stale: bool) -> rx.Component:
    stale = callout("This link was used before or is too old. Ask for a new one.", tone="warn")
    return auth_card(
        stale if is_stale else rx.fragment(),
        rx.cond(EntryState.error != "", callout(EntryState.error, tone="bad")),
        native_form(
            field(
                "email",
                "E-mail",
                type="email",
                autocomplete="username",
                default_value=EntryState.email,
                field_id="field-stale" if is_stale else "",
            ),
            submit_button("Mail me a link", wide=True),
            action="/auth/reset/request",
        ),
        title="Reset your password",
        text="We mail a link that lets you choose a new one.",
        foot=rx.fragment(link("Back to log in", href="/login")),
    )


def _sent() -> rx.Component:
    return auth_card(
        rx.el.p(
            "If ",
            rx.el.strong(EntryState.email, class_name="strong"),
            " has an account, a link is on its way. It works once.",
        ),
        title="Check your mail",
        foot=rx.fragment(link("Back to log in", href="/login")),
    )


def _choose() -> rx.Component:
    return auth_card(
        native_form(
            password_field(
                "password",
                "New password",
                autocomplete="new-password",
                min_length=12,
                help_text="At least 12 characters. Every open session ends.",
            ),
            submit_button("Set this password", wide=True),
            action="/auth/reset",
            hidden={"token": LinkState.token},
        ),
        title="Choose a new password",
        text=LinkState.email,
    )
