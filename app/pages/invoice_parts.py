"""One invoice as its customer reads it: what is owed, how it comes about, who paid it, and why.

``state`` is the page's state; those of vendors and of agents have the same names for all of it.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.badges import state_badge
from components.base import link, quiet, row, split, stack, when
from components.buttons import link_button
from components.explain import why_amount
from components.layout import callout, card, facts
from components.states import block_skeleton, empty_state, loaded, missing_page, table_skeleton
from components.tables import Column, data_table, pager


def invoice_view(state: Any, evidence: rx.Component, *, all_href: str) -> rx.Component:
    """Show an invoice, with ``evidence`` as the table of what was counted."""
    return loaded(
        state.is_loaded,
        rx.cond(
            state.is_missing,
            missing_page(home_href=all_href, home="All invoices"),
            _invoice(state, evidence),
        ),
        stack(block_skeleton(120), table_skeleton(4, lines=3), gap=6),
    )


def _invoice(state: Any, evidence: rx.Component) -> rx.Component:
    return stack(
        invoice_head(state),
        when(state.pay.line, invoice_payment(state)),
        split(
            stack(invoice_charges(state), invoice_tries(state), gap=6),
            stack(invoice_facts(state), rx.cond(state.has_notes, invoice_notes(state)), gap=6),
        ),
        when(
            state.why.quantity,
            card(
                why_amount(
                    state.why,
                    evidence=evidence,
                    pages=pager(state.page, on_page=state.turn_to),
                )
            ),
        ),
        gap=6,
    )


def pdf_link(row: Any) -> rx.Component:
    """Link to a document, once it is drawn."""
    return rx.cond(
        row.pdf != "",
        link("PDF", href=row.pdf, external=True, class_name="link nowrap"),
        rx.el.span("In preparation", class_name="quiet small"),
    )


def invoice_table(state: Any, *, first_line: Any) -> rx.Component:
    """List invoices and credit notes, the newest first; ``first_line`` says when the first one comes."""
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
            empty_state("No invoices yet", first_line, icon_name="receipt"),
        ),
    )


def invoice_head(state: Any) -> rx.Component:
    """Name the invoice, its status, and its document."""
    one = state.one
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


def invoice_payment(state: Any) -> rx.Component:
    """Say what happens next, with the button where the customer has to act."""
    pay = state.pay
    act = link_button(
        rx.el.span("Pay ", rx.el.span(pay.amount, class_name="num")),
        href=pay.href,
        external=True,
        kind="main",
    )
    late = state.one.status == "overdue"
    return rx.cond(
        late,
        callout(pay.line, tone="warn", title="Overdue", action=when(pay.href, act)),
        callout(pay.line, action=when(pay.href, act)),
    )


def invoice_facts(state: Any) -> rx.Component:
    """Sum the invoice up."""
    one = state.one
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


def invoice_charges(state: Any) -> rx.Component:
    """List the charges, and the steps from them to what is to be paid."""
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


def invoice_tries(state: Any) -> rx.Component:
    """List the payments, and what was tried."""
    return card(
        data_table(
            [
                Column("at", "When", lambda one: one.at, lead=True),
                Column("what", "Paid with", lambda one: one.what),
                Column("status", "Status", lambda one: state_badge(one.status)),
                Column("note", "Note", lambda one: one.note),
                Column("amount", "Amount", lambda one: one.amount, align="right"),
            ],
            state.tries,
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


def invoice_notes(state: Any) -> rx.Component:
    """List the credit notes that correct it."""
    return card(
        rx.el.ul(rx.foreach(state.notes, _note), class_name="plain-list"),
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
