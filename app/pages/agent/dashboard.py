"""What the human behind an agent sees first: what is used, what it costs, what to do."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.agent.calls import call_columns
from app.pages.agent.parts import counter, debts, suspended
from app.pages.registry import page
from app.pages.shell import agent_frame
from components.base import icon, link, quiet, row, stack
from components.buttons import link_button
from components.code import code_block, identifier
from components.figures import key_figure, key_figures
from components.layout import card
from components.states import block_skeleton, empty_state, figures_skeleton, loaded
from components.tables import data_table
from components.ticker import ticker
from state.agent.dashboard import AgentDashboardState
from state.shell import ShellState


@page(
    "/agent",
    title="Dashboard",
    audience="agent",
    on_load=[ShellState.load, AgentDashboardState.load],
)
def agent_dashboard_page() -> rx.Component:
    """Show the month's figures, what to begin with, the latest calls and what is to be paid."""
    state = AgentDashboardState
    return agent_frame(
        loaded(
            state.is_loaded,
            stack(
                suspended(state.now),
                debts(state.debts),
                _figures(),
                rx.cond(state.is_begun, rx.fragment(), _begin()),
                rx.cond(state.now.is_paid, rx.fragment(), counter(state.now)),
                _latest(),
                row(quiet("Tenant id"), identifier(state.tenant, short=state.tenant_short)),
                gap=6,
            ),
            stack(figures_skeleton(4), block_skeleton(180), block_skeleton(), gap=6),
        ),
        ticker(state.tick),
        title="Dashboard",
        current="dashboard",
    )


def _figures() -> rx.Component:
    now = AgentDashboardState.now
    return key_figures(
        key_figure("Calls used", now.used_text, note=now.used_note, href="/agent/usage"),
        key_figure("Cost this month", now.cost, note=now.cost_note, href="/agent/usage"),
        key_figure("Success rate", now.success, note=now.success_note, href="/agent/calls"),
        key_figure("Last call", now.last_call, note=now.last_call_exact, href="/agent/calls"),
    )


def _begin() -> rx.Component:
    state = AgentDashboardState
    return card(
        rx.el.ul(rx.foreach(state.todo, _todo), class_name="plain-list stack"),
        title="Getting started",
        note=state.done,
    )


def _todo(one: Any) -> rx.Component:
    return rx.el.li(
        row(
            row(
                rx.cond(
                    one.is_done, icon("circle-check", label="Done"), icon("circle", label="To do")
                ),
                stack(rx.el.strong(one.title, class_name="strong"), quiet(one.text), gap=1),
            ),
            rx.cond(one.is_done, rx.fragment(), link_button(one.verb, href=one.href, small=True)),
            between=True,
        ),
        key=one.id,
    )


def _latest() -> rx.Component:
    state = AgentDashboardState
    return card(
        data_table(
            call_columns(),
            state.latest,
            caption="Latest calls",
            row_href=lambda call: "/agent/calls?open=" + call.id,
            empty=stack(
                empty_state(
                    "No calls yet",
                    "Call the first action with the key the agent was given. This one costs nothing.",
                    icon_name="activity",
                ),
                rx.el.div(code_block(state.first_call, label="Shell"), class_name="card-body"),
            ),
        ),
        title="Latest calls",
        action=link("All calls", href="/agent/calls"),
        flush=True,
    )
