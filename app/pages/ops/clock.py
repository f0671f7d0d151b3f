"""The sandbox's clock."""

from __future__ import annotations

import reflex as rx

from app.pages.ops.parts import MAY_ACT
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.base import quiet, row, split, stack
from components.buttons import button
from components.fields import progress
from components.layout import callout, card
from components.native_form import field, state_form, submit_button
from components.overlays import confirm_dialog
from components.states import block_skeleton, empty_state, loaded
from state.ops.clock import ClockState
from state.shell import ShellState


@page("/ops/clock", title="Clock", audience="ops", on_load=[ShellState.load, ClockState.load])
def clock_page() -> rx.Component:
    """Move the product's time forward and watch what falls due."""
    state = ClockState
    return ops_frame(
        loaded(
            state.is_loaded,
            rx.cond(
                state.is_sandbox,
                split(stack(_now(), rx.cond(MAY_ACT, _move()), gap=6), _why()),
                card(
                    empty_state(
                        "The clock cannot be moved here",
                        "This installation works with real time; only the sandbox moves it.",
                        icon_name="clock",
                    ),
                    flush=True,
                ),
            ),
            block_skeleton(220),
        ),
        confirm_dialog(
            open=state.goal != "",
            title="Move the clock?",
            text=rx.Var.create("It will be ")  # pyright: ignore[reportOperatorIssue, reportArgumentType]
            + state.goal_text
            + ". Everything that falls due until then happens. It cannot be moved back.",
            verb="Move clock",
            on_confirm=state.confirm,
            on_cancel=state.cancel,
            danger=False,
        ),
        title="Clock",
        current="clock",
    )


def _now() -> rx.Component:
    state = ClockState
    return card(
        stack(
            rx.el.span("The product believes it is", class_name="quiet"),
            rx.el.time(state.now, class_name="figure-value", data_testid="product-time"),
            gap=1,
        ),
        rx.cond(
            state.is_moving,
            stack(
                quiet(state.done_text),
                progress("Days passed", state.done_days, state.days),
                gap=2,
            ),
        ),
        rx.cond(state.error != "", callout(state.error, tone="bad", live=True)),
    )


def _move() -> rx.Component:
    state = ClockState
    return card(
        stack(
            row(
                button(
                    "By a day",
                    on_click=state.ask("day"),
                    icon_name="sun",
                    busy=state.is_moving,
                ),
                button(
                    "To the next month",
                    on_click=state.ask("month"),
                    kind="main",
                    icon_name="calendar-arrow-up",
                    busy=state.is_moving,
                ),
            ),
            quiet("The next month begins on ", state.next_month, "."),
            state_form(
                field("day", "To a day", type="date", min=state.earliest_day),
                submit_button("Move there", kind="plain", busy=state.is_moving),
                on_submit=state.ask_for_day,
            ),
            gap=4,
        ),
        title="Move it",
    )


def _why() -> rx.Component:
    return card(
        rx.el.p(
            "Months are billed, invoices fall due and reminders go out by this clock. Moving it "
            "stops at every midnight on the way, so that each day's work carries that day's date.",
        ),
        rx.el.p("The mailbox and the simulated providers see the same time.", class_name="quiet"),
        title="What happens",
    )
