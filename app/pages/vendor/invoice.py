"""One invoice or credit note: what is owed, how it comes about, and who paid it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.badges import state_badge
from components.base import link, quiet, row, split, stack, when
from components.buttons import link_button
from components.code import identifier
from components.explain import why_amount
from components.layout import callout, card, facts
from components.states import block_skeleton, empty_state, loaded, missing_page, table_skeleton
from components.tables import Column, data_table, pager
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
        loaded(
            state.is_loaded,
            rx.cond(
                state.is_missing,
                missing_page(home_href="/vendor/invoices", home="All invoices"),
                _invoice(),
            ),
            stack(block_skeleton(120), table_skeleton(4, lines=3), gap=6),
        ),
        ticker(state.tick),
        title="Invoice",
        current="invoices",
    )


def _invoice() -> rx.Component:
    state = InvoiceState
    return stack(
        _head(),
        when(state.pay.line, _payment()),
        split(
            stack(_charges(), _tries(), gap=6),
            stack(_facts(), rx.cond(state.has_notes, _notes()), gap=6),
        ),
        when(
            state.why.quantity,
            card(
                why_amount(
                    state.why,
                    evidence=_counted(),
                    pages=pager(state.page, on_page=state.turn_to),
                )
            ),
        ),
        gap=6,
    )


def _head() -> rx.Component:
    one = InvoiceState.one
    return row(
        stack(
            row(
                rx.el.h2(one.number, class_name="h-20", custom_attrs={"translate": "no"}),
                state_badge(one.status),
            ),
            quiet(one.kind, " · ", one.period),
            gap=1,
        ),
        rx.cond(
            one.pdf != "",
            link_button("PDF", href=one.pdf, external=True, icon_name="download"),
            quiet("The document is being prepared."),
        ),
        between=True,
    )


def _payment() -> rx.Component:
    """Say what happens next, with the button where the vendor has to act."""
    pay = InvoiceState.pay
    act = link_button(
        rx.el.span("Pay ", rx.el.span(pay.amount, class_name="num")),
        href=pay.href,
        external=True,
        kind="main",
    )
    late = InvoiceState.one.status == "overdue"
    return rx.cond(
        late,
        callout(pay.line, tone="warn", title="Overdue", action=when(pay.href, act)),
        callout(pay.line, action=when(pay.href, act)),
    )


def _facts() -> rx.Component:
    one, state = InvoiceState.one, InvoiceState
    return card(
        facts(
            ("Total", rx.el.span(one.total, class_name="num strong", data_testid="total")),
            ("Status", state_badge(one.status)),
            ("Issued", one.issued),
            ("Due", rx.cond(one.due != "", one.due, "–")),
            ("Paid", rx.cond(state.pay.paid != "", state.pay.paid, "–")),
            ("Period", one.period),
        ),
        when(
            state.corrected.number,
            rx.el.p(
                "Corrects invoice ",
                link(state.corrected.number, href=state.corrected.href),
            ),
        ),
        title="Summary",
    )


def _charges() -> rx.Component:
    state = InvoiceState
    return card(
        data_table(
            [
                Column("text", "Charge", _charge, lead=True),
                Column("quantity", "Quantity", lambda line: line.quantity, align="right"),
                Column("price", "Price", lambda line: line.price, align="right"),
                Column("amount", "Amount", lambda line: line.amount, align="right"),
            ],
            state.lines,
            caption="Charges",
        ),
        rx.el.dl(rx.foreach(state.sums, _sum), class_name="sums"),
        title="Charges",
        flush=True,
    )


def _charge(line: Any) -> rx.Component:
    return rx.el.span(line.text, when(line.detail, rx.fragment(" ", quiet(line.detail))))


def _sum(step: Any) -> rx.Component:
    return rx.el.div(
        rx.el.dt(step.label),
        rx.el.dd(step.amount, class_name="num"),
        class_name=rx.cond(step.is_strong, "strong", ""),
        key=step.label,
    )


def _tries() -> rx.Component:
    return card(
        data_table(
            [
                Column("at", "When", lambda one: one.at, lead=True),
                Column("what", "Paid with", lambda one: one.what),
                Column("status", "Status", lambda one: state_badge(one.status)),
                Column("note", "Note", lambda one: one.note),
                Column("amount", "Amount", lambda one: one.amount, align="right"),
            ],
            InvoiceState.tries,
            caption="Payments",
            empty=empty_state(
                "No payment yet",
                "Every payment and every charge that was tried shows here.",
                icon_name="credit-card",
            ),
        ),
        title="Payments",
        flush=True,
    )


def _notes() -> rx.Component:
    return card(
        rx.el.ul(rx.foreach(InvoiceState.notes, _note), class_name="plain-list"),
        title="Credit notes",
    )


def _note(note: Any) -> rx.Component:
    return rx.el.li(
        row(
            link(note.number, href=note.href),
            quiet(note.issued),
            rx.el.span(note.total, class_name="num"),
            between=True,
        ),
        key=note.id,
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
