"""The settings of the person: profile, sign-in, and the danger zone."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.badges import badge
from components.base import quiet, row, stack, when, when_at
from components.buttons import button, copy_button
from components.code import secret
from components.layout import callout, card, facts
from components.native_form import (
    field,
    password_field,
    select_field,
    state_form,
    submit_button,
)
from components.overlays import confirm_dialog, dialog
from components.states import lines_skeleton, loaded
from components.tables import Column, data_table
from state.vendor.second_factor import SecondFactorState
from state.vendor.security import ClosingState, SecurityState
from state.vendor.settings import ProfileState

LANGUAGES = [("en", "English"), ("zh-CN", "简体中文")]


def profile() -> rx.Component:
    """Draw name and language, the address and the password."""
    state = ProfileState
    return loaded(
        state.is_loaded,
        stack(
            card(
                state_form(
                    field(
                        "name",
                        "Your name",
                        default_value=state.name,
                        autocomplete="name",
                        max_length=80,
                        required=False,
                    ),
                    select_field(
                        "locale",
                        "Language",
                        LANGUAGES,
                        default_value=state.locale,
                        help_text="Of mails, invoices and figures. The language of this surface "
                        "is chosen in the account menu.",
                    ),
                    submit_button("Save profile"),
                    on_submit=state.save,
                    error=state.error,
                ),
                title="You",
            ),
            card(
                when(
                    state.asked_email,
                    callout(
                        "We sent a link to ",
                        rx.el.strong(state.asked_email),
                        ". The address changes once it is opened.",
                        tone="good",
                        live=True,
                    ),
                ),
                state_form(
                    facts(("Current address", rx.el.span(state.email, translate="no"))),
                    field(
                        "email",
                        "New address",
                        type="email",
                        autocomplete="email",
                        field_id="new-email",
                    ),
                    password_field(
                        "password",
                        "Your password",
                        autocomplete="current-password",
                        field_id="email-password",
                    ),
                    submit_button("Change address", kind="plain"),
                    on_submit=state.change_email,
                    error=state.email_error,
                    key=rx.Var.create("email-") + rx.Var.create(state.version).to_string(),
                ),
                title="E-mail",
            ),
            card(
                state_form(
                    password_field(
                        "old_password",
                        "Current password",
                        autocomplete="current-password",
                        field_id="old-password",
                    ),
                    password_field(
                        "new_password",
                        "New password",
                        autocomplete="new-password",
                        field_id="new-password",
                    ),
                    submit_button("Change password", kind="plain"),
                    on_submit=state.change_password,
                    error=state.password_error,
                    key=rx.Var.create("password-") + rx.Var.create(state.version).to_string(),
                ),
                title="Password",
                note="Your other sessions end when it changes.",
            ),
        ),
        lines_skeleton(8),
    )


def security() -> rx.Component:
    """Draw the second factor and the signed-in browsers."""
    return stack(_second_factor(), _sessions(), _proof(), _set_up(), _codes())


def _second_factor() -> rx.Component:
    state = SecondFactorState
    return card(
        loaded(
            state.is_loaded,
            rx.cond(
                state.is_on,
                stack(
                    row(
                        badge("On", "good"),
                        rx.el.span(
                            "Recovery codes left: ", rx.el.span(state.codes_left, class_name="num")
                        ),
                    ),
                    row(
                        button("New recovery codes", on_click=state.ask("renew")),
                        button("Switch off", on_click=state.ask("disable"), kind="danger"),
                    ),
                ),
                stack(
                    rx.el.p(
                        "With a code from an app on your phone, a stolen password is not enough "
                        "to sign in."
                    ),
                    row(button("Set up", on_click=state.ask("enrol"), kind="main")),
                ),
            ),
            lines_skeleton(2),
        ),
        title="Two-factor sign-in",
    )


def _proof() -> rx.Component:
    state = SecondFactorState
    return dialog(
        state_form(
            password_field(
                "password",
                "Your password",
                autocomplete="current-password",
                field_id="factor-password",
            ),
            row(
                button("Cancel", on_click=state.cancel),
                submit_button("Continue"),
                end=True,
            ),
            on_submit=state.prove,
            error=state.error,
        ),
        open=state.wants_password,
        title=rx.cond(
            state.asking == "renew",
            "New recovery codes",
            rx.cond(
                state.asking == "disable",
                "Switch two-factor sign-in off?",
                "Set up two-factor sign-in",
            ),
        ),
        on_close=state.cancel,
        foot=rx.fragment(),
    )


def _set_up() -> rx.Component:
    state = SecondFactorState
    return dialog(
        rx.el.p("1. Scan this picture with an authenticator app, or type the key."),
        rx.el.img(
            src=state.qr,
            alt="QR code for an authenticator app",
            width=180,
            height=180,
            class_name="qr",
        ),
        secret(state.secret, label="Key for the app"),
        state_form(
            field(
                "code",
                "2. The six digits that the app shows",
                autocomplete="one-time-code",
                input_mode="numeric",
                max_length=6,
                mono=True,
                field_id="factor-code",
            ),
            row(
                button("Cancel", on_click=state.cancel),
                submit_button("Switch on"),
                end=True,
            ),
            on_submit=state.confirm,
            error=state.error,
        ),
        open=state.asking == "confirm",
        title="Set up two-factor sign-in",
        on_close=state.cancel,
        foot=rx.fragment(),
        dismissible=False,
    )


def _codes() -> rx.Component:
    state = SecondFactorState
    return dialog(
        callout("Each works once when your phone is lost. They are shown only now.", tone="warn"),
        rx.el.ul(
            rx.foreach(
                state.codes, lambda code: rx.el.li(rx.el.code(code, class_name="mono"), key=code)
            ),
            class_name="code-grid",
        ),
        copy_button(state.codes_text, label="Copy all"),
        open=state.asking == "codes",
        title="Your recovery codes",
        on_close=state.cancel,
        foot=button("I have stored them", on_click=state.cancel, kind="main"),
        dismissible=False,
    )


def _sessions() -> rx.Component:
    state = SecurityState
    return card(
        data_table(
            [
                Column("browser", "Browser", _browser, lead=True),
                Column("ip", "Address", lambda one: rx.el.code(one.ip, class_name="mono")),
                Column(
                    "signed_in",
                    "Signed in",
                    lambda one: when_at(one.signed_in, one.signed_in_exact),
                ),
                Column("seen", "Last seen", lambda one: when_at(one.seen, one.seen_exact)),
                Column(
                    "act",
                    "",
                    lambda one: rx.cond(
                        one.is_current,
                        rx.fragment(),
                        button("End", on_click=state.revoke(one.id), small=True),
                    ),
                    align="right",
                ),
            ],
            state.rows,
            caption="Sessions",
            loading=state.is_loading,
        ),
        title="Sessions",
        action=rx.cond(
            state.others > 0,
            button("End all others", on_click=state.revoke_others, small=True),
        ),
        flush=True,
    )


def _browser(one: Any) -> rx.Component:
    return rx.el.span(
        rx.el.span(one.browser, class_name="strong"),
        rx.cond(one.is_current, rx.el.span(" ", badge("This one", "good")), rx.fragment()),
    )


def danger() -> rx.Component:
    """Draw what cannot be taken back."""
    state = ClosingState
    return stack(
        card(
            rx.cond(
                state.is_closed,
                callout("This account is closed. You can go on reading.", tone="warn"),
                stack(
                    rx.el.p(
                        "Tokens end at once and no device can be registered any more. The "
                        "running month is invoiced as ever, what you earned is paid out, and you "
                        "can go on reading. It cannot be opened again."
                    ),
                    row(button("Close account", on_click=state.ask, kind="danger")),
                ),
            ),
            title="Close this account",
        ),
        confirm_dialog(
            open=state.is_asking,
            title="Close this account?",
            text="Every token ends at once. This cannot be taken back.",
            verb="Close account",
            on_confirm=state.close_account,
            on_cancel=state.cancel,
            error=state.error,
            extra=stack(
                password_field(
                    "password",
                    "Your password",
                    autocomplete="current-password",
                    field_id="closing-password",
                ),
                quiet("Nothing is closed while an invoice is open or disputed."),
                gap=2,
            ),
        ),
    )
