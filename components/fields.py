"""Fields that are no single line: check boxes, files, the search box of a table."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.base import Content, Handler, Text, icon, is_given
from components.native_form import Options, select


def checkbox_field(
    name: str,
    label: Content,
    *,
    help_text: Text = "",
    value: str = "yes",
    required: bool = False,
    **props: Any,
) -> rx.Component:
    """Draw a box to tick; the whole line can be pressed."""
    attrs = {"id": f"field-{name}", **props.pop("custom_attrs", {})}
    helped = [rx.el.span(help_text, class_name="help")] if is_given(help_text) else []
    return rx.el.div(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                name=name,
                value=value,
                required=required,
                class_name="mark",
                custom_attrs=attrs,
                **props,
            ),
            rx.el.span(label, *helped),
            class_name="check",
        ),
        rx.el.p(class_name="field-error", custom_attrs={"id": f"field-{name}-error"}),
    )


def radio_field(
    name: str,
    legend: Text,
    options: list[tuple[str, str, str]],
    *,
    default: str = "",
    **props: Any,
) -> rx.Component:
    """Draw a choice of one with room for a sentence each; options are (value, word, sentence)."""
    return rx.el.fieldset(
        rx.el.legend(legend),
        *[
            rx.el.label(
                rx.el.input(
                    type="radio",
                    name=name,
                    value=value,
                    default_checked=value == default,
                    class_name="mark",
                    **props,
                ),
                rx.el.span(word, *([rx.el.span(text, class_name="help")] if text else [])),
                class_name="check",
            )
            for value, word, text in options
        ],
        class_name="field",
    )


def file_field(
    name: str,
    label: Text,
    *,
    accept: str,
    help_text: Text,
    preview: Content | None = None,
    required: bool = False,
) -> rx.Component:
    """Choose a file; say in `help_text` which kinds and sizes are taken. Use it in a `native_form(upload=True)`."""
    made_id = f"field-{name}"
    return rx.el.div(
        rx.el.label(label, html_for=made_id),
        rx.el.div(
            preview if preview is not None else rx.fragment(),
            rx.el.input(
                type="file",
                name=name,
                accept=accept,
                required=required,
                custom_attrs={
                    "id": made_id,
                    "aria-describedby": f"{made_id}-help {made_id}-error",
                },
            ),
            class_name="file",
        ),
        rx.el.p(help_text, class_name="help", custom_attrs={"id": f"{made_id}-help"}),
        rx.el.p(class_name="field-error", custom_attrs={"id": f"{made_id}-error"}),
        class_name="field",
    )


class _Search(rx.Component):
    library = "$/public/ui/search.jsx"
    tag = "Search"

    value: rx.Var[str]
    wait: rx.Var[int]
    placeholder: rx.Var[str]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def search_box(
    label: str,
    *,
    on_search: Handler,
    value: Text = "",
    wait_ms: int = 250,
    field_id: str = "search",
) -> rx.Component:
    """Search as one types: the handler is called with the text, `wait_ms` after the last key.

    `value` is what the page's address says; it is taken over whenever nobody is typing.
    """
    return rx.el.div(
        icon("search"),
        _Search.create(
            placeholder=label,
            value=value,
            wait=wait_ms,
            on_search=on_search,
            custom_attrs={"id": field_id, "aria-label": label},
        ),
        class_name="affix search",
        role="search",
    )


def filter_select(
    label: str,
    options: Options | rx.Var,
    *,
    value: Text,
    on_change: Handler,
) -> rx.Component:
    """Narrow a table down by one property; the first option should mean "all"."""
    return select(options, value=value, on_change=on_change, custom_attrs={"aria-label": label})


def filters(*tools: Content, end: Content | None = None) -> rx.Component:
    """Line up search, filters and, at the far end, export and other acts above a table."""
    return rx.el.div(
        *tools,
        rx.el.div(end, class_name="tools-end") if end is not None else rx.fragment(),
        class_name="table-tools",
    )


def progress(label: str, value: rx.Var | int, maximum: rx.Var | int) -> rx.Component:
    """Show how far counted work has come."""
    return rx.el.progress(
        value=value, max=maximum, class_name="progress", custom_attrs={"aria-label": label}
    )
