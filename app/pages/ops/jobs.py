"""Monthly runs and jobs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Words, ops_list
from app.pages.ops.parts import acts
from app.pages.registry import page
from components.badges import state_badge
from components.base import link, quiet, stack, when, when_at
from components.buttons import button
from components.code import code_block, identifier
from components.fields import progress
from components.layout import callout, card, facts
from components.overlays import drawer
from components.states import empty_state
from components.tables import Column, data_table
from components.ticker import ticker
from state.ops.jobs import JobsState
from state.shell import ShellState

STATUSES = [
    ("", "Any status"),
    ("queued", "Queued"),
    ("sending", "Running"),
    ("sent", "Done"),
    ("failed", "Failed"),
]


def _state(one: Any) -> rx.Component:
    """Say a job's state in a job's words: the outbox calls running "sending" and done "sent"."""
    return state_badge(
        rx.match(one.status, ("sending", "running"), ("sent", "done"), one.status)  # pyright: ignore
    )


COLUMNS = [
    Column("name", "Job", lambda one: rx.el.span(one.name, class_name="strong"), lead=True),
    Column("business_key", "Key", lambda one: identifier(one.business_key), wide_only=True),
    Column("status", "Status", _state),
    Column("attempts", "Failed tries", lambda one: one.attempts, align="right", sortable=True),
    Column(
        "created_at",
        "Begun",
        lambda one: when_at(one.created, one.created_exact),
        sortable=True,
    ),
]


@page("/ops/jobs", title="Jobs", audience="ops", on_load=[ShellState.load, JobsState.load])
def jobs_page() -> rx.Component:
    """Watch the monthly runs, find a job, try what failed again."""
    state = JobsState
    return ops_list(
        state,
        COLUMNS,
        Words(
            "Jobs",
            "job",
            "Search job or key",
            ("No jobs yet", "Work that outlives a request appears here.", "list-checks"),
        ),
        current="jobs",
        statuses=STATUSES,
        above=[
            rx.cond(state.failed.length() > 0, _failed()),  # pyright: ignore
            card(_runs(), title="Monthly runs", flush=True),
        ],
        beside=_drawer(),
        repeat="Try again",
        also=[ticker(state.tick)],
    )


def _failed() -> rx.Component:
    state = JobsState
    return card(
        data_table(
            [
                Column(
                    "name",
                    "Customer",
                    lambda one: link(one.name, href="/ops/tenants/" + one.tenant_id),
                    lead=True,
                ),
                Column("period", "Month", lambda one: rx.el.span(one.period, class_name="num")),
                Column("step", "Stopped after", lambda one: one.step),
                Column("error", "Why", lambda one: quiet(one.error)),
                Column("attempts", "Tries", lambda one: one.attempts, align="right"),
                Column("retry", "Tried again", lambda one: quiet(one.retry), wide_only=True),
                Column(
                    "act",
                    "Act",
                    lambda one: acts(
                        button("Try now", on_click=state.ask_month(one.id), small=True)
                    ),
                    align="right",
                ),
            ],
            state.failed,
            caption="Customers whose month failed",
        ),
        title="Months that failed",
        note="Each blocks only itself; the others go on.",
        flush=True,
    )


def _runs() -> rx.Component:
    return data_table(
        [
            Column(
                "period",
                "Month",
                lambda one: rx.el.span(one.period, class_name="strong num"),
                lead=True,
            ),
            Column("status", "Status", lambda one: state_badge(one.status)),
            Column(
                "done",
                "Progress",
                lambda one: stack(
                    quiet(one.counted), progress("Customers billed", one.done, one.total), gap=1
                ),
            ),
            Column("failed", "Failed", lambda one: rx.cond(one.failed != "", one.failed, "None")),
            Column("invoices", "Issued", lambda one: one.invoices, align="right"),
            Column("claimed", "Claimed", lambda one: one.claimed, align="right"),
        ],
        JobsState.runs,
        caption="Monthly runs",
        row_id=lambda one: one.period,
        empty=empty_state(
            "No run yet",
            "The first begins on the 1st after the first activation, or by hand:",
            icon_name="calendar-clock",
            command="turnpike billing run --period 2026-11",
        ),
    )


def _drawer() -> rx.Component:
    state = JobsState
    one: Any = state.detail
    return drawer(
        when(one.error, callout(one.error, tone="bad", title="What stopped it")),
        facts(
            ("Status", _state(one)),
            ("Key", identifier(one.business_key)),
            ("Begun", one.created_exact),
            ("Ended", one.sent),
            ("Failed tries", rx.el.span(one.attempts, class_name="num")),
            ("Next try", one.next_try),
        ),
        code_block(one.payload, label="Payload"),
        open=one.id != "",
        on_close=state.close_row,
        title=one.name,
        foot=acts(
            rx.cond(
                one.can_repeat,
                button("Try again", on_click=state.ask("repeat"), icon_name="rotate-cw"),
            )
        ),
    )
