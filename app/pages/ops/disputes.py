"""Payments that a customer's bank took back until it decides."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Words, money_tabs, ops_list
from app.pages.ops.parts import invoice_fact, vendor_fact
from app.pages.registry import page
from components.badges import state_badge
from components.base import link, when_at
from components.code import identifier
from components.layout import callout, facts
from components.overlays import drawer
from components.tables import Column
from state.ops.disputes import DisputesState
from state.shell import ShellState

STATUSES = [("", "Any status"), ("open", "Open"), ("won", "Won"), ("lost", "Lost")]
COLUMNS = [
    Column(
        "created_at",
        "Opened",
        lambda one: when_at(one.opened, one.opened_exact),
        sortable=True,
        lead=True,
    ),
    Column("vendor", "Vendor", lambda one: one.vendor),
    Column("number", "Invoice", lambda one: rx.el.span(one.number, class_name="num nowrap")),
    Column("reason", "Reason", lambda one: one.reason),
    Column("status", "Status", lambda one: state_badge(one.status)),
    Column("respond_by", "Answer by", lambda one: one.respond_by, sortable=True),
    Column("amount", "Amount", lambda one: one.amount, align="right", sortable=True),
]


@page(
    "/ops/payments/disputes",
    title="Disputes",
    audience="ops",
    on_load=[ShellState.load, DisputesState.load],
)
def disputes_page() -> rx.Component:
    """Find a dispute, see until when it must be answered and what it touches."""
    return ops_list(
        DisputesState,
        COLUMNS,
        Words(
            "Disputes",
            "dispute",
            "Search vendor, invoice, reason or reference",
            (
                "No disputes",
                "A payment that a customer's bank takes back appears here at once.",
                "scale",
            ),
        ),
        current="payments",
        statuses=STATUSES,
        tabs=money_tabs("disputes"),
        beside=_drawer(),
    )


def _drawer() -> rx.Component:
    state = DisputesState
    one: Any = state.detail
    return drawer(
        rx.cond(
            one.status == "open",
            callout(
                "Answer it at the provider with the invoice and the devices it counted. Until the "
                "bank decides the money is with the bank.",
                tone="warn",
                title="What to do",
            ),
        ),
        facts(
            ("Status", state_badge(one.status)),
            ("Amount", rx.el.strong(one.amount, class_name="num")),
            ("Reason", one.reason),
            ("Answer by", one.respond_by),
            vendor_fact(one),
            invoice_fact(one),
            ("Payment", link("Open the payment", href="/ops/payments?open=" + one.payment_id)),
            ("Provider", one.provider),
            ("Its id there", identifier(one.provider_ref)),
            ("Opened", one.opened_exact),
            ("Decided", one.closed),
        ),
        open=one.id != "",
        on_close=state.close_row,
        title=one.amount,
    )
