"""The vendor's devices: the list, and one device beside it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from components.activity import activity_bars
from components.badges import badge, state_badge
from components.base import heading, quiet, row, stack, when, when_at
from components.buttons import MenuItem, button, copy_button, link_button
from components.code import code_block, identifier
from components.devices import device_columns
from components.fields import filter_select, filters, search_box
from components.layout import card, facts
from components.overlays import confirm_dialog, drawer
from components.states import empty_state, loaded, table_skeleton
from components.tables import Sorting, data_table, pager
from components.ticker import ticker
from state.shell import ShellState
from state.vendor.device import DAYS, DeviceState
from state.vendor.devices import DevicesState

STATUSES = [
    ("", "Any status"),
    ("active", "Active"),
    ("quiet", "Quiet"),
    ("released", "Released"),
]
WITHIN = [
    ("", "Active at any time"),
    ("1", "Active in 24 hours"),
    ("7", "Active in 7 days"),
    ("30", "Active in 30 days"),
    ("90", "Active in 90 days"),
]


@page(
    "/vendor/devices",
    title="Devices",
    audience="vendor",
    on_load=[ShellState.load, DevicesState.load, DeviceState.load],
)
def devices_page() -> rx.Component:
    """Find a device, see what it did, bind it anew or let it go."""
    state = DevicesState
    return vendor_frame(
        loaded(
            state.is_loaded,
            stack(
                filters(
                    search_box(
                        "Search device, user or actor", on_search=state.search_for, value=state.q
                    ),
                    filter_select(
                        "Status", STATUSES, value=state.status, on_change=state.filter_status
                    ),
                    filter_select(
                        "Activity", WITHIN, value=state.within, on_change=state.filter_within
                    ),
                    end=link_button(
                        "Export CSV",
                        href=state.csv_href,
                        external=True,
                        icon_name="download",
                    ),
                ),
                quiet(state.count_line),
                card(_table(), flush=True),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(6),
        ),
        _drawer(),
        confirm_dialog(
            open=DeviceState.act != "",
            title=DeviceState.title,
            text=DeviceState.text,
            verb=DeviceState.verb,
            on_confirm=DeviceState.confirm,
            on_cancel=DeviceState.cancel,
            error=DeviceState.error,
        ),
        ticker(state.tick),
        title="Devices",
        current="devices",
    )


def _table() -> rx.Component:
    state = DevicesState
    return data_table(
        device_columns(),
        state.rows,
        caption="Devices",
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        on_open=lambda row: DeviceState.open(row.id),
        open_id=state.open_id,
        row_menu=_menu,
        empty=rx.cond(
            state.is_filtered,
            empty_state(
                "No device matches", "Change the search or the filters.", icon_name="search"
            ),
            empty_state(
                "No devices yet",
                "Every device your servers register appears here by itself.",
                icon_name="cpu",
                action=link_button(
                    "Register the first one", href="/vendor/onboarding", kind="main"
                ),
            ),
        ),
    )


def _menu(row: Any) -> list[MenuItem]:
    return [
        MenuItem("Open", on_click=DeviceState.open(row.id), icon_name="panel-right-open"),
        MenuItem("Re-key", on_click=DeviceState.ask("rekey", row.id), icon_name="refresh-cw"),
        MenuItem(
            "Release",
            on_click=DeviceState.ask("release", row.id),
            icon_name="unlink",
            danger=True,
            shown=~row.is_released,
        ),
    ]


def _drawer() -> rx.Component:
    one = DeviceState.detail
    return drawer(
        facts(
            ("Status", state_badge(one.status)),
            ("User", identifier(one.user)),
            ("Actor", identifier(one.actor)),
            ("Generation", rx.el.span(one.generation, class_name="num")),
            ("Registered", one.registered),
            ("Last active", one.active),
            ("Memory namespaces", one.namespaces),
        ),
        when(one.released, quiet("Released ", one.released)),
        _block(
            "Activity",
            rx.el.p(DeviceState.activity_words, class_name="quiet small"),
            activity_bars(DeviceState.bars, days=DAYS, summary=DeviceState.activity_words),
        ),
        _block(
            "Receipt",
            rx.el.p(
                "Signed proof of this binding. Pipe it into this command to verify it, offline "
                "once the keys are fetched.",
                class_name="quiet small",
            ),
            rx.el.div(
                rx.el.code(one.receipt, class_name="receipt"),
                copy_button(one.receipt, label="Copy receipt"),
                class_name="secret",
            ),
            code_block(one.verify, label="Shell"),
        ),
        rx.cond(
            DeviceState.was_rekeyed,
            _block(
                "Generations",
                rx.el.ul(rx.foreach(DeviceState.bindings, _generation), class_name="plain-list"),
            ),
        ),
        open=one.id != "",
        on_close=DeviceState.close,
        title=one.device_id,
        foot=rx.fragment(
            button("Re-key", on_click=DeviceState.ask("rekey", one.id), icon_name="refresh-cw"),
            rx.cond(
                one.released == "",
                button(
                    "Release",
                    on_click=DeviceState.ask("release", one.id),
                    kind="danger",
                    icon_name="unlink",
                ),
            ),
        ),
    )


def _generation(one: Any) -> rx.Component:
    return rx.el.li(
        row(
            rx.el.span("Generation ", one.generation, class_name="num"),
            identifier(one.actor),
            rx.cond(one.state == "active", badge("In force", "good"), badge("Superseded")),
            quiet("since ", when_at(one.since, one.since_exact)),
        ),
        key=one.id,
    )


def _block(title: str, *content: rx.Component) -> rx.Component:
    return rx.el.section(heading(title, level=3, size=14), *content, class_name="stack stack-2")
