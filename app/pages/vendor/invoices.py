"""The vendor's invoices and credit notes, and what the running month comes to."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.badges import state_badge
from components.base import link, stack, when
from components.buttons import link_button
from components.fields import filter_select, filters
from components.layout import callout, card
from components.states import block_skeleton, empty_state, loaded, table_skeleton
from components.tables import Column, data_table, pager
from components.ticker import ticker
from state.shell import ShellState
from state.vendor.invoices import InvoicesState

STATUSES = [
    ("", "Any status"),
    ("open", "Open"),
    ("overdue", "Overdue"),
    ("paid", "Paid"),
    ("disputed", "Disputed"),
    ("refunded", "Refunded"),
    ("void", "Void"),
]


@page(
    "/vendor/invoices",
    title="Invoices",
    audience="vendor",
    on_load=[ShellState.load, InvoicesState.load],
)
def invoices_page() -> rx.Component:
    """Show the running month, then every invoice and credit note, the newest first."""
    state = InvoicesState
    return vendor_frame(
        loaded(
            state.is_loaded,
            stack(
                when(state.estimate_title, _running_month()),
                stack(
                    filters(
                        filter_select(
                            "Status", STATUSES, value=state.status, on_change=state.filter_status
                        )
                    ),
                    card(_table(), flush=True),
                    pager(state.page, on_page=state.turn_to),
                    gap=3,
                ),
                gap=6,
            ),
            stack(block_skeleton(72), table_skeleton(7), gap=6),
        ),
        ticker(state.tick),
        title="Invoices",
        current="invoices",
    )


def pdf_link(row: Any) -> rx.Component:
    """Link to a document, once it is drawn."""
    return rx.cond(
        row.pdf != "",
        link("PDF", href=row.pdf, external=True, class_name="link nowrap"),
        rx.el.span("In preparation", class_name="quiet small"),
    )


def _running_month() -> rx.Component:
    state = InvoicesState
    return rx.el.div(
        callout(
            state.estimate_line,
            title=state.estimate_title,
            action=link_button("See the arithmetic", href="/vendor", small=True),
        ),
        data_testid="running-month",
    )


def _table() -> rx.Component:
    state = InvoicesState
    return data_table(
        [
            Column(
                "number",
                "Number",
                lambda row: rx.el.span(row.number, custom_attrs={"translate": "no"}),
                lead=True,
            ),
            Column("kind", "Kind", lambda row: row.kind),
            Column("period", "Period", lambda row: row.period),
            Column("issued", "Issued", lambda row: row.issued, wide_only=True),
            Column("due", "Due", lambda row: row.due),
            Column("status", "Status", lambda row: state_badge(row.status)),
            Column("total", "Total", lambda row: row.total, align="right"),
            Column("pdf", "Document", pdf_link),
        ],
        state.rows,
        caption="Invoices",
        row_href=lambda row: row.href,
        empty=rx.cond(
            state.status != "",
            empty_state("No invoice matches", "Choose another status.", icon_name="search"),
            empty_state("No invoices yet", state.first_line, icon_name="receipt"),
        ),
    )
