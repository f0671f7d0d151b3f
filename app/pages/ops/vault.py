"""The vault: which provider secrets there are, and what may be done with them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.parts import question_dialog
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import badge
from components.base import stack, when_at
from components.buttons import button
from components.code import code_block
from components.layout import callout, card
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, data_table
from state.ops.vault import VaultState
from state.shell import ShellState


@page("/ops/vault", title="Vault", audience="ops", on_load=[ShellState.load, VaultState.load])
def vault_page() -> rx.Component:
    """Show secrets by name and the executor's allow-list; administrators switch actions."""
    state = VaultState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                _place(),
                card(_secrets(), title="Secrets", flush=True),
                card(_actions(), title="Allowed actions", flush=True),
            ),
            table_skeleton(6),
        ),
        question_dialog(state),
        title="Vault",
        current="vault",
        subtitle="Provider secrets by name; a secret itself is shown nowhere.",
    )


def _place() -> rx.Component:
    return rx.match(  # pyright: ignore[reportReturnType]
        VaultState.place,
        (
            "executor",
            callout(
                rx.Var.create("The executor at ") + VaultState.executor + " holds the key. ",  # pyright: ignore
                "This process can open nothing of what is listed here.",
                title="Secrets are apart",
            ),
        ),
        (
            "nowhere",
            callout(
                "Set VAULT_KEY_FILE and move the secrets of the environment into the vault:",
                code_block("python -m app vault import-env", label="Shell"),
                tone="warn",
                title="There is no vault: provider secrets come from the environment",
            ),
        ),
        rx.fragment(),
    )


def _secrets() -> rx.Component:
    return data_table(
        [
            Column(
                "name",
                "Name",
                lambda one: rx.el.span(one.name, class_name="strong mono"),
                lead=True,
            ),
            Column("provider", "Provider", lambda one: one.provider),
            Column("version", "Version", lambda one: rx.el.span(one.version, class_name="num")),
            Column(
                "key",
                "Master key",
                lambda one: rx.el.code(one.key),
                wide_only=True,
            ),
            Column("rotated", "Replaced", lambda one: when_at(one.rotated, one.rotated_exact)),
            Column("used", "Last used", lambda one: when_at(one.used, one.used_exact)),
        ],
        VaultState.secrets,
        caption="Secrets in the vault",
        empty=empty_state(
            "No secrets",
            "A secret is sealed where the vault's key is, from its standard input:",
            icon_name="vault",
            command="python -m app vault put stripe secret_key",
        ),
    )


def _actions() -> rx.Component:
    return data_table(
        [
            Column(
                "name",
                "Action",
                lambda one: rx.el.span(one.name, class_name="strong mono"),
                lead=True,
            ),
            Column("state", "State", _state),
            Column(
                "changed",
                "Since",
                lambda one: when_at(one.changed, one.changed_exact),
                wide_only=True,
            ),
            Column("acts", "Acts", _acts, align="right"),
        ],
        VaultState.actions,
        caption="Actions the executor may do",
        empty=empty_state(
            "No actions yet",
            "The list is filled when a process that holds the vault's key starts.",
            icon_name="list-checks",
        ),
    )


def _state(one: Any) -> rx.Component:
    return rx.cond(one.is_on, badge("Allowed", "good"), badge("Switched off", "warn"))  # pyright: ignore[reportReturnType]


def _acts(one: Any) -> rx.Component:
    ask = VaultState.ask
    return rx.cond(  # pyright: ignore[reportReturnType]
        VaultState.may_switch,
        rx.cond(
            one.is_on,
            button("Switch off", on_click=ask("off", one.id), small=True),
            button("Switch on", on_click=ask("on", one.id), small=True),
        ),
    )
