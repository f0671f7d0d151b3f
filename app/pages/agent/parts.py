"""What several pages of agents show: the counter that moves, and why everything may have stopped."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.base import heading, quiet, row, stack, when
from components.buttons import link_button
from components.fields import progress
from components.layout import callout, card


def counter(now: Any) -> rx.Component:
    """Show how much of the month is used, with a bar where there is a limit."""
    return card(
        stack(
            row(
                stack(
                    heading("Calls used in " + now.month, size=14),
                    rx.el.span(now.used_text, class_name="figure-value", data_testid="used"),
                    gap=1,
                ),
                rx.cond(
                    now.is_paid,
                    rx.fragment(),
                    link_button("Upgrade", href="/agent/upgrade", kind="main"),
                ),
                between=True,
            ),
            rx.cond(now.limit > 0, progress("Free calls used", now.used, now.limit)),
            quiet(now.used_note),
            gap=3,
        )
    )


def suspended(now: Any) -> rx.Component:
    """Say that every call is refused, and what to do."""
    return rx.cond(
        now.is_suspended,
        callout(
            "Every call is refused while it lasts. Nothing is deleted, and invoices can be read and paid. "
            "Answer the mail that told you, to sort it out.",
            tone="bad",
            title="This account is suspended",
            action=link_button("See invoices", href="/agent/invoices"),
        ),
    )


def debts(rows: Any) -> rx.Component:
    """Say what is to be paid, each with the way to pay it."""
    return rx.foreach(rows, _debt)


def _debt(one: Any) -> rx.Component:
    acts = rx.el.div(
        link_button("See why", href=one.href),
        when(one.pay_href, link_button("Pay now", href=one.pay_href, external=True, kind="main")),
        class_name="row",
    )
    return rx.fragment(
        rx.cond(
            one.is_late,
            callout(one.text, tone="bad", title=one.title, action=acts),
            callout(one.text, tone="warn", title=one.title, action=acts),
        ),
        key=one.id,
    )
