"""What the vendor earned: Pro payments of its users, its share, and how that is paid out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.badges import state_badge
from components.base import link, stack, when, when_at
from components.buttons import button
from components.charts import chart_card, currency_switch
from components.code import identifier
from components.fields import filter_select, filters, search_box
from components.figures import key_figure, key_figures
from components.layout import callout, card, section
from components.states import (
    block_skeleton,
    empty_state,
    figures_skeleton,
    loaded,
    table_skeleton,
)
from components.tables import Column, Sorting, data_table, pager
from components.ticker import ticker
from state.shell import ShellState
from state.vendor.payouts import PayoutsState
from state.vendor.revenue import RevenueState

KINDS = [("", "All payments"), ("refunded", "Refunded")]


@page(
    "/vendor/revenue",
    title="Revenue",
    audience="vendor",
    on_load=[ShellState.load, RevenueState.load, PayoutsState.load],
)
def revenue_page() -> rx.Component:
    """Show the share, where it comes from and where it goes."""
    return vendor_frame(
        loaded(
            RevenueState.is_loaded & PayoutsState.is_loaded,
            stack(_figures(), _account(), _chart(), _payouts(), _payments(), gap=6),
            stack(figures_skeleton(3), block_skeleton(), table_skeleton(6), gap=6),
        ),
        ticker(RevenueState.tick),
        ticker(PayoutsState.tick),
        title="Revenue",
        current="revenue",
    )


def _figures() -> rx.Component:
    state = RevenueState
    return key_figures(
        key_figure(
            "Your share this month", state.share, note=state.share_note, testid="share-month"
        ),
        key_figure(
            "Your share in all", state.lifetime, note=state.lifetime_note, testid="share-lifetime"
        ),
        key_figure(
            "Paid out",
            state.paid_out,
            note="Once a month, with a statement",
            testid="paid-out",
        ),
    )


def _account() -> rx.Component:
    one = PayoutsState.account
    text = rx.el.div(
        rx.el.p(one.text),
        when(one.missing, rx.el.p("Still needed: ", rx.el.span(one.missing))),
    )
    act = when(
        one.verb,
        button(one.verb, on_click=PayoutsState.set_up, kind="main", icon_name="external-link"),
    )
    return rx.el.div(
        rx.cond(
            one.tone == "good",
            callout(text, tone="good", title=one.title),
            callout(text, tone="warn", title=one.title, action=act),
        ),
        data_testid="payout-account",
    )


def _chart() -> rx.Component:
    state = RevenueState
    return chart_card(
        "Pro revenue",
        state.figure,
        state.chart,
        ["Day", "Paid by users", "Your share"],
        summary="What users paid for Pro, by day or by month, and your share of it.",
        note=rx.cond(state.range == "12m", "By month", "By day"),
        tools=currency_switch(state.currencies, state.currency, state.set_currency_to),
        range_value=state.range,
        on_range=state.set_range_to,
    )


def _payouts() -> rx.Component:
    return section(
        "Payouts",
        card(
            data_table(
                [
                    Column("period", "Period", lambda row: row.period, lead=True),
                    Column("number", "Statement", _statement),
                    Column("status", "Status", lambda row: state_badge(row.status)),
                    Column("note", "Note", lambda row: row.note),
                    Column("amount", "Amount", lambda row: row.amount, align="right"),
                ],
                PayoutsState.rows,
                caption="Payouts",
                empty=empty_state(
                    "No payout yet",
                    "On the 1st of each month the share of the month before is paid out.",
                    icon_name="banknote",
                ),
            ),
            flush=True,
        ),
        pager(PayoutsState.page, on_page=PayoutsState.turn_to),
    )


def _statement(row: Any) -> rx.Component:
    return rx.cond(
        row.pdf != "",
        link(row.number, href=row.pdf, external=True, class_name="link nowrap"),
        rx.el.span(row.number, class_name="nowrap"),
    )


def _payments() -> rx.Component:
    state = RevenueState
    return section(
        "Pro payments",
        filters(
            search_box("Search subscription or user", on_search=state.search_for, value=state.q),
            filter_select("Payments", KINDS, value=state.kind, on_change=state.filter_kind),
        ),
        card(_table(), flush=True),
        pager(state.page, on_page=state.turn_to),
        note="Of users whose first device is yours; the share is for life.",
    )


def _table() -> rx.Component:
    state = RevenueState
    return data_table(
        [
            Column(
                "occurred_at",
                "When",
                lambda row: when_at(row.at, row.at_exact),
                sortable=True,
                lead=True,
            ),
            Column("subscription", "Subscription", lambda row: identifier(row.subscription)),
            Column("user", "User", lambda row: identifier(row.user)),
            Column("device", "First device", _device, wide_only=True),
            Column("gross", "Paid", lambda row: row.gross, align="right", sortable=True),
            Column("refunded", "Refunded", lambda row: row.refunded, align="right"),
            Column("share", "Your share", lambda row: row.share, align="right"),
        ],
        state.rows,
        caption="Pro payments",
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        empty=rx.cond(
            state.is_filtered,
            empty_state(
                "No payment matches", "Change the search or the filters.", icon_name="search"
            ),
            empty_state(
                "No Pro payments yet",
                "When a user of one of your devices pays for Pro, it shows here by itself.",
                icon_name="trending-up",
            ),
        ),
    )


def _device(row: Any) -> rx.Component:
    return rx.cond(row.device != "", link(row.device, href=row.device_href))
