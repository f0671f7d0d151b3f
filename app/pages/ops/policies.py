"""What agents' actions are allowed, for everybody or one of them, and the calls that wait for a word."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.parts import acts, question_dialog
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import badge
from components.base import link, row, stack, when_at
from components.buttons import button
from components.layout import card
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, data_table
from components.ticker import ticker
from state.ops.policies import PoliciesState
from state.shell import ShellState


@page(
    "/ops/policies",
    title="Policies",
    audience="ops",
    on_load=[ShellState.load, PoliciesState.load],
)
def policies_page() -> rx.Component:
    """Set what agents may do, and decide about the calls that need it."""
    state = PoliciesState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                card(_waiting(), title="Waiting for approval", flush=True),
                card(_policies(), title="Policies", flush=True),
            ),
            table_skeleton(4),
        ),
        question_dialog(state),
        ticker(state.tick, seconds=10),
        title="Policies",
        current="policies",
        subtitle="What agents' actions are allowed beyond the scopes of their keys.",
        action=rx.cond(
            state.may_manage,
            button(
                "Set policy", on_click=state.ask("set", ""), kind="main", icon_name="shield-plus"
            ),
        ),
    )


def _waiting() -> rx.Component:
    state = PoliciesState
    return rx.cond(  # pyright: ignore[reportReturnType]
        state.waiting.length() > 0,  # pyright: ignore[reportAttributeAccessIssue]
        data_table(
            [
                Column("asked", "Asked", lambda one: when_at(one.asked, one.asked_exact)),
                Column(
                    "action",
                    "Call",
                    lambda one: stack(
                        rx.el.span(one.action, class_name="strong"),
                        rx.el.details(
                            rx.el.summary("Params"),
                            rx.el.pre(one.params, tab_index=0),
                        ),
                        gap=1,
                    ),
                    lead=True,
                ),
                Column("agent", "Agent", _agent),
                Column("until", "Until", lambda one: one.until),
                Column("acts", "Acts", _decide, align="right"),
            ],
            state.waiting,
            caption="Calls that wait for approval",
        ),
        empty_state(
            "Nothing waits",
            "A call whose policy asks for approval appears here, once, until it is decided.",
            icon_name="circle-check",
        ),
    )


def _policies() -> rx.Component:
    state = PoliciesState
    return rx.cond(  # pyright: ignore[reportReturnType]
        state.rows.length() > 0,  # pyright: ignore[reportAttributeAccessIssue]
        data_table(
            [
                Column(
                    "pattern",
                    "Actions",
                    lambda one: rx.el.code(one.pattern),
                    lead=True,
                ),
                Column(
                    "effect",
                    "Effect",
                    lambda one: rx.match(
                        one.effect,
                        ("deny", badge(one.effect_word, "bad")),
                        ("allow", badge(one.effect_word, "good")),
                        badge(one.effect_word, "warn"),
                    ),
                ),
                Column(
                    "owner",
                    "For",
                    lambda one: rx.cond(one.tenant_id != "", _agent_of(one), one.owner),
                ),
                Column("reason", "Reason", lambda one: one.reason),
                Column("acts", "Acts", _remove, align="right"),
            ],
            state.rows,
            caption="Policies",
        ),
        empty_state(
            "No policies",
            "Without one the scopes of a key alone decide what it may do.",
            icon_name="shield-check",
        ),
    )


def _agent(one: Any) -> rx.Component:
    return link(one.agent, href="/ops/tenants/" + one.tenant_id)


def _agent_of(one: Any) -> rx.Component:
    return link(one.owner, href="/ops/tenants/" + one.tenant_id)


def _decide(one: Any) -> rx.Component:
    ask = PoliciesState.ask
    return acts(
        row(
            button("Approve", on_click=ask("approve", one.id), small=True),
            button("Reject", on_click=ask("reject", one.id), small=True, kind="quiet"),
        )
    )


def _remove(one: Any) -> rx.Component:
    return rx.cond(  # pyright: ignore[reportReturnType]
        PoliciesState.may_manage,
        button("Remove", on_click=PoliciesState.ask("remove", one.id), small=True, kind="quiet"),
    )
