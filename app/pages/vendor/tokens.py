"""The vendor's tokens: the list, one token beside it, and the dialogs of its life."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.layout import card
from components.states import loaded, table_skeleton
from components.ticker import ticker
from components.tokens import TokenWords, create_button, token_dialogs, token_drawer, token_table
from state.shell import ShellState
from state.token_rows import OVERLAPS
from state.vendor.tokens import TokensState

SAID = TokenWords(
    one="token",
    several="Tokens",
    why="A token lets your servers register devices. It is shown once, when you create it.",
    where="Factory line 1",
    stops="Servers using it ({label}) stop registering devices at once. This cannot be taken back.",
    store="This is shown once. Store it where your servers find it.",
    try_it="Try it: this registers a device.",
    places="A network that was not seen before is written to the audit feed and mailed.",
)


@page(
    "/vendor/tokens", title="Tokens", audience="vendor", on_load=[ShellState.load, TokensState.load]
)
def tokens_page() -> rx.Component:
    """See which tokens are live, and make, rotate or revoke one."""
    state = TokensState
    return vendor_frame(
        loaded(
            state.is_loaded,
            card(token_table(state, SAID), flush=True),
            table_skeleton(6),
        ),
        rx.foreach(state.opened, lambda row: token_drawer(state, row, SAID)),
        token_dialogs(state, SAID, list(OVERLAPS)),
        ticker(state.tick),
        title="Tokens",
        current="tokens",
        subtitle="Your servers prove who they are with a token. Several may be live at once.",
        action=create_button(state, SAID, icon_name="plus"),
    )
