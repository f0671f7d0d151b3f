"""Mails on their way out, and addresses that refuse them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import Words, mail_tabs, ops_list
from app.pages.ops.parts import acts
from app.pages.registry import page
from components.badges import badge, state_badge
from components.base import quiet, row, when, when_at
from components.buttons import button
from components.layout import callout, facts
from components.overlays import drawer
from components.tables import Column
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
COLUMNS = [
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
]
SUPPRESSED_COLUMNS = [
    Column(
        "id",
        "Address",
        lambda one: rx.el.span(one.id, class_name="strong"),
        lead=True,
    ),
    Column("reason", "Why", lambda one: one.reason),
    Column(
        "suppressed_at", "Since", lambda one: when_at(one.since, one.since_exact), sortable=True
    ),
    Column(
        "act",
        "Release",
        lambda one: acts(button("Release", on_click=SuppressedState.ask(one.id), small=True)),
        align="right",
    ),
]


@page("/ops/mail", title="Mail", audience="ops", on_load=[ShellState.load, MailState.load])
def mail_page() -> rx.Component:
    """Find a mail, read it as it left, send it again."""
    return ops_list(
        MailState,
        COLUMNS,
        Words(
            "Mail",
            "mail",
            "Search recipient, subject or kind",
            ("No mail yet", "Every mail we send is kept here.", "mail"),
        ),
        current="mail",
        statuses=STATUSES,
        tabs=mail_tabs("outbox"),
        beside=_drawer(),
        repeat="Send again",
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
        when(one.attached, row(badge(one.attached + " attached", dot=False))),
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
                button("Send again", on_click=state.ask("repeat"), icon_name="send"),
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
    return ops_list(
        SuppressedState,
        SUPPRESSED_COLUMNS,
        Words(
            "Suppressed addresses",
            "address",
            "Search address",
            (
                "No address is suppressed",
                "An address that bounces or complains gets no more mail until you release it.",
                "mail-x",
            ),
        ),
        current="mail",
        tabs=mail_tabs("suppressed"),
    )
