"""What providers told us."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.parts import acts, question_dialog
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import state_badge
from components.base import quiet, stack, when, when_at
from components.buttons import button
from components.code import code_block, identifier
from components.fields import filter_select, filters, search_box
from components.layout import callout, card, facts
from components.overlays import drawer
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, Sorting, data_table, pager
from state.ops.webhooks import WebhooksState
from state.shell import ShellState

STATUSES = [
    ("", "Any status"),
    ("received", "Received"),
    ("done", "Done"),
    ("ignored", "Ignored"),
    ("failed", "Failed"),
]


@page(
    "/ops/webhooks",
    title="Webhooks",
    audience="ops",
    on_load=[ShellState.load, WebhooksState.load],
)
def webhooks_page() -> rx.Component:
    """Find a notification, read it, handle it once more."""
    state = WebhooksState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                filters(
                    search_box(
                        "Search kind, event or subject", on_search=state.search_for, value=state.q
                    ),
                    filter_select(
                        "Status", STATUSES, value=state.status, on_change=state.filter_status
                    ),
                    filter_select(
                        "Provider",
                        state.providers,
                        value=state.provider,
                        on_change=state.filter_provider,
                    ),
                ),
                card(_table(), flush=True),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(6),
        ),
        _drawer(),
        question_dialog(
            state.question, state.refusal, on_confirm=state.confirm, on_cancel=state.cancel
        ),
        title="Webhooks",
        current="webhooks",
    )


def _table() -> rx.Component:
    state = WebhooksState
    return data_table(
        [
            Column(
                "kind",
                "Kind",
                lambda one: rx.el.span(one.kind, class_name="strong"),
                lead=True,
            ),
            Column("provider", "Provider", lambda one: one.provider),
            Column("status", "Status", lambda one: state_badge(one.status)),
            Column("subject", "Subject", lambda one: identifier(one.subject), wide_only=True),
            Column(
                "attempts", "Failed tries", lambda one: one.attempts, align="right", sortable=True
            ),
            Column(
                "received_at",
                "Received",
                lambda one: when_at(one.received, one.received_exact),
                sortable=True,
            ),
        ],
        state.rows,
        caption="Notifications",
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        on_open=lambda one: state.open_row(one.id),
        open_id=state.open_id,
        empty=rx.cond(
            state.is_filtered,
            empty_state(
                "No notification matches", "Change the search or the filters.", icon_name="search"
            ),
            empty_state(
                "No notifications yet",
                "What payment providers tell us appears here as it comes.",
                icon_name="webhook",
            ),
        ),
    )


def _drawer() -> rx.Component:
    state = WebhooksState
    one: Any = state.detail
    return drawer(
        when(one.error, callout(one.error, tone="bad", title="What stopped it")),
        facts(
            ("Status", state_badge(one.status)),
            ("Provider", one.provider),
            ("Event", identifier(one.event_id)),
            ("Subject", identifier(one.subject)),
            ("Happened", one.occurred),
            ("Received", one.received_exact),
            ("Handled", one.handled),
            ("Failed tries", rx.el.span(one.attempts, class_name="num")),
            ("Next try", one.next_try),
        ),
        code_block(one.facts, label="What we understood"),
        code_block(one.payload, label="As it came"),
        quiet("Its signature was verified before it was stored."),
        open=one.id != "",
        on_close=state.close_row,
        title=one.kind,
        foot=acts(
            rx.cond(
                one.can_replay,
                button("Replay", on_click=state.ask("replay"), icon_name="rotate-cw"),
            )
        ),
    )
