"""One customer whole: a vendor or an agent."""

from __future__ import annotations

from typing import Any

import reflex as rx

from app.pages.ops.lists import empty_list, list_tools, ops_single
from app.pages.ops.parts import MAY_ACT, acts
from app.pages.ops.tables import invoice_columns, payment_columns
from app.pages.ops.tenant_agent import (
    agent_actions,
    agent_calls,
    agent_facts,
    agent_keys,
    agent_month,
    agent_stopped,
)
from app.pages.registry import page
from components.badges import badge, state_badge
from components.base import icon, quiet, row, split, stack, when, when_at
from components.branding import brand_logo
from components.buttons import button, link_button
from components.code import identifier
from components.devices import device_columns
from components.layout import callout, card, facts
from components.native_form import state_form, submit_button, textarea_field
from components.states import empty_state
from components.tables import Column, Sorting, data_table, pager
from components.timeline import timeline
from state.ops.tenant import TenantState
from state.ops.tenant_calls import TenantCallsState
from state.ops.tenant_devices import TenantDevicesState
from state.ops.tenant_steps import StepRow
from state.shell import ShellState

DEVICE_STATUSES = [
    ("", "Any status"),
    ("active", "Active"),
    ("quiet", "Quiet"),
    ("released", "Released"),
]


@page(
    "/ops/tenants/[id]",
    title="Tenant",
    audience="ops",
    on_load=[
        ShellState.load,
        TenantState.load,
        TenantDevicesState.load,
        TenantCallsState.load,
    ],
)
def tenant_page() -> rx.Component:
    """Show what a customer is, owes, pays and did."""
    state = TenantState
    one: Any = state.one
    return ops_single(
        state,
        when(one.status_reason, callout(one.status_reason, tone="warn", title="Suspended")),
        rx.cond(state.is_agent, agent_stopped()),
        split(
            stack(
                rx.cond(
                    state.is_agent,
                    stack(agent_calls(), agent_actions(), agent_keys(), gap=6),
                    stack(_prices(), _devices(), gap=6),
                ),
                _invoices(),
                _payments(),
                rx.cond(state.is_agent, rx.fragment(), stack(_tokens(), _agreements(), gap=6)),
                card(
                    timeline(state.history),
                    title="History",
                    action=link_button("All", href="/ops/audit?tenant=" + one.id, small=True),
                ),
                gap=6,
            ),
            stack(
                rx.cond(
                    state.is_agent,
                    stack(agent_month(), agent_facts(), gap=6),
                    stack(_identity(), _onboarding(), gap=6),
                ),
                _notes(),
                gap=6,
            ),
        ),
        title=rx.cond(one.name != "", one.name, "Tenant"),
        current="tenants",
        home=("All tenants", "/ops/tenants"),
        head=[state_badge(one.status), identifier(one.id)],
        acting=_acts(one),
    )


def _invoices() -> rx.Component:
    state: Any = TenantState
    return card(
        data_table(
            invoice_columns(vendors=False),
            state.invoices,
            caption="Latest invoices",
            row_href=lambda bill: "/ops/invoices/" + bill.id,
            empty=empty_state(
                "No invoice yet",
                "The first is issued on the 1st after its first month with something to pay.",
                icon_name="receipt",
            ),
        ),
        title="Latest invoices",
        action=link_button("All", href="/ops/invoices?q=" + state.one.name, small=True),
        flush=True,
    )


def _payments() -> rx.Component:
    state: Any = TenantState
    return card(
        data_table(
            payment_columns("vendor", "kept"),
            state.payments,
            caption="Latest payments",
            row_href=lambda paid: "/ops/payments?open=" + paid.id,
            empty=empty_state("No payment yet", icon_name="credit-card"),
        ),
        title="Latest payments",
        action=link_button("All", href="/ops/payments?q=" + state.one.name, small=True),
        flush=True,
    )


def _acts(one: Any) -> rx.Component:
    ask = TenantState.ask
    return acts(
        rx.cond(
            one.status == "active",
            button("Suspend", on_click=ask("suspend"), kind="danger", icon_name="circle-pause"),
        ),
        rx.cond(
            one.status == "suspended",
            button("Resume", on_click=ask("resume"), kind="main", icon_name="circle-play"),
        ),
    )


def _identity() -> rx.Component:
    one: Any = TenantState.one
    return card(
        row(brand_logo(one.name, one.logo_url), rx.el.strong(one.name)),
        facts(
            ("Devices", one.devices),
            ("Pays by", one.rail),
            ("Method", one.method),
            ("Payouts to", one.payout),
            ("E-mail", one.email),
            ("Person", one.person),
            ("Legal name", one.legal_name),
            ("Address", one.address),
            ("Country", one.country),
            ("Tax", one.tax),
            ("Language", one.locale),
            ("Signed up", one.created),
            ("Active since", one.activated),
        ),
        title="Vendor",
    )


def _onboarding() -> rx.Component:
    return card(
        rx.el.ol(rx.foreach(TenantState.steps, _step), class_name="plain-list"),
        title="Onboarding",
        note=rx.Var.create("First device after ") + TenantState.one.to_first_device,  # pyright: ignore
    )


def _step(one: StepRow) -> rx.Component:
    return rx.el.li(
        row(
            rx.cond(
                one.is_done,
                icon("circle-check", label="Done", class_name="trend-good"),
                icon("circle", label="To come", class_name="quiet"),
            ),
            rx.el.span(one.label, class_name="grow"),
            rx.el.span(one.after, title=one.at, class_name="quiet small nowrap"),
        ),
        key=one.key,
    )


def _notes() -> rx.Component:
    state = TenantState
    return card(
        rx.cond(
            MAY_ACT,
            state_form(
                textarea_field(
                    "notes",
                    "Notes",
                    default_value=state.one.notes,
                    required=False,
                    max_length=4000,
                    help_text="For operations only; the customer never sees them.",
                ),
                submit_button("Save notes", kind="plain"),
                on_submit=state.ask_notes,
            ),
            rx.el.p(rx.cond(state.one.notes != "", state.one.notes, "None.")),
        ),
        title="Notes",
    )


def _prices() -> rx.Component:
    state = TenantState
    return card(
        data_table(
            [
                Column(
                    "price",
                    "A device a month",
                    lambda one: rx.el.span(one.price, class_name="strong num"),
                    lead=True,
                ),
                Column("state", "State", lambda one: state_badge(one.state)),
                Column("starts_on", "From", lambda one: one.starts_on),
                Column("announced", "Announced", lambda one: quiet(one.announced), wide_only=True),
                Column("reason", "Reason", lambda one: quiet(one.reason), wide_only=True),
            ],
            state.prices,
            caption="Price contracts",
            empty=empty_state(
                "No price agreed", "The default applies from activation on.", icon_name="tag"
            ),
        ),
        title="Price contract",
        action=acts(button("Set price", on_click=state.ask("price"), icon_name="tag", small=True)),
        flush=True,
    )


def _devices() -> rx.Component:
    state = TenantDevicesState
    return card(
        rx.el.div(
            list_tools(state, "Search device, user or actor", statuses=DEVICE_STATUSES),
            class_name="card-body",
        ),
        data_table(
            device_columns(actor=False),
            state.rows,
            caption="Devices",
            sorting=Sorting(state.sort, state.is_descending, state.sort_by),
            empty=empty_list(
                state, "device", ("No device yet", "Its servers have registered none.", "cpu")
            ),
        ),
        when(
            state.page.text,
            rx.el.div(pager(state.page, on_page=state.turn_to), class_name="card-body"),
        ),
        title="Devices",
        flush=True,
    )


def _tokens() -> rx.Component:
    return card(
        data_table(
            [
                Column(
                    "prefix",
                    "Token",
                    lambda one: rx.el.code(one.prefix, class_name="mono"),
                    lead=True,
                ),
                Column("label", "Label", lambda one: one.label),
                Column("state", "State", lambda one: state_badge(one.state)),
                Column("used", "Last used", lambda one: when_at(one.used, one.used_exact)),
                Column("created", "Issued", lambda one: quiet(one.created), wide_only=True),
            ],
            TenantState.tokens,
            caption="Tokens",
            empty=empty_state("No token yet", icon_name="key-round"),
        ),
        title="Tokens",
        note="Only their first characters are known here.",
        flush=True,
    )


def _agreements() -> rx.Component:
    return card(
        data_table(
            [
                Column(
                    "title",
                    "Agreement",
                    lambda one: rx.el.span(one.title, class_name="strong"),
                    lead=True,
                ),
                Column("version", "Version", lambda one: badge(one.version, dot=False)),
                Column("sha256", "Text", lambda one: identifier(one.sha256)),
                Column("ip", "From", lambda one: one.ip, wide_only=True),
                Column("at", "Accepted", lambda one: one.at),
            ],
            TenantState.accepted,
            caption="Accepted agreements",
            empty=empty_state("Nothing accepted yet", icon_name="file-check-2"),
        ),
        title="Agreements accepted",
        flush=True,
    )
