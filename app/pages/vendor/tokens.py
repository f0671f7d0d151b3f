"""The vendor's tokens: the list, one token beside it, and the dialogs of its life."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.badges import state_badge
from components.base import heading, quiet, stack, when, when_at
from components.buttons import MenuItem, button
from components.code import code_block, secret
from components.layout import callout, card, facts
from components.native_form import field, select_field, state_form, submit_button
from components.overlays import confirm_dialog, dialog, drawer
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, data_table
from components.ticker import ticker
from state.shell import ShellState
from state.vendor.tokens import OVERLAPS, TokensState


@page(
    "/vendor/tokens", title="Tokens", audience="vendor", on_load=[ShellState.load, TokensState.load]
)
def tokens_page() -> rx.Component:
    """See which tokens are live, and make, rotate or revoke one."""
    state = TokensState
    return vendor_frame(
        loaded(
            state.is_loaded,
            card(_table(), flush=True),
            table_skeleton(6),
        ),
        rx.foreach(state.opened, _drawer),
        _create(),
        _rotate(),
        _revoke(),
        _secret(),
        ticker(state.tick),
        title="Tokens",
        current="tokens",
        subtitle="Your servers prove who they are with a token. Several may be live at once.",
        action=button(
            "Create token", on_click=state.ask("create", ""), kind="main", icon_name="plus"
        ),
    )


def _table() -> rx.Component:
    state = TokensState
    return data_table(
        [
            Column(
                "label", "Label", lambda row: rx.el.span(row.label, class_name="strong"), lead=True
            ),
            Column("prefix", "Token", lambda row: rx.el.code(row.prefix, class_name="mono")),
            Column("status", "Status", lambda row: state_badge(row.status)),
            Column("used", "Last used", lambda row: when_at(row.used, row.used_exact)),
            Column("networks", "Used from", lambda row: row.networks, wide_only=True),
            Column("created", "Created", lambda row: when_at(row.created, row.created_exact)),
            Column("expires", "Ends", lambda row: when_at(row.expires, row.expires_exact)),
        ],
        state.rows,
        caption="Tokens",
        on_open=lambda row: state.open(row.id),
        row_menu=_menu,
        empty=empty_state(
            "No tokens yet",
            "A token lets your servers register devices. It is shown once, when you create it.",
            icon_name="key-round",
            action=button("Create token", on_click=state.ask("create", ""), kind="main"),
        ),
    )


def _menu(row: Any) -> list[MenuItem]:
    ask = TokensState.ask
    return [
        MenuItem("Where used from", on_click=TokensState.open(row.id), icon_name="map-pin"),
        MenuItem(
            "Rotate",
            on_click=ask("rotate", row.id),
            icon_name="refresh-cw",
            shown=row.can_rotate,
        ),
        MenuItem(
            "Revoke",
            on_click=ask("revoke", row.id),
            icon_name="ban",
            danger=True,
            shown=row.is_live,
        ),
    ]


def _drawer(row: Any) -> rx.Component:
    ask = TokensState.ask
    return drawer(
        facts(
            ("Token", rx.el.code(row.prefix, class_name="mono")),
            ("Status", state_badge(row.status)),
            ("Created", when_at(row.created, row.created_exact)),
            ("Last used", when_at(row.used, row.used_exact)),
            ("Ends", when_at(row.expires, row.expires_exact)),
        ),
        rx.el.section(
            heading("Used from", level=3, size=14),
            quiet("A network that was not seen before is written to the audit feed and mailed."),
            rx.cond(
                row.places.length() > 0,
                rx.el.ul(rx.foreach(row.places, _place), class_name="plain-list"),
                rx.el.p("Not used yet."),
            ),
            class_name="stack stack-2",
        ),
        open=True,
        on_close=TokensState.close,
        title=row.label,
        foot=rx.cond(
            row.is_live,
            rx.fragment(
                rx.cond(
                    row.can_rotate,
                    button("Rotate", on_click=ask("rotate", row.id), icon_name="refresh-cw"),
                ),
                button("Revoke", on_click=ask("revoke", row.id), kind="danger", icon_name="ban"),
            ),
            quiet("This token is not accepted any more."),
        ),
    )


def _place(place: Any) -> rx.Component:
    return rx.el.li(
        rx.el.code(place.network, class_name="mono"),
        " since ",
        when_at(place.since, place.since_exact),
        key=place.id,
    )


def _create() -> rx.Component:
    state = TokensState
    return dialog(
        state_form(
            field(
                "label",
                "Label",
                help_text="Where it will be used, for example: Factory line 1.",
                max_length=60,
                field_id="token-label",
            ),
            _foot(submit_button("Create token")),
            on_submit=state.create,
            error=state.error,
        ),
        open=state.asking == "create",
        title="Create token",
        on_close=state.cancel,
        foot=rx.fragment(),
    )


def _rotate() -> rx.Component:
    state = TokensState
    return dialog(
        state_form(
            select_field(
                "overlap",
                "How long the old token goes on",
                list(OVERLAPS),
                default_value="72",
                help_text="Put the new one in place within this time, and nothing stops.",
            ),
            _foot(submit_button("Rotate token")),
            on_submit=state.rotate,
            error=state.error,
        ),
        open=state.asking == "rotate",
        title="Rotate token " + state.about_prefix,
        text="A new token takes the place of " + state.about_label + " and is shown once.",
        on_close=state.cancel,
        foot=rx.fragment(),
    )


def _foot(act: rx.Component) -> rx.Component:
    return rx.el.div(button("Cancel", on_click=TokensState.cancel), act, class_name="row row-end")


def _revoke() -> rx.Component:
    state = TokensState
    return confirm_dialog(
        open=state.asking == "revoke",
        title="Revoke token " + state.about_prefix + "?",
        text="Servers using it ("
        + state.about_label
        + ") stop registering devices at once. This cannot be taken back.",
        verb="Revoke token",
        on_confirm=state.revoke,
        on_cancel=state.cancel,
    )


def _secret() -> rx.Component:
    state = TokensState
    return dialog(
        callout("This is shown once. Store it where your servers find it.", tone="warn"),
        secret(state.secret, label="Your new token"),
        stack(
            when(state.curl, quiet("Try it: this registers a device.")),
            code_block(state.curl, label="Shell"),
            gap=2,
        ),
        open=state.secret != "",
        title="Your new token",
        on_close=state.cancel,
        foot=button("I have stored it", on_click=state.cancel, kind="main"),
        dismissible=False,
    )
