"""The vendor's audit feed, under its own brand, moving by itself."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.badges import live_dot
from components.base import row, stack
from components.branding import brand_logo
from components.fields import filter_select, filters
from components.layout import card
from components.states import empty_state, lines_skeleton, loaded
from components.tables import pager
from components.ticker import ticker
from components.timeline import timeline
from state.shell import ShellState
from state.vendor.audit import KINDS, RESULTS, AuditState


@page("/vendor/audit", title="Audit", audience="vendor", on_load=[ShellState.load, AuditState.load])
def audit_page() -> rx.Component:
    """Read what happened, to what, and who did it from where."""
    state = AuditState
    return vendor_frame(
        loaded(
            state.is_loaded,
            stack(
                filters(
                    filter_select(
                        "Kind", list(KINDS), value=state.kind, on_change=state.filter_kind
                    ),
                    filter_select(
                        "Result", list(RESULTS), value=state.result, on_change=state.filter_result
                    ),
                    end=live_dot(True),
                ),
                rx.el.section(
                    rx.cond(
                        state.name != "",
                        rx.el.div(
                            row(
                                brand_logo(state.name, state.logo_url),
                                rx.el.h2(state.name, class_name="h-14"),
                            ),
                            class_name="card-head",
                        ),
                    ),
                    rx.cond(
                        rx.Var.create(state.rows).length() > 0,  # pyright: ignore[reportAttributeAccessIssue]
                        rx.el.div(
                            timeline(state.rows, label="What happened"), class_name="card-body"
                        ),
                        _nothing(),
                    ),
                    class_name="card",
                ),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            card(lines_skeleton(12)),
        ),
        ticker(state.tick),
        title="Audit",
        current="audit",
    )


def _nothing() -> rx.Component:
    state = AuditState
    return rx.cond(
        (state.kind == "") & (state.result == ""),
        empty_state(
            "Nothing happened yet",
            "Registrations, payments, sign-ins and every change of settings appear here.",
            icon_name="scroll-text",
        ),
        empty_state("Nothing of this kind", "Change the filters.", icon_name="search"),
    )
