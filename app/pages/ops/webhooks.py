"""What providers told us."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Select, Words, ops_list
from app.pages.ops.parts import acts
from app.pages.registry import page
from components.badges import state_badge
from components.base import quiet, when, when_at
from components.buttons import button
from components.code import code_block, identifier
from components.layout import callout, facts
from components.overlays import drawer
from components.tables import Column
from state.ops.webhooks import WebhooksState
from state.shell import ShellState

STATUSES = [
    ("", "Any status"),
    ("received", "Received"),
    ("done", "Done"),
    ("ignored", "Ignored"),
    ("failed", "Failed"),
]
COLUMNS = [
    Column(
        "kind",
        "Kind",
        lambda one: rx.el.span(one.kind, class_name="strong"),
        lead=True,
    ),
    Column("provider", "Provider", lambda one: one.provider),
    Column("status", "Status", lambda one: state_badge(one.status)),
    Column("subject", "Subject", lambda one: identifier(one.subject), wide_only=True),
    Column("attempts", "Failed tries", lambda one: one.attempts, align="right", sortable=True),
    Column(
        "received_at",
        "Received",
        lambda one: when_at(one.received, one.received_exact),
        sortable=True,
    ),
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
    return ops_list(
        state,
        COLUMNS,
        Words(
            "Webhooks",
            "notification",
            "Search kind, event or subject",
            (
                "No notifications yet",
                "What payment providers tell us appears here as it comes.",
                "webhook",
            ),
        ),
        current="webhooks",
        statuses=STATUSES,
        selects=[Select("Provider", state.providers, state.provider, state.filter_provider)],
        beside=_drawer(),
        repeat="Replay",
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
                one.can_repeat,
                button("Replay", on_click=state.ask("repeat"), icon_name="rotate-cw"),
            )
        ),
    )
