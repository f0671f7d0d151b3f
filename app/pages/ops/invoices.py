"""Everybody's invoices, and one of them whole."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.parts import acts, question_dialog
from app.pages.ops.tables import invoice_table, payment_table
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import badge, state_badge
from components.base import icon, link, row, split, stack, when
from components.buttons import button, link_button
from components.code import identifier
from components.explain import why_amount
from components.fields import filter_select, filters, search_box
from components.layout import callout, card, facts
from components.states import (
    block_skeleton,
    empty_state,
    lines_skeleton,
    loaded,
    missing_page,
    table_skeleton,
)
from components.tables import Column, Sorting, data_table, pager
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
    state = InvoicesState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                filters(
                    search_box(
                        "Search number or vendor", on_search=state.search_for, value=state.q
                    ),
                    filter_select(
                        "Status", STATUSES, value=state.status, on_change=state.filter_status
                    ),
                ),
                card(
                    invoice_table(
                        state.rows,
                        caption="Invoices",
                        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
                        empty=rx.cond(
                            state.is_filtered,
                            empty_state(
                                "No invoice matches",
                                "Change the search or the filter.",
                                icon_name="search",
                            ),
                            empty_state(
                                "No invoices yet",
                                "They are issued on the 1st for the month before.",
                                icon_name="receipt",
                            ),
                        ),
                    ),
                    flush=True,
                ),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(7),
        ),
        title="Invoices",
        current="invoices",
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
    return ops_frame(
        loaded(
            state.is_loaded,
            rx.cond(state.is_missing, missing_page(home_href="/ops/invoices"), _whole()),
            stack(lines_skeleton(4), block_skeleton(220), block_skeleton(220), gap=6),
        ),
        question_dialog(
            state.question, state.refusal, on_confirm=state.confirm, on_cancel=state.cancel
        ),
        title=rx.cond(state.one.number != "", state.one.number, "Invoice"),
        current="invoices",
    )


def _whole() -> rx.Component:
    state = InvoiceState
    one: Any = state.one
    return stack(
        row(
            row(
                link(
                    icon("arrow-left"),
                    " All invoices",
                    href="/ops/invoices",
                    class_name="btn btn-quiet",
                ),
                state_badge(one.status),
                rx.cond(one.is_note, badge("Credit note", dot=False)),
            ),
            _acts(one),
            between=True,
        ),
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
                    payment_table(
                        state.payments,
                        caption="Payments of this invoice",
                        vendors=False,
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
        gap=6,
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
            ("Vendor", link(one.vendor, href="/ops/tenants/" + one.tenant_id)),
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
