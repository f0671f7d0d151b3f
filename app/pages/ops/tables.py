"""Columns that stand on several pages of operations."""

from __future__ import annotations

import reflex as rx

from components.badges import badge, state_badge
from components.base import row, when_at
from components.tables import Column


def invoice_columns(*, vendors: bool = True) -> list[Column]:
    """Return what is shown of invoices and credit notes, of everybody or of one vendor."""
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
    return [one for one in columns if vendors or one.key != "vendor"]


def payment_columns(*without: str) -> list[Column]:
    """Return what is shown of payments; a narrow place says which columns it does ``without``."""
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
    return [one for one in columns if one.key not in without]
