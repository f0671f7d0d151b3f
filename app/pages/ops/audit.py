"""The audit stream of everybody."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Select, Words, ops_list
from app.pages.registry import page
from components.badges import badge
from components.base import link, quiet, row, when, when_at
from components.buttons import button
from components.code import code_block, identifier
from components.layout import facts
from components.overlays import drawer
from components.tables import Column
from state.ops.audit import AuditState
from state.shell import ShellState

RESULTS = [
    ("", "Any result"),
    ("success", "Success"),
    ("failure", "Failure"),
    ("denied", "Denied"),
]
AREAS = [
    ("", "Everything"),
    ("ops", "Operations"),
    ("vendor", "Vendors"),
    ("person", "People"),
    ("device", "Devices"),
    ("invoice", "Invoices"),
    ("payment", "Payments"),
    ("payout", "Payouts"),
    ("billing", "Monthly runs"),
]


def _result(one: Any) -> rx.Component:
    return rx.match(  # pyright: ignore[reportReturnType]
        one.result,
        ("success", badge("Success", "good")),
        ("denied", badge("Denied", "warn")),
        badge("Failure", "bad"),
    )


COLUMNS = [
    Column(
        "kind",
        "Act",
        lambda one: rx.el.span(one.sentence, class_name="strong", title=one.kind),
        lead=True,
    ),
    Column("result", "Result", _result),
    Column("actor", "By", lambda one: one.actor),
    Column("tenant", "Vendor", lambda one: rx.cond(one.tenant != "", one.tenant, "–")),
    Column("facts", "Facts", lambda one: quiet(one.facts), wide_only=True),
    Column("at", "When", lambda one: when_at(one.at, one.at_exact), sortable=True),
]


@page("/ops/audit", title="Audit", audience="ops", on_load=[ShellState.load, AuditState.load])
def audit_page() -> rx.Component:
    """Find out who did what to whom."""
    state = AuditState
    return ops_list(
        state,
        COLUMNS,
        Words(
            "Audit",
            "act",
            "Search act, subject, address or request",
            ("Nothing happened yet", "Every act and every refusal is kept here.", "scroll-text"),
        ),
        current="audit",
        selects=[
            Select("About", AREAS, state.area, state.filter_area),
            Select("Result", RESULTS, state.status, state.filter_status),
        ],
        narrowed=rx.cond(  # pyright: ignore[reportArgumentType]
            state.tenant != "",
            row(
                quiet("Only ", rx.cond(state.tenant_name, state.tenant_name, "one vendor")),
                button("Show everybody", on_click=state.all_tenants, small=True),
            ),
        ),
        beside=_drawer(),
    )


def _drawer() -> rx.Component:
    state = AuditState
    one: Any = state.detail
    return drawer(
        facts(
            ("Result", _result(one)),
            ("Kind", rx.el.code(one.kind, class_name="mono")),
            ("By", one.actor),
            ("As", one.actor_kind),
            ("When", one.at_exact),
            ("From", rx.cond(one.ip != "", one.ip, "–")),
            ("About", rx.cond(one.subject != "", one.subject, "–")),
        ),
        when(one.subject_id, facts(("Its id", identifier(one.subject_id)))),
        when(
            one.tenant_id,
            facts(("Vendor", link(one.tenant, href="/ops/tenants/" + one.tenant_id))),
        ),
        when(one.request_id, facts(("Request", identifier(one.request_id)))),
        code_block(one.body, label="Facts"),
        open=one.id != "",
        on_close=state.close_row,
        title=one.sentence,
    )
