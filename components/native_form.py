"""Forms that post to a route of the server, and the fields that every form is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import reflex as rx

from components import words as w
from components.base import Content, Flag, Handler, Text, icon, is_given, when, words
from components.buttons import Kind, button

Options = list[tuple[str, str]]

InputType = Literal["text", "email", "password", "search", "tel", "url", "number", "date", "month"]


class _NativeForm(rx.el.Div):
    """A real form: Reflex's own always prevents the browser from posting it."""

    tag = "form"


def native_form(
    *children: Content,
    action: Text,
    hidden: Mapping[str, Text] | None = None,
    in_place: bool = True,
    upload: bool = False,
    **props: Any,
) -> rx.Component:
    """Post fields to a route of the server.

    `in_place` posts in the background: a redirect is followed as a full page load, a refusal (the API's error
    envelope, with `fields` for single ones) appears at its field and keeps what was typed. Turn it off where the
    route redirects to another site, such as a payment page: the browser then posts by itself.
    """
    attrs = {
        "action": action,
        "method": "post",
        "noValidate": True,
        "data-native": "in-place" if in_place else "plain",
        **props.pop("custom_attrs", {}),
    }
    if upload:
        attrs["encType"] = "multipart/form-data"
    return _NativeForm.create(
        *[hidden_field(name, value) for name, value in (hidden or {}).items()],
        form_error(),
        *children,
        class_name=props.pop("class_name", "form"),
        custom_attrs=attrs,
        **props,
    )


def state_form(
    *children: Content, on_submit: Handler, error: Text = "", **props: Any
) -> rx.Component:
    """Send fields to an event handler, which receives them as a dictionary; `error` stands above the fields."""
    return rx.el.form(
        when(error, _error_box(rx.el.span(error))),
        *children,
        on_submit=on_submit,
        class_name=props.pop("class_name", "form"),
        no_validate=True,
        custom_attrs={"data-checked": "true", **props.pop("custom_attrs", {})},
        **props,
    )


def _error_box(*inside: Content, **attrs: Any) -> rx.Component:
    return rx.el.div(
        icon("circle-x"),
        rx.el.div(*inside, class_name="grow"),
        class_name="callout callout-bad",
        role="alert",
        custom_attrs=attrs,
    )


def form_error() -> rx.Component:
    """Keep the place for a refusal that concerns the whole form; the script fills and shows it."""
    return _error_box(
        rx.el.div(data_form_error_text=""),
        rx.el.div(class_name="tiny quiet", data_form_error_id=""),
        **{"data-form-error": "", "hidden": True, "tabIndex": -1},
    )


def hidden_field(name: str, value: Text) -> rx.Component:
    """Carry a value that nobody types."""
    return rx.el.input(type="hidden", name=name, value=value, read_only=True)


def _field(
    name: str,
    label: Text,
    make: Any,
    *,
    field_id: str,
    help_text: Text,
    error: Text,
    required: bool,
) -> rx.Component:
    attrs: dict[str, Any] = {"id": field_id}
    described = [f"{field_id}-help"] if is_given(help_text) else []
    attrs["aria-describedby"] = " ".join([*described, f"{field_id}-error", f"{field_id}-said"])
    if isinstance(error, rx.Var):
        attrs["aria-invalid"] = rx.cond(error != "", "true", "false")
    elif error:
        attrs["aria-invalid"] = "true"
    optional = [] if required else [rx.el.span(f" ({w.OPTIONAL})", class_name="optional")]
    shown_help = (
        [rx.el.p(help_text, class_name="help", custom_attrs={"id": f"{field_id}-help"})]
        if is_given(help_text)
        else []
    )
    return rx.el.div(
        rx.el.label(label, *optional, html_for=field_id),
        make(name=name, required=required, custom_attrs=attrs),
        *shown_help,
        # Two places: the script owns the first, the state of the page the second.
        rx.el.p(class_name="field-error", custom_attrs={"id": f"{field_id}-error"}),
        rx.el.p(
            error if is_given(error) else rx.fragment(),
            class_name="field-error",
            custom_attrs={"id": f"{field_id}-said", "aria-live": "polite"},
        ),
        class_name="field",
    )


def field(
    name: str,
    label: Text,
    *,
    type: InputType = "text",  # noqa: A002 - the name HTML uses
    help_text: Text = "",
    error: Text = "",
    required: bool = True,
    autocomplete: str = "off",
    field_id: str = "",
    mono: bool = False,
    **props: Any,
) -> rx.Component:
    """Draw a labelled field: label above, help and error below, tied together for screen readers.

    Extra properties (`default_value`, `value`, `on_blur`, `placeholder`, `min_length`, `pattern`...) reach the input.
    """

    def make(custom_attrs: dict[str, Any], **named: Any) -> rx.Component:
        return rx.el.input(
            type=type,
            class_name=words("input", "mono" if mono else ""),
            auto_complete=autocomplete,
            custom_attrs={**custom_attrs, **props.pop("custom_attrs", {})},
            **named,
            **props,
        )

    return _field(
        name,
        label,
        make,
        field_id=field_id or f"field-{name}",
        help_text=help_text,
        error=error,
        required=required,
    )


def password_field(
    name: str,
    label: Text,
    *,
    autocomplete: Literal["current-password", "new-password"],
    help_text: Text = "",
    error: Text = "",
    field_id: str = "",
    **props: Any,
) -> rx.Component:
    """Draw a password field with a button that shows what was typed."""
    made_id = field_id or f"field-{name}"

    def make(custom_attrs: dict[str, Any], **named: Any) -> rx.Component:
        return rx.el.div(
            rx.el.input(
                type="password",
                class_name="input",
                auto_complete=autocomplete,
                custom_attrs=custom_attrs,
                spell_check=False,
                **named,
                **props,
            ),
            rx.el.button(
                rx.el.span(w.SHOW),
                rx.el.span(f" {w.SHOWN_THING}", class_name="sr-only"),
                type="button",
                class_name="btn btn-quiet",
                custom_attrs={
                    "data-reveal": "true",
                    "data-show-word": w.SHOW,
                    "data-hide-word": w.HIDE,
                    "aria-controls": made_id,
                },
            ),
            class_name="affix",
        )

    return _field(
        name, label, make, field_id=made_id, help_text=help_text, error=error, required=True
    )


def select_field(
    name: str,
    label: Text,
    options: Options | rx.Var,
    *,
    help_text: Text = "",
    error: Text = "",
    required: bool = True,
    field_id: str = "",
    **props: Any,
) -> rx.Component:
    """Draw a choice of one; options are (value, word), constant or held by the state."""

    def make(custom_attrs: dict[str, Any], **named: Any) -> rx.Component:
        return select(options, custom_attrs=custom_attrs, **named, **props)

    return _field(
        name,
        label,
        make,
        field_id=field_id or f"field-{name}",
        help_text=help_text,
        error=error,
        required=required,
    )


def select(options: Options | rx.Var, **props: Any) -> rx.Component:
    """Draw a bare select; give it a name for screen readers, or use `select_field`."""
    return rx.el.div(
        rx.el.select(*select_options(options), class_name="input", **props),
        icon("chevron-down"),
        class_name="select",
    )


def select_options(options: Options | rx.Var) -> list[rx.Component]:
    """Give the entries of a select, from constants or from a list of pairs in the state."""
    if isinstance(options, rx.Var):
        pairs = options.to(list[tuple[str, str]])
        return [rx.foreach(pairs, lambda pair: rx.el.option(pair[1], value=pair[0], key=pair[0]))]  # pyright: ignore
    return [rx.el.option(word, value=value) for value, word in options]


def textarea_field(
    name: str,
    label: Text,
    *,
    rows: int = 4,
    help_text: Text = "",
    error: Text = "",
    required: bool = True,
    field_id: str = "",
    **props: Any,
) -> rx.Component:
    """Draw a field of several lines."""

    def make(custom_attrs: dict[str, Any], **named: Any) -> rx.Component:
        return rx.el.textarea(
            class_name="input", rows=rows, custom_attrs=custom_attrs, **named, **props
        )

    return _field(
        name,
        label,
        make,
        field_id=field_id or f"field-{name}",
        help_text=help_text,
        error=error,
        required=required,
    )


def submit_button(
    label: Content, *, kind: Kind = "main", wide: bool = False, busy: Flag = False, **props: Any
) -> rx.Component:
    """Send the form around it; it shows progress and cannot be pressed twice."""
    return button(label, kind=kind, wide=wide, busy=busy, submit=True, **props)
