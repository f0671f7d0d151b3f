"""Who called how much in a month, by agent and by organisation."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Select, Words, ops_list
from app.pages.registry import page
from components.badges import badge
from components.base import quiet, row
from components.tables import Column
from components.tabs import link_tabs
from state.ops.usage import OrganisationsState, UsageState
from state.shell import ShellState

STATUSES = [
    ("", "All that called"),
    ("near", "Near a limit or budget"),
    ("refused", "Refused for money"),
    ("failing", "With errors"),
]
AGENTS = [
    Column(
        "name",
        "Agent",
        lambda one: rx.el.span(one.name, class_name="strong"),
        sortable=True,
        lead=True,
    ),
    Column("agent_id", "Calls itself", lambda one: quiet(one.agent_id), wide_only=True),
    Column("tier", "Tier", lambda one: one.tier),
    Column("calls", "Calls", lambda one: one.calls, align="right", sortable=True),
    Column(
        "used",
        "Of its limit",
        lambda one: row(one.used, rx.cond(one.is_near, badge("Near", "warn"))),
    ),
    Column("refused", "Refused", lambda one: one.refused, align="right", sortable=True),
    Column("failed", "Errors", lambda one: one.failed, align="right", sortable=True),
    Column("rate", "Error rate", lambda one: one.rate, align="right", wide_only=True),
    Column("charged", "Cost", lambda one: one.cost, align="right", sortable=True),
]
ORGANISATIONS = [
    Column(
        "name",
        "Organisation",
        lambda one: rx.el.span(one.name, class_name="strong"),
        sortable=True,
        lead=True,
    ),
    Column("tenants", "Agents", lambda one: one.tenants, align="right", sortable=True),
    Column("calls", "Calls", lambda one: one.calls, align="right", sortable=True),
    Column("succeeded", "Succeeded", lambda one: one.succeeded, align="right"),
    Column("charged", "Cost", lambda one: one.cost, align="right", sortable=True),
]


@page("/ops/usage", title="Usage", audience="ops", on_load=[ShellState.load, UsageState.load])
def usage_page() -> rx.Component:
    """Show which agents called most, are near a limit, were refused, or fail."""
    return ops_list(
        UsageState,
        AGENTS,
        Words(
            "Usage",
            "agent",
            "Search name, agent, e-mail or organisation",
            ("No call in this month", "Every agent that calls appears here at once.", "activity"),
        ),
        current="usage",
        statuses=STATUSES,
        selects=[_months(UsageState)],
        tabs=_tabs("agents"),
        row_href=lambda one: "/ops/tenants/" + one.id,
    )


@page(
    "/ops/usage/organisations",
    title="Usage by organisation",
    audience="ops",
    on_load=[ShellState.load, OrganisationsState.load],
)
def organisations_page() -> rx.Component:
    """Show what all agents of an organisation called and what that costs."""
    return ops_list(
        OrganisationsState,
        ORGANISATIONS,
        Words(
            "Usage by organisation",
            "organisation",
            "Search organisation",
            ("No call in this month", "Agents name their organisation themselves.", "building-2"),
        ),
        current="usage",
        selects=[_months(OrganisationsState)],
        tabs=_tabs("organisations"),
        row_href=lambda one: one.href,
    )


def _months(state: Any) -> Select:
    return Select("Month", state.months, state.month, state.filter_month)


def _tabs(current: str) -> rx.Component:
    return link_tabs(
        "Usage",
        [
            ("agents", "Agents", "/ops/usage"),
            ("organisations", "Organisations", "/ops/usage/organisations"),
        ],
        current=current,
    )
