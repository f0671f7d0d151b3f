"""All customers, found by name, address or id."""

from __future__ import annotations

import reflex as rx

from app.pages.ops.lists import Select, Words, ops_list
from app.pages.registry import page
from components.badges import badge, state_badge
from components.base import quiet, when_at
from components.tables import Column
from state.ops.tenants import TenantsState
from state.shell import ShellState

STATUSES = [
    ("", "Any status"),
    ("pending", "In onboarding"),
    ("stuck", "Stuck in onboarding"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("closed", "Closed"),
]
PROGRAMMES = [("", "Vendors and agents"), ("vendor", "Vendors"), ("agent", "Agents")]
COLUMNS = [
    Column(
        "name",
        "Customer",
        lambda row: rx.el.span(row.name, class_name="strong"),
        sortable=True,
        lead=True,
    ),
    Column("programme", "Kind", lambda row: badge(row.programme, dot=False)),
    Column("email", "E-mail", lambda row: quiet(row.email), wide_only=True),
    Column("status", "Status", lambda row: state_badge(row.status)),
    Column("rail", "Pays by", lambda row: row.rail, wide_only=True),
    Column("uses", "Uses", lambda row: rx.el.span(row.uses, class_name="nowrap"), align="right"),
    Column(
        "first_device_at",
        "First device after",
        lambda row: rx.el.span(row.first_device, class_name="nowrap"),
        sortable=True,
        align="right",
        wide_only=True,
    ),
    Column(
        "created_at",
        "Signed up",
        lambda row: when_at(row.created, row.created_exact),
        sortable=True,
    ),
]


@page(
    "/ops/tenants",
    title="Tenants",
    audience="ops",
    on_load=[ShellState.load, TenantsState.load],
)
def tenants_page() -> rx.Component:
    """Find a customer."""
    return ops_list(
        TenantsState,
        COLUMNS,
        Words(
            "Tenants",
            "customer",
            "Search name, agent, e-mail or id",
            ("No customers yet", "Everybody who signs up appears here at once.", "building-2"),
        ),
        current="tenants",
        statuses=STATUSES,
        selects=[Select("Kind", PROGRAMMES, TenantsState.programme, TenantsState.filter_programme)],
        row_href=lambda row: "/ops/tenants/" + row.id,
    )
