"""Tables that stand on several pages of operations."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.badges import badge, state_badge
from components.base import Content, row, when_at
from components.tables import Column, Sorting, data_table


def invoice_table(
    rows: Any, *, caption: str, empty: Content, sorting: Sorting | None = None, vendors: bool = True
) -> rx.Component:
    """Show invoices and credit notes; a press opens one's own page."""
    columns = [
        Column(
            "number",
            "Number",
            lambda one: row(
                rx.el.span(one.number, class_name="strong num"),
                rx.cond(one.is_note, badge("Credit note", dot=False)),
            ),
            sortable=True,
            lead=True,
        ),
        Column("vendor", "Vendor", lambda one: one.vendor),
        Column("period", "Month", lambda one: rx.el.span(one.period, class_name="num nowrap")),
        Column("status", "Status", lambda one: state_badge(one.status)),
        Column("total", "Total", lambda one: one.total, align="right", sortable=True),
        Column("outstanding", "Outstanding", lambda one: one.outstanding, align="right"),
        Column(
            "due_at",
            "Due",
            lambda one: rx.el.span(one.due, class_name="nowrap"),
            sortable=True,
            wide_only=True,
        ),
    ]
    return data_table(
        [one for one in columns if vendors or one.key != "vendor"],
        rows,
        caption=caption,
        sorting=sorting,
        row_href=lambda one: "/ops/invoices/" + one.id,
        empty=empty,
    )


def payment_table(
    rows: Any,
    *,
    caption: str,
    empty: Content,
    sorting: Sorting | None = None,
    vendors: bool = True,
    on_open: Any = None,
    open_id: Any = None,
) -> rx.Component:
    """Show payments; a press opens one beside the list, or leads to it there."""
    columns = [
        Column(
            "created_at",
            "Received",
            lambda one: when_at(one.created, one.created_exact),
            sortable=True,
            lead=True,
        ),
        Column("vendor", "Vendor", lambda one: one.vendor),
        Column("number", "Invoice", lambda one: rx.el.span(one.number, class_name="num nowrap")),
        Column("method", "Method", lambda one: one.method, wide_only=True),
        Column("status", "Status", lambda one: state_badge(one.status)),
        Column("amount", "Amount", lambda one: one.amount, align="right", sortable=True),
        Column(
            "kept",
            "Kept",
            lambda one: rx.cond(one.is_reduced, one.kept, "–"),
            align="right",
            wide_only=True,
        ),
    ]
    opening: dict[str, Any] = (
        {"on_open": on_open, "open_id": open_id}
        if on_open is not None
        else {"row_href": lambda one: "/ops/payments?open=" + one.id}
    )
    return data_table(
        [one for one in columns if vendors or one.key != "vendor"],
        rows,
        caption=caption,
        sorting=sorting,
        empty=empty,
        **opening,
    )
