"""What it costs, in the words of the contract."""

from __future__ import annotations

import reflex as rx

from app.core.locale import format_money
from app.pages.registry import page
from app.pages.shell import public_frame
from app.rules import rating
from app.rules.activity import ACTIVE_DAYS
from components.base import heading, stack
from components.buttons import link_button
from components.layout import card, facts
from state.shell import ShellState


@page(
    "/pricing",
    title="Pricing",
    audience="public",
    on_load=[ShellState.visit],
    description="What an active device costs a month, what counts as active, and what comes back "
    "as revenue share.",
)
def pricing_page() -> rx.Component:
    """Say the price, what counts, and what comes back."""
    dollars, yuan = (rating.default_price(currency) for currency in ("USD", "CNY"))
    return public_frame(
        stack(
            heading("You pay for devices that are used", level=1, size=20),
            rx.el.p(
                "No set-up fee, no minimum, no seats. A device that nobody used in a month costs "
                "nothing in that month.",
                class_name="quiet",
            ),
            card(
                facts(
                    (
                        "By card, in US dollars",
                        f"{format_money(dollars, 'en')} per active device and month",
                    ),
                    (
                        "By Alipay, in yuan",
                        f"{format_money(yuan, 'zh-CN')} per active device and month",
                    ),
                    (
                        "Active",
                        f"at least one authority event in the {ACTIVE_DAYS} days before the month ends",
                    ),
                    ("Invoiced", "on the 1st, for the month before; due in 14 days"),
                    ("Revenue share", "30 % of what users you brought pay for Pro, for life"),
                    ("Price changes", "announced 60 days ahead; existing pilots keep their price"),
                ),
                title="Vendors of AI hardware",
                action=link_button("Create an account", href="/signup", kind="main"),
            ),
            gap=6,
        )
    )
