"""What the page of a customer shows of an agent: its month, its keys, its calls."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import empty_list, list_tools
from app.pages.ops.parts import acts
from components.badges import state_badge
from components.base import quiet, stack, when, when_at
from components.buttons import button
from components.code import identifier
from components.layout import callout, card, facts
from components.states import empty_state
from components.tables import Column, Sorting, data_table, pager
from state.ops.tenant import TenantState
from state.ops.tenant_calls import TenantCallsState

CALL_STATUSES = [
    ("", "Any status"),
    ("success", "Success"),
    ("error", "Error"),
    ("denied", "Denied"),
]


def agent_stopped() -> rx.Component:
    """Say that the agent's own budget stops its calls."""
    agent: Any = TenantState.agent
    return rx.cond(  # pyright: ignore[reportReturnType]
        agent.is_stopped,
        callout(
            rx.el.span("Set by ", agent.budget_by, ": only its owner changes it."),
            tone="warn",
            title="Its budget for this month is spent and stops calls",
        ),
    )


def agent_facts() -> rx.Component:
    """Show what the agent is and has agreed to."""
    one, agent = TenantState.one, TenantState.agent
    given: Any = agent
    return card(
        facts(
            ("Agent", given.agent_id),
            ("Product", given.product),
            ("Organisation", given.organisation),
            ("E-mail", one.email),  # pyright: ignore
            ("Address confirmed", given.confirmed),
            ("Tier", given.tier),
            ("Payment", given.payment),
            ("Card", given.card),
            ("Onboarded", given.onboarded),
        ),
        title="Agent",
        note="Only the provider's word about a card changes the tier.",
    )


def agent_month() -> rx.Component:
    """Show what the agent used of the running month, and what limits it."""
    agent: Any = TenantState.agent
    return card(
        facts(
            ("Used", rx.el.span(agent.used, class_name="num")),
            ("Added by us", agent.granted),
            ("Cost", rx.el.span(agent.cost, class_name="num")),
            ("Budget", agent.budget),
            ("Set by", agent.budget_by),
        ),
        title="This month",
        action=acts(
            rx.cond(
                agent.is_free,
                button(
                    "Add free calls",
                    on_click=TenantState.ask("grant"),
                    icon_name="gift",
                    small=True,
                ),
            )
        ),
    )


def agent_keys() -> rx.Component:
    """Show the agent's keys, never their secrets, and let operators end one."""
    return card(
        data_table(
            [
                Column(
                    "prefix",
                    "Key",
                    lambda one: rx.el.code(one.prefix, class_name="mono"),
                    lead=True,
                ),
                Column("label", "Label", lambda one: one.label),
                Column("state", "State", lambda one: state_badge(one.state)),
                Column("scopes", "May", lambda one: quiet(one.scopes), wide_only=True),
                Column("used", "Last used", lambda one: when_at(one.used, one.used_exact)),
                Column(
                    "act",
                    "Act",
                    lambda one: acts(
                        rx.cond(
                            (one.state == "active") | (one.state == "rotating"),
                            button("Revoke", on_click=TenantState.ask_key(one.id), small=True),
                        )
                    ),
                    align="right",
                ),
            ],
            TenantState.tokens,
            caption="Keys",
            empty=empty_state("No key: a runtime of its own gives them out", icon_name="key-round"),
        ),
        title="Keys",
        note="Only their first characters are known here.",
        flush=True,
    )


def agent_actions() -> rx.Component:
    """Show what the agent called this month."""
    return card(
        data_table(
            [
                Column("action", "Action", lambda one: one.action, lead=True),
                Column("calls", "Calls", lambda one: one.calls, align="right"),
                Column("succeeded", "Succeeded", lambda one: one.succeeded, align="right"),
                Column("charged", "Charged", lambda one: one.charged, align="right"),
            ],
            TenantState.actions,
            caption="Usage by action",
            row_id=lambda one: one.action,
            empty=empty_state("No call this month", icon_name="chart-column"),
        ),
        title="Usage by action, this month",
        flush=True,
    )


def agent_calls() -> rx.Component:
    """Show the agent's latest calls, searched and filtered."""
    state = TenantCallsState
    return card(
        rx.el.div(
            list_tools(state, "Search action, code or request id", statuses=CALL_STATUSES),
            class_name="card-body",
        ),
        data_table(
            [
                Column(
                    "at", "At", lambda one: when_at(one.at, one.at_exact), sortable=True, lead=True
                ),
                Column(
                    "action",
                    "Action",
                    lambda one: stack(one.action, identifier(one.request_id), gap=1),
                    sortable=True,
                ),
                Column("status", "Status", lambda one: state_badge(one.status)),
                Column("code", "Code", lambda one: rx.el.span(one.code, title=one.error)),
                Column("charged", "Charged", lambda one: one.charged, wide_only=True),
            ],
            state.rows,
            caption="Calls",
            sorting=Sorting(state.sort, state.is_descending, state.sort_by),
            empty=empty_list(state, "call", ("No call yet", "It has called nothing.", "activity")),
        ),
        when(
            state.page.text,
            rx.el.div(pager(state.page, on_page=state.turn_to), class_name="card-body"),
        ),
        title="Calls",
        flush=True,
    )
