"""Money that came in, with refunds and disputes, and money that went out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Words, money_tabs, ops_list
from app.pages.ops.parts import acts, invoice_fact, vendor_fact
from app.pages.ops.tables import payment_columns
from app.pages.registry import page
from components.badges import state_badge
from components.base import heading, row, when, when_at
from components.buttons import button, link_button
from components.code import identifier
from components.layout import callout, facts
from components.overlays import drawer
from components.tables import Column, data_table
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
    ("refund_failed", "A refund failed"),
]
PAYOUT_STATUSES = [
    ("", "Any status"),
    ("held", "Held"),
    ("pending", "Pending"),
    ("sent", "Sent"),
    ("paid", "Paid"),
    ("failed", "Failed"),
]
PAYOUT_COLUMNS = [
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
]


@page(
    "/ops/payments",
    title="Payments",
    audience="ops",
    on_load=[ShellState.load, PaymentsState.load],
)
def payments_page() -> rx.Component:
    """Find a payment, see what became of it, give it back."""
    return ops_list(
        PaymentsState,
        payment_columns(),
        Words(
            "Payments",
            "payment",
            "Search vendor, invoice or reference",
            ("No payments yet", "Charges and paid links appear here.", "credit-card"),
        ),
        current="payments",
        statuses=PAYMENT_STATUSES,
        tabs=money_tabs("in"),
        beside=_payment_drawer(),
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
            vendor_fact(one),
            invoice_fact(one),
            ("Method", one.method),
            ("Provider", one.provider),
            ("Its id there", identifier(one.provider_ref)),
            ("Begun", one.created_exact),
            ("Settled", one.settled),
        ),
        when(one.reference, facts(("Reference", one.reference))),
        when(one.excess, facts(("Held as credit", one.excess))),
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
    return ops_list(
        PayoutsState,
        PAYOUT_COLUMNS,
        Words(
            "Payouts",
            "payout",
            "Search vendor, month or reference",
            (
                "No payouts yet",
                "Revenue shares are paid out with each monthly run.",
                "hand-coins",
            ),
        ),
        current="payments",
        statuses=PAYOUT_STATUSES,
        tabs=money_tabs("out"),
        beside=_payout_drawer(),
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
            vendor_fact(one),
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
