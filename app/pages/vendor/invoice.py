"""One invoice or credit note: what is owed, how it comes about, and who paid it."""

from __future__ import annotations

import reflex as rx

from app.pages.invoice_parts import invoice_view
from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.code import identifier
from components.states import empty_state
from components.tables import Column, data_table
from components.ticker import ticker
from state.shell import ShellState
from state.vendor.invoice import InvoiceState


@page(
    "/vendor/invoices/[id]",
    title="Invoice",
    audience="vendor",
    on_load=[ShellState.load, InvoiceState.load],
)
def invoice_page() -> rx.Component:
    """Answer what is owed and why, down to the devices counted."""
    state = InvoiceState
    return vendor_frame(
        invoice_view(state, _counted(), all_href="/vendor/invoices"),
        ticker(state.tick),
        title="Invoice",
        current="invoices",
    )


def _counted() -> rx.Component:
    return data_table(
        [
            Column("device_id", "Device", lambda one: one.device_id, lead=True),
            Column("user", "User", lambda one: identifier(one.user), wide_only=True),
            Column("last_day", "Last active", lambda one: one.last_day),
            Column("events", "Authority events", lambda one: one.events, align="right"),
        ],
        InvoiceState.counted,
        caption="Devices counted",
        row_href=lambda one: one.href,
        empty=empty_state(
            "No device was counted",
            "None had an authority event in the 30 days before the month ended.",
            icon_name="cpu",
        ),
    )
