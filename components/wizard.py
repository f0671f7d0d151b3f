"""The wizard: a rail of steps, one decision at a time, and why it is asked."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components import words as w
from components.badges import live_dot
from components.base import Content, Flag, Handler, Text, heading, icon, stack

Steps = list[tuple[str, str]]


def wizard(
    steps: Steps,
    *content: Content,
    current: Any,
    done: Any,
    on_go: Handler,
    why: Content | None = None,
) -> rx.Component:
    """Arrange a step's content beside the rail.

    `steps` are (key, label); `current` holds a key, `done` a list of keys. A press on a finished step, or on the
    current one, calls `on_go(key)`; those to come wait. `why` explains what is asked, beside it.
    """
    aside = (
        []
        if why is None
        else [rx.el.aside(heading(w.WHY_WE_ASK, size=14), why, class_name="aside")]
    )
    return rx.el.div(
        step_rail(steps, current=current, done=done, on_go=on_go),
        stack(*content),
        *aside,
        class_name="wizard",
    )


def step_rail(steps: Steps, *, current: rx.Var, done: rx.Var, on_go: Handler) -> rx.Component:
    """Show how far one has come; finished steps can be opened again."""
    return rx.el.ol(
        *[
            _step(number, key, label, current, done, on_go)
            for number, (key, label) in enumerate(steps, start=1)
        ],
        class_name="steps",
        custom_attrs={"aria-label": "Steps"},
    )


def _step(
    number: int, key: str, label: str, current: rx.Var, done: rx.Var, on_go: Handler
) -> rx.Component:
    is_current = current == key
    is_done = done.to(list[str]).contains(key)
    # A finished step stays marked as finished while it is looked at again.
    mark = rx.cond(is_done, icon("check", size=14), rx.el.span(number))
    word = rx.cond(is_current, w.STEP_CURRENT, rx.cond(is_done, w.STEP_DONE, w.STEP_LATER))
    look = rx.cond(is_current, "step current", rx.cond(is_done, "step done", "step"))
    return rx.el.li(
        rx.el.button(
            rx.el.span(mark, class_name="step-mark", custom_attrs={"aria-hidden": "true"}),
            rx.el.span(label, class_name="step-label"),
            rx.el.span(", ", word, class_name="sr-only"),
            type="button",
            class_name=look,
            disabled=~(is_current | is_done),
            on_click=on_go(key),
            custom_attrs={"aria-current": rx.cond(is_current, "step", "false")},
        )
    )


def waiting_panel(
    arrived: Flag,
    *,
    waiting_title: Text,
    waiting: Content,
    arrived_title: Text,
    arrived_content: Content,
) -> rx.Component:
    """Wait for something that happens elsewhere, and turn green by itself when it has."""
    body = rx.cond(
        arrived,
        rx.el.div(
            icon("circle-check", size=20),
            rx.el.div(
                heading(arrived_title, size=16), arrived_content, class_name="grow stack stack-2"
            ),
            class_name="callout callout-good",
        ),
        rx.el.div(
            rx.el.div(live_dot(False, word_off=waiting_title), class_name="strong"),
            waiting,
            class_name="card card-body stack",
        ),
    )
    return rx.el.div(body, custom_attrs={"aria-live": "polite"}, data_testid="waiting-panel")
