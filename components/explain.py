"""Why this amount: one arithmetic, one rule in words, and what was counted, down to the single event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from components import words as w
from components.base import Content, Text, heading, when
from components.layout import facts


@dataclass(frozen=True)
class WhyRow:
    """An amount and where it comes from; every value is finished text."""

    quantity: str = ""
    quantity_label: str = ""
    price: str = ""
    price_label: str = ""
    amount: str = ""
    amount_label: str = ""
    rule: str = ""
    period: str = ""
    contract: str = ""


def arithmetic(why: Any) -> rx.Component:
    """Write quantity x price = amount, each part with what it is below it."""

    def part(value: Any, label: Any, *, sign: str = "", extra: str = "") -> rx.Component:
        # The sign travels with what follows it, so that a line never ends with one.
        signs = [rx.el.span(sign, class_name="op")] if sign else []
        return rx.el.span(
            *signs,
            rx.el.span(value, class_name="value"),
            rx.el.span(label, class_name="label"),
            class_name=f"part {extra}".strip(),
        )

    return rx.el.div(
        part(why.quantity, why.quantity_label),
        part(why.price, why.price_label, sign="×"),
        part(why.amount, why.amount_label, sign="=", extra="total"),
        class_name="sum",
        data_testid="arithmetic",
    )


def why_amount(
    why: Any,
    *,
    evidence: Content | None = None,
    pages: Content | None = None,
    title: Text = w.WHY_TITLE,
) -> rx.Component:
    """Explain an amount from a `WhyRow`; `evidence` is the table of what was counted, `pages` its pager."""
    counted = []
    if evidence is not None:
        counted = [
            heading(w.WHY_EVIDENCE, level=3, size=14),
            evidence,
            *([pages] if pages is not None else []),
        ]
    return rx.el.section(
        heading(title, size=16),
        arithmetic(why),
        when(why.rule, rx.el.p(why.rule, class_name="prose")),
        facts((w.WHY_PERIOD, why.period), (w.WHY_CONTRACT, why.contract)),
        *counted,
        class_name="why",
    )
