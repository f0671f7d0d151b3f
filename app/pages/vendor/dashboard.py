"""What a vendor sees first: live devices, what they cost, what they earned."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.base import stack
from components.buttons import link_button
from components.charts import chart_card, currency_switch
from components.explain import why_amount
from components.figures import key_figure, key_figures, trend
from components.layout import callout, card
from components.states import block_skeleton, figures_skeleton, loaded
from components.ticker import ticker
from state.shell import ShellState
from state.vendor.dashboard import DashboardState


@page(
    "/vendor", title="Dashboard", audience="vendor", on_load=[ShellState.load, DashboardState.load]
)
def dashboard_page() -> rx.Component:
    """Show the key figures, the running month's arithmetic and three charts."""
    state = DashboardState
    return vendor_frame(
        loaded(
            state.is_loaded,
            stack(
                rx.cond(state.needs_onboarding, _begin()),
                _figures(),
                rx.cond(
                    state.is_live,
                    stack(card(why_amount(state.why, title="The running month")), _charts(), gap=6),
                ),
                gap=6,
            ),
            stack(figures_skeleton(4, notes=2), block_skeleton(180), block_skeleton(), gap=6),
        ),
        ticker(state.tick),
        title="Dashboard",
        current="dashboard",
    )


def _begin() -> rx.Component:
    state = DashboardState
    return callout(
        rx.cond(
            state.is_live,
            "Register the first device, and what it costs and earns appears here.",
            "Five short steps lead to your first registered device.",
        ),
        title=rx.cond(state.is_live, "No device is registered yet", "Your account is not live yet"),
        action=link_button("Continue set-up", href="/vendor/onboarding", kind="main"),
    )


def _figures() -> rx.Component:
    state = DashboardState
    return key_figures(
        key_figure(
            "Active devices, 30 days",
            state.active,
            change=trend(state.active_change, state.active_way, against="the 30 days before"),
            note=state.registered + " registered, " + state.registered_note,
            href="/vendor/devices?status=active",
            testid="active-devices",
        ),
        key_figure(
            "Monthly active users",
            state.users,
            change=trend(state.users_change, state.users_way, against="the 30 days before"),
            href="/vendor/devices?within=30",
            testid="active-users",
        ),
        key_figure(
            "Revenue share this month",
            state.share,
            note=state.share_note,
            href="/vendor/revenue",
            testid="revenue-share",
        ),
        key_figure(
            "Estimated invoice",
            state.estimate,
            note=state.estimate_note,
            href="/vendor/invoices",
            testid="estimate",
        ),
    )


def _charts() -> rx.Component:
    state = DashboardState
    return stack(
        chart_card(
            "Active devices a day",
            state.active_figure,
            state.active_rows,
            ["Day", "Active devices"],
            summary="How many devices were active on each day of the range.",
            range_value=state.range,
            on_range=state.set_range_to,
        ),
        chart_card(
            "Registrations",
            state.registered_figure,
            state.registered_rows,
            ["Day", "Registrations"],
            summary="How many devices registered on each day of the range.",
        ),
        chart_card(
            "Pro revenue",
            state.revenue_figure,
            state.revenue_rows,
            ["Day", "Paid by users", "Your share"],
            summary="What users paid for Pro, by day or by month, and your share of it.",
            note=rx.cond(state.range == "12m", "By month", "By day"),
            tools=currency_switch(state.currencies, state.currency, state.set_currency_to),
        ),
        gap=6,
    )
