"""The agent's keys: the list, one key beside it, and the dialogs of its life."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import agent_frame
from components.base import stack
from components.fields import checkbox_field
from components.layout import card
from components.states import loaded, table_skeleton
from components.tables import Column
from components.ticker import ticker
from components.tokens import TokenWords, create_button, token_dialogs, token_drawer, token_table
from state.agent.keys import KeysState
from state.agent.scopes import SCOPES
from state.shell import ShellState
from state.token_rows import OVERLAPS

SAID = TokenWords(
    one="key",
    several="Keys",
    why="A key lets the agent call actions. It is shown once, when you create it.",
    where="Production",
    stops="The agent using it ({label}) is refused at once. This cannot be taken back.",
    store="This is shown once. Store it where the agent finds it.",
    try_it="Try it: this lists the actions and costs nothing.",
)


@page("/agent/keys", title="Keys", audience="agent", on_load=[ShellState.load, KeysState.load])
def keys_page() -> rx.Component:
    """See which keys are live and what each may do, and make, rotate or revoke one."""
    state = KeysState
    scopes = Column("scopes", "May", lambda row: row.scopes.join(", "), wide_only=True)
    return agent_frame(
        loaded(
            state.is_loaded, card(token_table(state, SAID, [scopes]), flush=True), table_skeleton(6)
        ),
        rx.foreach(
            state.opened,
            lambda row: token_drawer(
                state, row, SAID, lambda one: [("May", one.scopes.join(", "))]
            ),
        ),
        token_dialogs(state, SAID, list(OVERLAPS), [_scopes()]),
        ticker(state.tick),
        title="Keys",
        current="keys",
        subtitle="The agent proves who it is with a key. Several may be live at once.",
        action=create_button(state, SAID, icon_name="plus"),
    )


def _scopes() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("What it may do"),
        stack(
            *[
                checkbox_field(
                    name, word, help_text=text, default_checked=is_usual, custom_attrs={}
                )
                for name, word, text, is_usual in SCOPES
            ],
            gap=2,
        ),
        class_name="field",
    )
