"""The agent's invoices and credit notes, and one of them down to the calls it charges."""

from __future__ import annotations

import reflex as rx

from app.pages.agent.calls import call_columns
from app.pages.invoice_parts import invoice_table, invoice_view
from app.pages.registry import page
from app.pages.shell import agent_frame
from components.base import stack, when
from components.buttons import link_button
from components.fields import filter_select, filters
from components.layout import callout, card
from components.states import block_skeleton, empty_state, loaded, table_skeleton
from components.tables import data_table, pager
from components.ticker import ticker
from state.agent.invoice import AgentInvoiceState
from state.agent.invoices import AgentInvoicesState
from state.shell import ShellState

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
    "/agent/invoices",
    title="Invoices",
    audience="agent",
    on_load=[ShellState.load, AgentInvoicesState.load],
)
def agent_invoices_page() -> rx.Component:
    """Show the running month, then every invoice and credit note, the newest first."""
    state = AgentInvoicesState
    return agent_frame(
        loaded(
            state.is_loaded,
            stack(
                when(
                    state.estimate_title,
                    callout(
                        state.estimate_line,
                        title=state.estimate_title,
                        action=link_button("See the arithmetic", href="/agent/usage", small=True),
                    ),
                ),
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


@page(
    "/agent/invoices/[id]",
    title="Invoice",
    audience="agent",
    on_load=[ShellState.load, AgentInvoiceState.load],
)
def agent_invoice_page() -> rx.Component:
    """Answer what is owed and why, down to the calls charged."""
    state = AgentInvoiceState
    return agent_frame(
        invoice_view(state, _counted(), all_href="/agent/invoices"),
        ticker(state.tick),
        title="Invoice",
        current="invoices",
    )


def _counted() -> rx.Component:
    return data_table(
        call_columns(),
        AgentInvoiceState.counted,
        caption="Calls charged",
        row_href=lambda one: "/agent/calls?open=" + one.id,
        empty=empty_state(
            "No call was charged", "None succeeded after the upgrade.", icon_name="activity"
        ),
    )
