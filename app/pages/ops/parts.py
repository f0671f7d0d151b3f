"""What the pages of operations share: the question before an act, and who may act."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.base import link, stack
from components.native_form import field, select_field, textarea_field
from components.overlays import confirm_dialog
from state.shell import ShellState

MAY_ACT: Any = ShellState.may_move_clock
"""Operators and administrators; for viewers the acts are not drawn, and refused if asked for."""


def acts(*buttons: rx.Component) -> rx.Component:
    """Draw acts for those who may do them."""
    return rx.cond(MAY_ACT, rx.fragment(*buttons))  # pyright: ignore[reportReturnType]


def vendor_fact(one: Any) -> tuple[str, rx.Component]:
    """Lead from a row to the vendor whose it is."""
    return "Vendor", link(one.vendor, href="/ops/tenants/" + one.tenant_id)


def invoice_fact(one: Any) -> tuple[str, rx.Component]:
    """Lead from a row to the invoice it belongs to, if it belongs to any."""
    invoice = link(one.number, href="/ops/invoices/" + one.invoice_id)
    return "Invoice", rx.cond(one.invoice_id != "", invoice, "None")  # pyright: ignore[reportReturnType]


def question_dialog(state: Any) -> rx.Component:
    """Ask the ``Question`` of a state that asks, with the fields that it needs."""
    question: Any = state.question

    def ask(is_danger: bool) -> rx.Component:
        return confirm_dialog(
            open=(question.act != "") & (question.is_danger == is_danger),
            title=question.title,
            text=question.text,
            verb=question.verb,
            on_confirm=state.confirm,
            on_cancel=state.cancel,
            error=state.refusal,
            danger=is_danger,
            extra=_fields(question),
        )

    return rx.fragment(ask(True), ask(False))


def _fields(question: Any) -> rx.Component:
    return rx.match(  # pyright: ignore[reportReturnType]
        question.needs,
        ("reason", _reason()),
        (
            "reference",
            field(
                "reference",
                "Reference",
                help_text="What the bank's statement says, to find it again.",
                max_length=100,
            ),
        ),
        ("amount", stack(_amount(question, "amount", "Amount"), _reason(), gap=3)),
        (
            "calls",
            stack(
                field(
                    "calls",
                    "Free calls to add",
                    help_text="In this month, at most 10,000 in all.",
                    custom_attrs={"inputMode": "numeric"},
                ),
                _reason(),
                gap=3,
            ),
        ),
        (
            "price",
            stack(
                _amount(question, "price", "Price of an active device a month"),
                field(
                    "starts_on",
                    "Starts on",
                    type="date",
                    default_value=question.preset_day,
                    help_text="The first of a month. A higher price needs 60 days' notice.",
                ),
                _reason(),
                gap=3,
            ),
        ),
        (
            "person",
            stack(
                field("email", "E-mail", type="email"),
                field("name", "Name", required=False, max_length=80),
                select_field(
                    "role",
                    "Role",
                    [
                        ("ops_viewer", "Viewer: sees everything, changes nothing"),
                        ("ops_operator", "Operator: acts on vendors and money"),
                        ("ops_admin", "Administrator: also manages staff"),
                    ],
                ),
                gap=3,
            ),
        ),
        (
            "policy",
            stack(
                field(
                    "pattern",
                    "Actions",
                    help_text="An action's name, a prefix such as domain.leadscoring.*, or * for all.",
                    max_length=128,
                ),
                select_field(
                    "effect",
                    "What becomes of them",
                    [
                        ("deny", "Not allowed"),
                        ("require_approval", "Each call needs approval"),
                        ("allow", "Allowed: an exception to a wider policy"),
                    ],
                ),
                field(
                    "tenant_id",
                    "Agent's tenant id",
                    required=False,
                    help_text="Empty for every agent.",
                    max_length=36,
                ),
                field(
                    "reason",
                    "Reason",
                    required=False,
                    help_text="Told to the agent that is refused.",
                    max_length=300,
                ),
                gap=3,
            ),
        ),
        rx.fragment(),
    )


def _reason() -> rx.Component:
    return textarea_field(
        "reason", "Reason", rows=2, help_text="Kept in the audit stream.", max_length=300
    )


def _amount(question: Any, name: str, label: str) -> rx.Component:
    return field(
        name,
        label,
        default_value=question.preset,
        help_text=question.unit,
        custom_attrs={"inputMode": "decimal"},
    )
