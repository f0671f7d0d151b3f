"""All vendors, found by name, address or id."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import state_badge
from components.base import quiet, stack, when_at
from components.fields import filter_select, filters, search_box
from components.layout import card
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, Sorting, data_table, pager
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


@page(
    "/ops/tenants",
    title="Tenants",
    audience="ops",
    on_load=[ShellState.load, TenantsState.load],
)
def tenants_page() -> rx.Component:
    """Find a vendor."""
    state = TenantsState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                filters(
                    search_box(
                        "Search name, e-mail or id", on_search=state.search_for, value=state.q
                    ),
                    filter_select(
                        "Status", STATUSES, value=state.status, on_change=state.filter_status
                    ),
                ),
                card(_table(), flush=True),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(6),
        ),
        title="Tenants",
        current="tenants",
    )


def _table() -> rx.Component:
    state = TenantsState
    return data_table(
        [
            Column(
                "name",
                "Vendor",
                lambda row: rx.el.span(row.name, class_name="strong"),
                sortable=True,
                lead=True,
            ),
            Column("email", "E-mail", lambda row: quiet(row.email), wide_only=True),
            Column("status", "Status", lambda row: state_badge(row.status)),
            Column("rail", "Pays by", lambda row: row.rail, wide_only=True),
            Column("devices", "Devices", lambda row: row.devices, align="right"),
            Column(
                "first_device_at",
                "First device after",
                lambda row: row.first_device,
                sortable=True,
                align="right",
            ),
            Column(
                "created_at",
                "Signed up",
                lambda row: when_at(row.created, row.created_exact),
                sortable=True,
            ),
        ],
        state.rows,
        caption="Vendors",
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        row_href=lambda row: "/ops/tenants/" + row.id,
        empty=rx.cond(
            state.is_filtered,
            empty_state(
                "No vendor matches", "Change the search or the filter.", icon_name="search"
            ),
            empty_state(
                "No vendors yet",
                "Everybody who signs up appears here at once.",
                icon_name="building-2",
            ),
        ),
    )
