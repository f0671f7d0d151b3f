"""Alerts: the budget of a month, the mails on the way to it, and the stop at its end."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import agent_frame
from components.base import quiet, row, split, stack
from components.fields import checkbox_field, progress
from components.layout import callout, card
from components.native_form import field, state_form, submit_button
from components.states import block_skeleton, empty_state, loaded
from components.tables import Column, data_table
from components.ticker import ticker
from state.agent.alerts import AlertsState
from state.shell import ShellState


@page(
    "/agent/alerts", title="Alerts", audience="agent", on_load=[ShellState.load, AlertsState.load]
)
def alerts_page() -> rx.Component:
    """See how far the budget is spent, and set it."""
    state = AlertsState
    return agent_frame(
        loaded(
            state.is_loaded,
            split(stack(_spent(), _mails(), gap=6), _form()),
            stack(block_skeleton(120), block_skeleton(240), gap=6),
        ),
        ticker(state.tick),
        title="Alerts",
        current="alerts",
    )


def _spent() -> rx.Component:
    budget = AlertsState.budget
    return stack(
        rx.cond(
            budget.is_stopped,
            callout(
                "Calls that cost something are refused until the budget is raised, the stop is switched "
                "off, or the month ends.",
                tone="bad",
                title="The budget is spent",
            ),
        ),
        card(
            stack(
                rx.el.span(budget.spent, class_name="figure-value", data_testid="spent"),
                _of_budget(),
                gap=2,
            ),
            title="Spent this month",
        ),
    )


def _of_budget() -> rx.Component:
    budget = AlertsState.budget
    return rx.cond(
        budget.amount != "",
        stack(
            progress("Budget spent", budget.spent_cents, budget.cents),
            quiet(
                "of ",
                budget.amount,
                ", ",
                budget.remaining,
                " left. Anew on ",
                budget.renews,
                ".",
            ),
            quiet(budget.set_by),
            gap=2,
        ),
        quiet("No budget is set: you are told of nothing, and nothing is stopped."),
    )


def _mails() -> rx.Component:
    state = AlertsState
    return card(
        data_table(
            [
                Column("part", "At", lambda one: one.part, lead=True),
                Column("amount", "That is", lambda one: one.amount, align="right"),
                Column("status", "This month", lambda one: one.status),
            ],
            state.alerts,
            caption="Mails on the way to the budget",
            stacked=False,
            empty=empty_state(
                "No alerts yet",
                "Set a budget, and a mail comes at 50, 80 and 100 % of it.",
                icon_name="bell",
            ),
        ),
        title="Mails on the way to it",
        note="Each is sent once a month to " + state.email,
        flush=True,
    )


def _form() -> rx.Component:
    state, budget = AlertsState, AlertsState.budget
    return card(
        state_form(
            field(
                "budget",
                "Budget a month, in USD",
                default_value=budget.typed,
                required=False,
                input_mode="decimal",
                placeholder="25.00",
                help_text="What the calls of a month may cost, before tax. Empty for no budget.",
                key=budget.typed,
            ),
            checkbox_field(
                "hard_stop",
                "Stop calls when it is spent",
                help_text="The call it does not pay for is refused before it runs. Otherwise you are only told.",
                default_checked=budget.hard_stop,
                key=rx.cond(budget.hard_stop, "on", "off"),
            ),
            row(submit_button("Save budget")),
            on_submit=state.save,
            error=state.error,
        ),
        title="Budget",
        foot=quiet("Free calls are told of by mail as well, at 80 and 100 % of them."),
    )
