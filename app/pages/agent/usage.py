"""What the agent uses: the month as it counts up, and the calls by action and day."""

from __future__ import annotations

import reflex as rx

from app.pages.agent.parts import counter, suspended
from app.pages.registry import page
from app.pages.shell import agent_frame
from components.base import link, stack
from components.charts import chart_card
from components.explain import why_amount
from components.figures import key_figure, key_figures
from components.layout import card
from components.states import block_skeleton, empty_state, figures_skeleton, loaded
from components.tables import Column, data_table
from components.ticker import ticker
from state.agent.usage import UsageState
from state.shell import ShellState


@page("/agent/usage", title="Usage", audience="agent", on_load=[ShellState.load, UsageState.load])
def usage_page() -> rx.Component:
    """Show the running month, its forecast, and a range by action and day."""
    state = UsageState
    return agent_frame(
        loaded(
            state.is_loaded,
            stack(
                suspended(state.now),
                counter(state.now),
                _figures(),
                card(
                    rx.el.p(state.forecast_line, class_name="prose", data_testid="forecast"),
                    title="Forecast of the month",
                ),
                rx.cond(state.now.is_paid, card(why_amount(state.why, title="The running month"))),
                chart_card(
                    "Calls by action and day",
                    state.figure,
                    state.chart_rows,
                    rx.Var.create(state.heads),
                    summary="How many calls of each action were made on each day of the range.",
                    range_value=state.range,
                    on_range=state.set_range_to,
                ),
                _by_action(),
                gap=6,
            ),
            stack(block_skeleton(88), figures_skeleton(4), block_skeleton(), gap=6),
        ),
        ticker(state.tick),
        title="Usage",
        current="usage",
    )


def _figures() -> rx.Component:
    now = UsageState.now
    return key_figures(
        key_figure("Cost this month", now.cost, note=now.cost_note, testid="cost"),
        key_figure("Forecast", now.forecast, note=now.forecast_note),
        key_figure("Success rate", now.success, note=now.success_note),
        key_figure("Last call", now.last_call, note=now.last_call_exact, href="/agent/calls"),
    )


def _by_action() -> rx.Component:
    state = UsageState
    return card(
        data_table(
            [
                Column(
                    "action",
                    "Action",
                    lambda row: rx.el.code(row.action, class_name="mono"),
                    lead=True,
                ),
                Column("calls", "Calls", lambda row: row.calls, align="right"),
                Column("successful", "Succeeded", lambda row: row.successful, align="right"),
                Column("failed", "Failed", lambda row: row.failed, align="right"),
                Column("billable", "Billable", lambda row: row.billable, align="right"),
                Column("cost", "Cost", lambda row: row.cost, align="right"),
            ],
            state.actions,
            caption="Calls by action",
            row_href=lambda row: "/agent/calls?action=" + row.action,
            empty=empty_state(
                "No calls in this range",
                "Every call of the agent is counted here by its action.",
                icon_name="activity",
                action=link("Try an action", href="/agent/docs"),
            ),
        ),
        title="By action",
        flush=True,
    )
