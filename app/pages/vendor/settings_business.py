"""The settings of the business: company, branding, policy and payment."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.badges import badge, state_badge
from components.base import heading, quiet, row, split, stack, when
from components.branding import brand_logo, brand_preview
from components.buttons import button
from components.code import code_block
from components.fields import file_field
from components.layout import callout, card, facts
from components.native_form import (
    field,
    native_form,
    select_field,
    state_form,
    submit_button,
    textarea_field,
)
from components.overlays import confirm_dialog
from components.states import empty_state, lines_skeleton, loaded
from components.ticker import ticker
from state.vendor.company import BrandState, CompanyState
from state.vendor.payment import PaymentState
from state.vendor.policy import PolicyState


def company() -> rx.Component:
    """Draw who invoices are made out to."""
    state = CompanyState
    return loaded(
        state.is_loaded,
        card(
            state_form(
                field(
                    "legal_name",
                    "Legal name",
                    default_value=state.legal_name,
                    autocomplete="organization",
                    max_length=120,
                ),
                textarea_field(
                    "address",
                    "Address",
                    rows=3,
                    default_value=state.address,
                    help_text="Street, town and postcode, as they shall stand on invoices.",
                ),
                select_field("country", "Country", state.countries, default_value=state.country),
                field(
                    "tax_id",
                    "Tax id",
                    default_value=state.tax_id,
                    required=False,
                    mono=True,
                    max_length=40,
                    help_text="VAT number, EIN or whatever your country uses.",
                ),
                submit_button("Save company"),
                on_submit=state.save,
                error=state.error,
            ),
            title="Company",
            note="Coming invoices are made out to it; those issued stay as they are.",
        ),
        lines_skeleton(8),
    )


def branding() -> rx.Component:
    """Draw name, logo and their preview."""
    state = BrandState
    return loaded(
        state.is_loaded,
        split(
            stack(
                card(
                    state_form(
                        field(
                            "name",
                            "Display name",
                            value=state.name,
                            on_change=state.type_name,
                            max_length=60,
                            help_text="As parents know you.",
                            field_id="brand-name",
                        ),
                        submit_button("Save branding"),
                        on_submit=state.save,
                        error=state.error,
                    ),
                    title="Name",
                ),
                card(
                    native_form(
                        file_field(
                            "logo",
                            "Logo",
                            accept="image/png,image/jpeg,image/webp",
                            help_text="PNG, JPEG or WebP, at most 1 MiB. Square works best.",
                            preview=brand_logo(state.name, state.logo_url),
                        ),
                        row(
                            submit_button("Upload logo", kind="plain"),
                            rx.cond(
                                state.logo_url != "",
                                button("Remove", on_click=state.remove_logo, kind="quiet"),
                            ),
                        ),
                        action="/auth/logo",
                        hidden={"next": "/vendor/settings?tab=branding"},
                        upload=True,
                    ),
                    title="Logo",
                ),
            ),
            card(brand_preview(state.name, state.logo_url), title="Preview"),
        ),
        lines_skeleton(8),
    )


def policy() -> rx.Component:
    """Draw the namespaces and lifetimes that devices get from now on."""
    state = PolicyState
    return loaded(
        state.is_loaded,
        split(
            card(
                state_form(
                    rx.el.fieldset(
                        rx.el.legend("Memory namespaces"),
                        rx.foreach(state.namespaces, _namespace),
                        quiet("What is greyed out needs our consent: write to us."),
                        class_name="field",
                    ),
                    rx.el.fieldset(
                        rx.el.legend("How long a grant lasts, in seconds"),
                        rx.el.div(rx.foreach(state.scopes, _scope), class_name="stack stack-3"),
                        class_name="field",
                    ),
                    submit_button("Save policy"),
                    on_submit=state.save,
                    error=state.error,
                ),
                title="Default policy",
                note="For devices bound from now on. A parent can always allow less.",
            ),
            card(code_block(state.template, label="JSON"), title="What a device gets"),
        ),
        lines_skeleton(8),
    )


def _namespace(one: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=rx.Var.create("namespace-") + one.name,  # pyright: ignore[reportOperatorIssue]
            value="yes",
            default_checked=one.is_chosen,
            disabled=~one.is_allowed,
            class_name="mark",
        ),
        rx.el.code(one.name, class_name=rx.cond(one.is_allowed, "mono", "mono quiet")),
        key=one.name,
        class_name="check",
    )


def _scope(one: Any) -> rx.Component:
    made_id = rx.Var.create("ttl-") + one.name  # pyright: ignore[reportOperatorIssue]
    return rx.el.div(
        rx.el.label(rx.el.code(one.name, class_name="mono"), html_for=made_id),
        rx.el.input(
            type="number",
            name=made_id,
            id=made_id,
            default_value=one.seconds.to_string(),
            min=one.least,
            max=one.most,
            required=True,
            class_name="input num",
        ),
        quiet(one.bounds),
        key=one.name,
        class_name="ttl",
    )


def payment() -> rx.Component:
    """Draw what is connected, and the ways to change it."""
    state = PaymentState
    return stack(
        card(
            loaded(
                state.is_loaded,
                rx.cond(
                    state.status == "connected",
                    stack(
                        facts(
                            ("Method", rx.el.strong(state.label)),
                            ("Status", state_badge(state.status)),
                            ("Connected", state.since),
                            ("Currency", state.currency),
                        ),
                        row(
                            button("Replace", on_click=state.bind(state.rail)),
                            button("Detach", on_click=state.ask, kind="danger"),
                        ),
                    ),
                    stack(
                        rx.cond(
                            state.is_page_open,
                            callout(
                                "Waiting for the provider to confirm. This page goes on by itself.",
                                live=True,
                            ),
                        ),
                        empty_state(
                            "No payment method",
                            "Devices can be registered once one is connected.",
                            icon_name="credit-card",
                        ),
                    ),
                ),
                lines_skeleton(4),
            ),
            title="Payment method",
        ),
        card(
            _rail(
                "card",
                "Card, through Stripe",
                "Charged on the 1st for the month before.",
                "Connect a card",
            ),
            _rail(
                "invoice",
                "Alipay",
                "A PDF invoice by mail with a payment link.",
                "Connect Alipay",
            ),
            title="Other ways to pay",
            note="The one connected last is the one that is used.",
        ),
        confirm_dialog(
            open=state.is_asking,
            title="Detach " + state.label + "?",
            text="From then on no device can be registered until another method is connected.",
            verb="Detach",
            on_confirm=state.detach,
            on_cancel=state.cancel,
            error=state.error,
        ),
        ticker(state.tick),
    )


def _rail(key: str, title: str, text: str, verb: str) -> rx.Component:
    state = PaymentState
    return row(
        stack(
            row(
                heading(title, level=3, size=14),
                rx.cond(
                    (state.rail == key) & (state.status == "connected"), badge("In use", "good")
                ),
            ),
            when(text, rx.el.p(text, class_name="quiet")),
            gap=1,
        ),
        button(verb, on_click=state.bind(key)),
        between=True,
        class_name="choice",
    )
