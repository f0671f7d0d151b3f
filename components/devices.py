"""How devices stand in a table, for their vendor and for operations."""

from __future__ import annotations

import reflex as rx

from components.badges import state_badge
from components.base import when_at
from components.code import identifier
from components.tables import Column


def device_columns(*, actor: bool = True) -> list[Column]:
    """Return what is shown of devices; in a narrow place without their actors."""
    columns = [
        Column(
            "device_id",
            "Device",
            lambda row: rx.el.span(row.device_id, class_name="strong nowrap"),
            sortable=True,
            lead=True,
        ),
        Column("user", "User", lambda row: identifier(row.user)),
        Column("actor", "Actor", lambda row: identifier(row.actor), wide_only=True),
        Column("status", "Status", lambda row: state_badge(row.status)),
        Column(
            "last_active_at",
            "Last active",
            lambda row: when_at(row.active, row.active_exact),
            sortable=True,
        ),
        Column(
            "registered_at",
            "Registered",
            lambda row: when_at(row.registered, row.registered_exact),
            sortable=True,
        ),
    ]
    return [one for one in columns if actor or one.key != "actor"]
