"""Mails on their way out, and addresses that refuse them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.parts import acts, question_dialog
from app.pages.registry import page
from app.pages.shell import ops_frame
from components.badges import badge, state_badge
from components.base import quiet, stack, when, when_at
from components.buttons import button
from components.fields import filter_select, filters, search_box
from components.layout import callout, card, facts
from components.overlays import drawer
from components.states import empty_state, loaded, table_skeleton
from components.tables import Column, Sorting, data_table, pager
from components.tabs import link_tabs
from state.ops.mail import MailState
from state.ops.suppressed import SuppressedState
from state.shell import ShellState

STATUSES = [
    ("", "Any status"),
    ("queued", "Queued"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("suppressed", "Suppressed"),
]


def _tabs(current: str) -> rx.Component:
    return link_tabs(
        "Mail",
        [
            ("outbox", "Outbox", "/ops/mail"),
            ("suppressed", "Suppressed addresses", "/ops/mail/suppressed"),
        ],
        current=current,
    )


@page("/ops/mail", title="Mail", audience="ops", on_load=[ShellState.load, MailState.load])
def mail_page() -> rx.Component:
    """Find a mail, read it as it left, send it again."""
    state = MailState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                _tabs("outbox"),
                filters(
                    search_box(
                        "Search recipient, subject or kind",
                        on_search=state.search_for,
                        value=state.q,
                    ),
                    filter_select(
                        "Status", STATUSES, value=state.status, on_change=state.filter_status
                    ),
                ),
                card(_table(), flush=True),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(5),
        ),
        _drawer(),
        question_dialog(
            state.question, state.refusal, on_confirm=state.confirm, on_cancel=state.cancel
        ),
        title="Mail",
        current="mail",
    )


def _table() -> rx.Component:
    state = MailState
    return data_table(
        [
            Column(
                "subject",
                "Subject",
                lambda one: rx.el.span(one.subject, class_name="strong"),
                lead=True,
            ),
            Column("recipient", "To", lambda one: one.recipient),
            Column("name", "Kind", lambda one: quiet(one.name), wide_only=True),
            Column("status", "Status", lambda one: state_badge(one.status)),
            Column("attempts", "Tries", lambda one: one.attempts, align="right", sortable=True),
            Column(
                "created_at",
                "Written",
                lambda one: when_at(one.created, one.created_exact),
                sortable=True,
            ),
        ],
        state.rows,
        caption="Mails",
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        on_open=lambda one: state.open_row(one.id),
        open_id=state.open_id,
        empty=rx.cond(
            state.is_filtered,
            empty_state("No mail matches", "Change the search or the filter.", icon_name="search"),
            empty_state("No mail yet", "Every mail we send is kept here.", icon_name="mail"),
        ),
    )


def _drawer() -> rx.Component:
    state = MailState
    one: Any = state.detail
    return drawer(
        when(one.error, callout(one.error, tone="bad", title="What stopped it")),
        facts(
            ("Status", state_badge(one.status)),
            ("To", one.recipient),
            ("Kind", one.name),
            ("Written", one.created_exact),
            ("Sent", one.sent),
            ("Next try", one.next_try),
        ),
        when(one.attached, badge(one.attached + " attached", dot=False)),
        rx.cond(
            one.html != "",
            # No scripts, no forms, no links out of it: the mail is only looked at.
            rx.el.iframe(
                src_doc=one.html,
                title="The mail as it left",
                class_name="mail-preview",
                custom_attrs={"sandbox": "", "loading": "lazy"},
            ),
            quiet("It is written when it is sent."),
        ),
        open=one.id != "",
        on_close=state.close_row,
        title=one.subject,
        foot=acts(
            rx.cond(
                one.can_repeat,
                button("Send again", on_click=state.ask("resend"), icon_name="send"),
            )
        ),
    )


@page(
    "/ops/mail/suppressed",
    title="Suppressed addresses",
    audience="ops",
    on_load=[ShellState.load, SuppressedState.load],
)
def suppressed_page() -> rx.Component:
    """See which addresses refused mail, and let one in again."""
    state = SuppressedState
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                _tabs("suppressed"),
                filters(search_box("Search address", on_search=state.search_for, value=state.q)),
                card(
                    data_table(
                        [
                            Column(
                                "id",
                                "Address",
                                lambda one: rx.el.span(one.id, class_name="strong"),
                                lead=True,
                            ),
                            Column("reason", "Why", lambda one: one.reason),
                            Column(
                                "since", "Since", lambda one: when_at(one.since, one.since_exact)
                            ),
                            Column(
                                "act",
                                "Release",
                                lambda one: acts(
                                    button("Release", on_click=state.ask(one.id), small=True)
                                ),
                                align="right",
                            ),
                        ],
                        state.rows,
                        caption="Suppressed addresses",
                        empty=empty_state(
                            "No address is suppressed",
                            "An address that bounces or complains gets no more mail until you "
                            "release it.",
                            icon_name="mail-x",
                        ),
                    ),
                    flush=True,
                ),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(4),
        ),
        question_dialog(
            state.question, state.refusal, on_confirm=state.confirm, on_cancel=state.cancel
        ),
        title="Suppressed addresses",
        current="mail",
    )
