"""Who works in operations."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.parts import question_dialog
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import badge, state_badge
from components.base import row, stack
from components.buttons import MenuItem, button, menu
from components.code import secret
from components.layout import card
from components.overlays import dialog
from components.states import loaded, table_skeleton
from components.tables import Column, data_table
from state.ops.staff import StaffState
from state.shell import ShellState


@page("/ops/staff", title="Staff", audience="ops", on_load=[ShellState.load, StaffState.load])
def staff_page() -> rx.Component:
    """Show who works here; administrators add and shut out."""
    state = StaffState
    return ops_frame(
        loaded(state.is_loaded, stack(card(_table(), flush=True)), table_skeleton(4)),
        question_dialog(state),
        dialog(
            secret(state.secret, label="Password"),
            open=state.secret != "",
            title="Their password",
            text=rx.Var.create("Shown once. Tell it to ") + state.secret_of + " in person.",  # pyright: ignore
            on_close=state.forget_secret,
            dismissible=False,
        ),
        title="Staff",
        current="staff",
        subtitle="Viewers see everything, operators act, administrators also manage staff.",
        action=rx.cond(
            state.may_manage,
            button("Add", on_click=state.ask("add", ""), kind="main", icon_name="user-plus"),
        ),
    )


def _table() -> rx.Component:
    return data_table(
        [
            Column(
                "email",
                "E-mail",
                lambda one: row(
                    rx.el.span(one.email, class_name="strong"),
                    rx.cond(one.is_me, badge("You", dot=False)),
                ),
                lead=True,
            ),
            Column("name", "Name", lambda one: one.name),
            Column("role", "Role", lambda one: one.role_word),
            Column("state", "State", lambda one: state_badge(one.state)),
            Column("acts", "Acts", _acts, align="right"),
        ],
        StaffState.rows,
        caption="Staff of operations",
    )


def _acts(one: Any) -> rx.Component:
    ask = StaffState.ask
    return rx.cond(  # pyright: ignore[reportReturnType]
        StaffState.may_manage,
        menu(
            rx.Var.create("staff-") + one.id,  # pyright: ignore[reportOperatorIssue]
            "Acts on this person",
            [
                *[
                    MenuItem(
                        f"Make {word}",
                        on_click=ask(role, one.id),
                        icon_name="user-cog",
                        shown=one.role != role,
                    )
                    for role, word in (
                        ("ops_viewer", "viewer"),
                        ("ops_operator", "operator"),
                        ("ops_admin", "administrator"),
                    )
                ],
                MenuItem(
                    "Shut out",
                    on_click=ask("disable", one.id),
                    icon_name="user-x",
                    danger=True,
                    shown=(one.state == "active") & ~one.is_me,
                ),
                MenuItem(
                    "Let in",
                    on_click=ask("enable", one.id),
                    icon_name="user-check",
                    shown=one.state != "active",
                ),
            ],
        ),
    )
