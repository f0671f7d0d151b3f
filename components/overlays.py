"""The drawer for detail and the dialog for confirmation; nothing else stands before a page."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from components import words as w
from components.base import Content, Flag, Handler, Text, is_given, when
from components.buttons import button, icon_button
from components.native_form import submit_button, textarea_field


class _Modal(rx.el.Dialog):
    library = "$/public/ui/modal.jsx"
    tag = "Modal"

    dismissible: rx.Var[bool]
    on_close: rx.EventHandler[rx.event.no_args_event_spec]

    # The parent is an HTML element; this one is imported.
    _is_tag_in_global_scope = False


def drawer(
    *content: Content,
    open: Flag,  # noqa: A002 - the name HTML uses
    on_close: Handler,
    title: Text,
    foot: Content | None = None,
) -> rx.Component:
    """Show a detail beside its list. Escape, the cross and a press beside it call `on_close`.

    Give the detail its own address: `on_close` should lead back to the list's.
    """
    return _Modal.create(
        rx.el.div(
            rx.el.h2(title, custom_attrs={"id": "drawer-title"}),
            icon_button("x", w.CLOSE, on_click=on_close, custom_attrs={"data-first-focus": "true"}),
            class_name="drawer-head",
        ),
        rx.el.div(*content, class_name="drawer-body", tab_index=-1),
        rx.el.div(foot, class_name="drawer-foot") if foot is not None else rx.fragment(),
        open=open,
        on_close=on_close,
        class_name="drawer",
        custom_attrs={"aria-labelledby": "drawer-title"},
    )


def confirm_dialog(
    *,
    open: Flag,  # noqa: A002
    title: Text,
    text: Text,
    verb: Text,
    on_confirm: Handler,
    on_cancel: Handler,
    reason: Literal["none", "optional", "required"] = "none",
    error: Text = "",
    busy: Flag = False,
    danger: bool = True,
    extra: Content | None = None,
) -> rx.Component:
    """Ask before an act that cannot be taken back.

    The title names the thing ("Revoke token vnd_8f3…?"), the text says what will happen, the button says the verb.
    The focus starts on cancel. `on_confirm` receives the form's dictionary; with a reason it holds `reason`.
    """
    fields: list[rx.Component] = []
    if reason != "none":
        fields.append(
            textarea_field(
                "reason", w.REASON, required=reason == "required", rows=2, field_id="confirm-reason"
            )
        )
    if extra is not None:
        fields.append(rx.fragment(extra))
    return _Modal.create(
        rx.el.form(
            rx.el.div(
                rx.el.h2(title, class_name="h-16", custom_attrs={"id": "confirm-title"}),
                rx.el.p(text, class_name="quiet", custom_attrs={"id": "confirm-text"}),
                *fields,
                when(error, rx.el.p(error, class_name="field-error", role="alert")),
                class_name="dialog-body",
            ),
            rx.el.div(
                button(w.CANCEL, on_click=on_cancel, custom_attrs={"data-first-focus": "true"}),
                submit_button(verb, kind="danger" if danger else "main", busy=busy),
                class_name="dialog-foot",
            ),
            on_submit=on_confirm,
            no_validate=True,
            custom_attrs={"data-checked": "true"},
        ),
        open=open,
        on_close=on_cancel,
        class_name="dialog",
        role="alertdialog",
        custom_attrs={"aria-labelledby": "confirm-title", "aria-describedby": "confirm-text"},
    )


def dialog(
    *content: Content,
    open: Flag,  # noqa: A002
    title: Text,
    on_close: Handler,
    foot: Content | None = None,
    text: Text = "",
    dismissible: bool = True,
) -> rx.Component:
    """Show something that must be dealt with now and is no confirmation, such as a secret shown once."""
    attrs: dict[str, Any] = {"aria-labelledby": "dialog-title"}
    closing = foot if foot is not None else button(w.CLOSE, on_click=on_close)
    return _Modal.create(
        rx.el.div(
            rx.el.h2(title, class_name="h-16", custom_attrs={"id": "dialog-title"}),
            rx.el.p(text, class_name="quiet") if is_given(text) else rx.fragment(),
            *content,
            class_name="dialog-body",
        ),
        rx.el.div(closing, class_name="dialog-foot"),
        open=open,
        on_close=on_close,
        dismissible=dismissible,
        class_name="dialog",
        custom_attrs=attrs,
    )
