"""What operations see first."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import state_badge
from components.base import icon, link, quiet, row, split, stack, when, when_at
from components.buttons import link_button
from components.fields import progress
from components.figures import key_figure, key_figures
from components.layout import callout, card, facts
from components.states import block_skeleton, empty_state, figures_skeleton, loaded
from components.tables import Column, data_table
from components.ticker import ticker
from state.ops.overview import OverviewState
from state.ops.overview_rows import WaitingRow
from state.shell import ShellState


@page("/ops", title="Overview", audience="ops", on_load=[ShellState.load, OverviewState.load])
def overview_page() -> rx.Component:
    """Show what needs somebody, the running figures and the newest monthly run."""
    state = OverviewState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                _books(),
                _figures(),
                split(stack(_waiting(), _recent(), gap=6), _run()),
                gap=6,
            ),
            stack(figures_skeleton(4, notes=2), block_skeleton(180), block_skeleton(), gap=6),
        ),
        ticker(state.tick),
        title="Overview",
        current="overview",
    )


def _books() -> rx.Component:
    state = OverviewState
    return rx.cond(
        state.books.length() > 0,  # pyright: ignore[reportAttributeAccessIssue]
        callout(
            rx.el.p(state.books_note),
            rx.el.ul(rx.foreach(state.books, rx.el.li), class_name="plain-list"),
            tone="bad",
            title="The ledger does not balance",
        ),
    )


def _figures() -> rx.Component:
    state = OverviewState
    return key_figures(
        key_figure(
            "Active vendors",
            state.tenants,
            note=state.tenants_note,
            href="/ops/tenants?programme=vendor&status=active",
            testid="active-tenants",
        ),
        key_figure(
            "Active devices, 30 days",
            state.devices,
            note=state.devices_note,
            href="/ops/tenants?programme=vendor",
            testid="active-devices",
        ),
        key_figure(
            "Active agents",
            state.agents,
            note=state.agents_note,
            href="/ops/usage",
            testid="active-agents",
        ),
        key_figure(
            "Running month",
            state.estimate,
            note=state.estimate_note,
            href="/ops/invoices",
            testid="estimate",
        ),
    )


def _waiting() -> rx.Component:
    state = OverviewState
    return card(
        rx.cond(
            state.waiting.length() > 0,  # pyright: ignore[reportAttributeAccessIssue]
            rx.el.ul(rx.foreach(state.waiting, _waiting_line), class_name="plain-list"),
            row(icon("circle-check", class_name="trend-good"), "Nothing waits for anybody."),
        ),
        rx.cond(
            state.books.length() == 0,  # pyright: ignore[reportAttributeAccessIssue]
            row(icon("circle-check", class_name="trend-good"), state.books_note),
        ),
        title="Needs attention",
    )


def _waiting_line(one: WaitingRow) -> rx.Component:
    return rx.el.li(
        row(
            rx.cond(
                one.is_urgent,
                icon("circle-alert", class_name="trend-bad"),
                icon("clock-alert", class_name="quiet"),
            ),
            link(one.text, href=one.href),
        ),
        key=one.key,
    )


def _run() -> rx.Component:
    run: Any = OverviewState.run
    return card(
        rx.cond(
            run.period != "",
            stack(
                row(rx.el.strong(run.period, class_name="num"), state_badge(run.status)),
                progress("Customers billed", run.done, run.total),
                facts(
                    ("Progress", run.counted),
                    ("Issued", run.invoices),
                    ("Claimed", rx.el.span(run.claimed, class_name="num")),
                ),
                when(run.failed, link(run.failed, href="/ops/jobs")),
                quiet(run.times),
                gap=3,
            ),
            quiet("The first run begins when a month has ended after the first activation."),
        ),
        title="Monthly run",
        action=link_button("Runs and jobs", href="/ops/jobs", small=True),
    )


def _recent() -> rx.Component:
    return card(
        data_table(
            [
                Column(
                    "name",
                    "Vendor",
                    lambda one: rx.el.span(one.name, class_name="strong"),
                    lead=True,
                ),
                Column(
                    "signed_up",
                    "Signed up",
                    lambda one: when_at(one.signed_up, one.signed_up_exact),
                ),
                Column("took", "First device after", lambda one: one.took, align="right"),
            ],
            OverviewState.recent,
            caption="Vendors whose first device came last",
            row_href=lambda one: "/ops/tenants/" + one.id,
            empty=empty_state(
                "No vendor has a device yet",
                "Here you see how long each took from its sign-up to its first device.",
                icon_name="timer",
            ),
        ),
        title="From sign-up to first device",
        foot=rx.el.span(
            OverviewState.median_note,
            ": ",
            rx.el.strong(OverviewState.median, class_name="num"),
            OverviewState.on_time,
            data_testid="time-to-first-device",
        ),
        flush=True,
    )
