"""The agent's calls one by one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.registry import page
from app.pages.shell import agent_frame
from components.badges import state_badge
from components.base import link, stack, when, when_at
from components.buttons import link_button
from components.code import identifier
from components.fields import filter_select, filters
from components.layout import callout, card, facts
from components.overlays import drawer
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, data_table, pager
from components.ticker import ticker
from state.agent.calls import CallsState
from state.shell import ShellState

STATUSES = [("", "Any outcome"), ("success", "Success"), ("error", "Error"), ("denied", "Denied")]
RANGES = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("366", "A year")]


@page("/agent/calls", title="Calls", audience="agent", on_load=[ShellState.load, CallsState.load])
def calls_page() -> rx.Component:
    """List calls under filters, with one of them beside the list."""
    state = CallsState
    return agent_frame(
        stack(
            filters(
                filter_select(
                    "Outcome", STATUSES, value=state.status, on_change=state.filter_status
                ),
                filter_select(
                    "Action", state.actions, value=state.action, on_change=state.filter_action
                ),
                filter_select("Range", RANGES, value=state.days, on_change=state.filter_days),
                end=link_button("Export CSV", href=state.csv, external=True, icon_name="download"),
            ),
            loaded(state.is_loaded, card(_table(), flush=True), table_skeleton(6)),
            pager(state.page, on_page=state.turn_to),
            gap=3,
        ),
        rx.foreach(state.opened, _drawer),
        ticker(state.tick),
        title="Calls",
        current="calls",
    )


def call_columns() -> list[Column]:
    """Return what a list of calls says of each."""
    return [
        Column(
            "action", "Action", lambda row: rx.el.code(row.action, class_name="mono"), lead=True
        ),
        Column("at", "When", lambda row: when_at(row.at, row.at_exact)),
        Column("status", "Outcome", lambda row: state_badge(row.status)),
        Column("code", "Code", lambda row: row.code, wide_only=True),
        Column("caller", "By", lambda row: row.caller, wide_only=True),
        Column("latency", "Latency", lambda row: row.latency, align="right"),
        Column("cost", "Cost", lambda row: row.cost, align="right"),
    ]


def _table() -> rx.Component:
    state = CallsState
    return data_table(
        call_columns(),
        state.rows,
        caption="Calls",
        on_open=lambda row: state.open(row.id),
        empty=rx.cond(
            state.is_filtered,
            empty_state(
                "No call matches", "Choose another filter or a longer range.", icon_name="search"
            ),
            empty_state(
                "No calls yet",
                "Every request of the agent is listed here, with its outcome.",
                icon_name="activity",
                action=link("Try an action", href="/agent/docs"),
            ),
        ),
    )


def _drawer(call: Any) -> rx.Component:
    return drawer(
        when(call.error, callout(call.error, tone="bad", title=call.code)),
        facts(
            ("When", rx.el.span(call.at_exact)),
            ("Outcome", state_badge(call.status)),
            ("Counted", call.kind),
            ("Cost", call.cost),
            ("Latency", call.latency),
            ("By", call.caller),
            ("From", rx.cond(call.ip != "", call.ip, "–")),
            ("Request id", rx.cond(call.request_id != "", identifier(call.request_id), "–")),
            ("Request hash", identifier(call.request_hash)),
            ("Idempotency key", rx.cond(call.idempotency_key != "", call.idempotency_key, "–")),
        ),
        open=True,
        on_close=CallsState.close,
        title=call.action,
    )
