"""The vendor's invoices and credit notes, and what the running month comes to."""

from __future__ import annotations

import reflex as rx

from app.pages.invoice_parts import invoice_table
from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.base import stack, when
from components.buttons import link_button
from components.fields import filter_select, filters
from components.layout import callout, card
from components.states import block_skeleton, loaded, table_skeleton
from components.tables import pager
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
                    card(invoice_table(state, first_line=state.first_line), flush=True),
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
