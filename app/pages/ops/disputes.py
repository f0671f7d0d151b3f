"""Payments that a customer's bank took back until it decides."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.payments import money_tabs
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import state_badge
from components.base import link, stack, when_at
from components.code import identifier
from components.fields import filter_select, filters, search_box
from components.layout import callout, card, facts
from components.overlays import drawer
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, Sorting, data_table, pager
from state.ops.disputes import DisputesState
from state.shell import ShellState

STATUSES = [("", "Any status"), ("open", "Open"), ("won", "Won"), ("lost", "Lost")]


@page(
    "/ops/payments/disputes",
    title="Disputes",
    audience="ops",
    on_load=[ShellState.load, DisputesState.load],
)
def disputes_page() -> rx.Component:
    """Find a dispute, see until when it must be answered and what it touches."""
    state = DisputesState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                money_tabs("disputes"),
                filters(
                    search_box(
                        "Search vendor, invoice, reason or reference",
                        on_search=state.search_for,
                        value=state.q,
                    ),
                    filter_select(
                        "Status", STATUSES, value=state.status, on_change=state.filter_status
                    ),
                ),
                card(_table(), flush=True),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(7),
        ),
        _drawer(),
        title="Disputes",
        current="payments",
    )


def _table() -> rx.Component:
    state = DisputesState
    return data_table(
        [
            Column(
                "created_at",
                "Opened",
                lambda one: when_at(one.opened, one.opened_exact),
                sortable=True,
                lead=True,
            ),
            Column("vendor", "Vendor", lambda one: one.vendor),
            Column(
                "number", "Invoice", lambda one: rx.el.span(one.number, class_name="num nowrap")
            ),
            Column("reason", "Reason", lambda one: one.reason),
            Column("status", "Status", lambda one: state_badge(one.status)),
            Column("respond_by", "Answer by", lambda one: one.respond_by, sortable=True),
            Column("amount", "Amount", lambda one: one.amount, align="right", sortable=True),
        ],
        state.rows,
        caption="Disputes",
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        on_open=lambda one: state.open_row(one.id),
        open_id=state.open_id,
        empty=rx.cond(
            state.is_filtered,
            empty_state(
                "No dispute matches", "Change the search or the filter.", icon_name="search"
            ),
            empty_state(
                "No disputes",
                "A payment that a customer's bank takes back appears here at once.",
                icon_name="scale",
            ),
        ),
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
            ("Vendor", link(one.vendor, href="/ops/tenants/" + one.tenant_id)),
            (
                "Invoice",
                rx.cond(
                    one.invoice_id != "",
                    link(one.number, href="/ops/invoices/" + one.invoice_id),
                    "None",
                ),
            ),
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
