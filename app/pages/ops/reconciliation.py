"""Our invoices beside the provider's copies of them."""

from __future__ import annotations

import reflex as rx

from app.pages.ops.lists import Select, Words, ops_list
from app.pages.ops.parts import acts
from app.pages.registry import page
from components.base import quiet, row, stack, when_at
from components.buttons import button
from components.layout import card
from components.tables import Column
from components.ticker import ticker
from state.ops.reconciliation import ReconciliationState
from state.ops.reconciliation_rows import NEXT
from state.shell import ShellState

STATUSES = [("", "Any difference"), *((one.value, what) for one, (what, _) in NEXT.items())]
COLUMNS = [
    Column(
        "number",
        "Invoice",
        lambda one: rx.el.span(one.number, class_name="strong num nowrap"),
        sortable=True,
        lead=True,
    ),
    Column("customer", "Customer", lambda one: one.customer, sortable=True),
    Column(
        "what",
        "What differs, and what to do",
        lambda one: stack(rx.el.span(one.what, class_name="strong"), quiet(one.todo), gap=1),
    ),
    Column("ours", "Here", lambda one: one.ours),
    Column("theirs", "At the provider", lambda one: one.theirs),
    Column(
        "found_at",
        "Since",
        lambda one: when_at(one.found, one.found_exact),
        sortable=True,
        wide_only=True,
    ),
]


@page(
    "/ops/reconciliation",
    title="Reconciliation",
    audience="ops",
    on_load=[ShellState.load, ReconciliationState.load],
)
def reconciliation_page() -> rx.Component:
    """Show which invoices of a month do not agree with the provider, and what to do next."""
    state = ReconciliationState
    return ops_list(
        state,
        COLUMNS,
        Words(
            "Reconciliation",
            "invoice",
            "Search invoice, customer or the provider's id",
            ("Nothing differs", "Every invoice that was looked at agrees.", "scale"),
        ),
        current="reconciliation",
        statuses=STATUSES,
        selects=[Select("Month", state.months, state.month, state.filter_month)],
        above=[
            card(
                row(
                    rx.el.span(state.look, data_testid="look"),
                    acts(
                        rx.cond(
                            state.is_running,
                            rx.fragment(),
                            button("Run again", on_click=state.ask, icon_name="rotate-cw"),
                        )
                    ),
                    between=True,
                )
            )
        ],
        row_href=lambda one: "/ops/invoices/" + one.id,
        also=[ticker(state.tick)],
    )
