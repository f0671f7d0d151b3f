"""Money that came in, with refunds and disputes, and money that went out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.parts import acts, question_dialog
from app.pages.ops.tables import payment_table
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import state_badge
from components.base import heading, link, row, stack, when, when_at
from components.buttons import button, link_button
from components.code import identifier
from components.fields import filter_select, filters, search_box
from components.layout import callout, card, facts
from components.overlays import drawer
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, Sorting, data_table, pager
from components.tabs import link_tabs
from state.ops.payments import PaymentsState
from state.ops.payouts import PayoutsState
from state.shell import ShellState

PAYMENT_STATUSES = [
    ("", "Any status"),
    ("succeeded", "Succeeded"),
    ("pending", "Pending"),
    ("failed", "Failed"),
    ("disputed", "Disputed"),
    ("refunded", "Refunded"),
]
PAYOUT_STATUSES = [
    ("", "Any status"),
    ("held", "Held"),
    ("pending", "Pending"),
    ("sent", "Sent"),
    ("paid", "Paid"),
    ("failed", "Failed"),
]


def money_tabs(current: str) -> rx.Component:
    """Lead between money that came, money that is disputed and money that went."""
    return link_tabs(
        "Money",
        [
            ("in", "Payments", "/ops/payments"),
            ("disputes", "Disputes", "/ops/payments/disputes"),
            ("out", "Payouts", "/ops/payouts"),
        ],
        current=current,
    )


@page(
    "/ops/payments",
    title="Payments",
    audience="ops",
    on_load=[ShellState.load, PaymentsState.load],
)
def payments_page() -> rx.Component:
    """Find a payment, see what became of it, give it back."""
    state = PaymentsState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                money_tabs("in"),
                filters(
                    search_box(
                        "Search vendor, invoice or reference",
                        on_search=state.search_for,
                        value=state.q,
                    ),
                    filter_select(
                        "Status",
                        PAYMENT_STATUSES,
                        value=state.status,
                        on_change=state.filter_status,
                    ),
                ),
                card(
                    payment_table(
                        state.rows,
                        caption="Payments",
                        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
                        on_open=lambda one: state.open_row(one.id),
                        open_id=state.open_id,
                        empty=_empty(state, "payment", "Charges and paid links appear here."),
                    ),
                    flush=True,
                ),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(7),
        ),
        _payment_drawer(),
        question_dialog(
            state.question, state.refusal, on_confirm=state.confirm, on_cancel=state.cancel
        ),
        title="Payments",
        current="payments",
    )


def _payment_drawer() -> rx.Component:
    state = PaymentsState
    one: Any = state.detail
    return drawer(
        rx.cond(
            one.status == "disputed",
            callout(
                "The bank took this money back until the dispute is decided. The invoice stays as "
                "it is.",
                tone="warn",
                title="Disputed",
            ),
        ),
        when(one.failure, callout(one.failure, tone="bad", title="Refused")),
        facts(
            ("Status", state_badge(one.status)),
            ("Amount", rx.el.strong(one.amount, class_name="num")),
            ("Kept", rx.el.span(one.kept, class_name="num")),
            ("Vendor", link(one.vendor, href="/ops/tenants/" + one.tenant_id)),
            (
                "Invoice",
                rx.cond(
                    one.invoice_id != "",
                    link(one.number, href="/ops/invoices/" + one.invoice_id),
                    "None",
                ),
            ),
            ("Method", one.method),
            ("Provider", one.provider),
            ("Its id there", identifier(one.provider_ref)),
            ("Begun", one.created_exact),
            ("Settled", one.settled),
        ),
        when(one.reference, facts(("Reference", one.reference))),
        when(one.excess, facts(("Kept as credit", one.excess))),
        rx.el.section(
            heading("Refunds", level=3, size=14),
            data_table(
                [
                    Column(
                        "created",
                        "Asked for",
                        lambda each: when_at(each.created, each.created_exact),
                        lead=True,
                    ),
                    Column("status", "Status", lambda each: state_badge(each.status)),
                    Column("reason", "Reason", lambda each: each.reason),
                    Column("amount", "Amount", lambda each: each.amount, align="right"),
                ],
                state.refunds,
                caption="Refunds of this payment",
                empty=rx.el.p("Nothing was given back.", class_name="quiet"),
            ),
            class_name="stack stack-2",
        ),
        open=one.id != "",
        on_close=state.close_row,
        title=one.amount,
        foot=acts(
            rx.cond(
                one.can_refund,
                button("Refund", on_click=state.ask("refund"), kind="danger", icon_name="undo-2"),
            )
        ),
    )


@page(
    "/ops/payouts",
    title="Payouts",
    audience="ops",
    on_load=[ShellState.load, PayoutsState.load],
)
def payouts_page() -> rx.Component:
    """Find a payout, settle it by hand, send it again."""
    state = PayoutsState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                money_tabs("out"),
                filters(
                    search_box(
                        "Search vendor, month or reference",
                        on_search=state.search_for,
                        value=state.q,
                    ),
                    filter_select(
                        "Status", PAYOUT_STATUSES, value=state.status, on_change=state.filter_status
                    ),
                ),
                card(_payout_table(), flush=True),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(6),
        ),
        _payout_drawer(),
        question_dialog(
            state.question, state.refusal, on_confirm=state.confirm, on_cancel=state.cancel
        ),
        title="Payouts",
        current="payments",
    )


def _payout_table() -> rx.Component:
    state = PayoutsState
    return data_table(
        [
            Column(
                "period",
                "Month",
                lambda one: rx.el.span(one.period, class_name="strong num"),
                sortable=True,
                lead=True,
            ),
            Column("vendor", "Vendor", lambda one: one.vendor),
            Column("status", "Status", lambda one: state_badge(one.status)),
            Column("provider", "By", lambda one: one.provider, wide_only=True),
            Column("number", "Statement", lambda one: one.number, wide_only=True),
            Column("amount", "Amount", lambda one: one.amount, align="right", sortable=True),
            Column(
                "created_at",
                "Prepared",
                lambda one: when_at(one.created, one.created_exact),
                sortable=True,
                wide_only=True,
            ),
        ],
        state.rows,
        caption="Payouts",
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        on_open=lambda one: state.open_row(one.id),
        open_id=state.open_id,
        empty=_empty(state, "payout", "Revenue shares are paid out with each monthly run."),
    )


def _payout_drawer() -> rx.Component:
    state = PayoutsState
    one: Any = state.detail
    return drawer(
        when(one.next_step, callout(one.next_step, tone="warn", title="What to do")),
        when(one.failure, facts(("What stopped it", one.failure))),
        facts(
            ("Status", state_badge(one.status)),
            ("Amount", rx.el.strong(one.amount, class_name="num")),
            ("Month", one.period),
            ("Vendor", link(one.vendor, href="/ops/tenants/" + one.tenant_id)),
            ("Paid by users", rx.el.span(one.gross, class_name="num")),
            ("Statement", one.number),
            ("By", one.provider),
            ("Sent again", rx.el.span(one.attempts, " times", class_name="num")),
            ("Prepared", one.created_exact),
            ("Paid", one.paid),
        ),
        when(one.is_part_owed, facts(("Still owed", rx.el.span(one.owed, class_name="num")))),
        when(one.carried, facts(("Carried from before", one.carried))),
        when(one.provider_ref, facts(("Its id there", identifier(one.provider_ref)))),
        when(one.reference, facts(("Reference", one.reference))),
        open=one.id != "",
        on_close=state.close_row,
        title=one.amount,
        foot=row(
            rx.cond(
                one.has_statement,
                link_button(
                    "Statement",
                    href="/api/payouts/" + one.id + "/pdf",
                    external=True,
                    icon_name="file-down",
                ),
            ),
            acts(
                rx.cond(
                    one.can_settle,
                    button("Mark paid", on_click=state.ask("settle"), icon_name="landmark"),
                ),
                rx.cond(
                    one.can_retry,
                    button("Send again", on_click=state.ask("retry"), icon_name="rotate-cw"),
                ),
            ),
        ),
    )


def _empty(state: Any, noun: str, text: str) -> rx.Component:
    return rx.cond(  # pyright: ignore[reportReturnType]
        state.is_filtered,
        empty_state(f"No {noun} matches", "Change the search or the filter.", icon_name="search"),
        empty_state(f"No {noun}s yet", text, icon_name="credit-card"),
    )
