"""Everybody's invoices, and one of them whole."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Words, ops_list, ops_single
from app.pages.ops.parts import acts, vendor_fact
from app.pages.ops.tables import invoice_columns, payment_columns
from app.pages.registry import page
from components.badges import badge, state_badge
from components.base import link, row, split, stack, when
from components.buttons import button, link_button
from components.code import identifier
from components.explain import why_amount
from components.layout import callout, card, facts
from components.states import (
    empty_state,
)
from components.tables import Column, data_table, pager
from state.ops.invoice import InvoiceState
from state.ops.invoices import InvoicesState
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
    "/ops/invoices",
    title="Invoices",
    audience="ops",
    on_load=[ShellState.load, InvoicesState.load],
)
def invoices_page() -> rx.Component:
    """Find an invoice."""
    return ops_list(
        InvoicesState,
        invoice_columns(),
        Words(
            "Invoices",
            "invoice",
            "Search number or vendor",
            ("No invoices yet", "They are issued on the 1st for the month before.", "receipt"),
        ),
        current="invoices",
        statuses=STATUSES,
        row_href=lambda one: "/ops/invoices/" + one.id,
    )


@page(
    "/ops/invoices/[id]",
    title="Invoice",
    audience="ops",
    on_load=[ShellState.load, InvoiceState.load],
)
def invoice_page() -> rx.Component:
    """Show why an invoice is as high as it is, what was paid, and what can be done."""
    state = InvoiceState
    one: Any = state.one
    return ops_single(
        state,
        rx.cond(
            one.is_being_charged,
            callout("A charge is under way; nothing else can be done to it meanwhile.", live=True),
        ),
        split(
            stack(
                rx.cond(
                    state.why.quantity != "",
                    card(
                        why_amount(
                            state.why,
                            evidence=_counted(),
                            pages=pager(state.counted_page, on_page=state.turn_counted),
                        )
                    ),
                ),
                card(
                    data_table(
                        payment_columns("vendor", "number"),
                        state.payments,
                        caption="Payments of this invoice",
                        row_href=lambda paid: "/ops/payments?open=" + paid.id,
                        empty=empty_state("Nothing was paid", icon_name="credit-card"),
                    ),
                    title="Payments",
                    flush=True,
                ),
                rx.cond(state.notes.length() > 0, _notes()),  # pyright: ignore
                gap=6,
            ),
            _facts(one),
        ),
        title=rx.cond(one.number != "", one.number, "Invoice"),
        current="invoices",
        home=("All invoices", "/ops/invoices"),
        head=[
            state_badge(one.status),
            rx.cond(one.is_note, badge("Credit note", dot=False)),  # pyright: ignore
        ],
        acting=_acts(one),
    )


def _acts(one: Any) -> rx.Component:
    ask = InvoiceState.ask
    return row(
        when(one.pdf, link_button("PDF", href=one.pdf, external=True, icon_name="file-down")),
        acts(
            rx.cond(
                one.can_credit,
                button("Credit", on_click=ask("credit"), icon_name="receipt-text"),
            ),
            rx.cond(
                one.is_open & ~one.is_being_charged,
                rx.fragment(
                    button("Void", on_click=ask("void"), kind="danger", icon_name="ban"),
                    button("Mark settled", on_click=ask("settle"), icon_name="landmark"),
                    button(
                        rx.cond(one.rail == "Card", "Charge again", "Mail again"),
                        on_click=ask("retry"),
                        kind="main",
                        icon_name="rotate-cw",
                    ),
                ),
            ),
        ),
    )


def _facts(one: Any) -> rx.Component:
    return card(
        facts(
            vendor_fact(one),
            ("Period", one.period),
            ("Issued", one.issued),
            ("Due", one.due),
            ("Paid by", one.rail),
            ("Subtotal", rx.el.span(one.subtotal, class_name="num")),
            ("Tax", rx.el.span(one.tax, class_name="num")),
            ("Total", rx.el.strong(one.total, class_name="num")),
            ("Outstanding", rx.el.span(one.outstanding, class_name="num")),
            ("Paid", one.paid),
        ),
        when(one.carried, facts(("Carried from other months", one.carried))),
        when(one.failures, facts(("Charges", one.failures))),
        when(one.next_attempt, facts(("Next charge", one.next_attempt))),
        when(
            one.corrects,
            facts(("Corrects", link(one.corrects, href="/ops/invoices/" + one.corrects_id))),
        ),
        title="Facts",
    )


def _counted() -> rx.Component:
    return data_table(
        [
            Column(
                "device_id",
                "Device",
                lambda one: rx.el.span(one.device_id, class_name="strong"),
                lead=True,
            ),
            Column("user", "User", lambda one: identifier(one.user)),
            Column("events", "Events", lambda one: one.events, align="right"),
            Column("last_day", "Last active", lambda one: one.last_day, align="right"),
        ],
        InvoiceState.counted,
        caption="Devices counted",
        empty=empty_state("No device was counted", icon_name="cpu"),
    )


def _notes() -> rx.Component:
    return card(
        data_table(
            [
                Column(
                    "number",
                    "Number",
                    lambda one: rx.el.span(one.number, class_name="strong num"),
                    lead=True,
                ),
                Column("issued", "Issued", lambda one: one.issued),
                Column("total", "Amount", lambda one: one.total, align="right"),
            ],
            InvoiceState.notes,
            caption="Credit notes",
            row_href=lambda one: "/ops/invoices/" + one.id,
        ),
        title="Credit notes",
        flush=True,
    )
