"""Tokens and keys: the list, one of them beside it, and the dialogs of its life; each secret is shown once.

``state`` is the page's state: it has ``rows``, ``opened``, ``asking``, ``about_label``, ``about_prefix``, ``error``, ``secret``
and ``curl``, and the handlers ``open``, ``close``, ``ask``, ``cancel``, ``create``, ``rotate`` and ``revoke``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from components.badges import state_badge
from components.base import Content, heading, quiet, stack, when, when_at
from components.buttons import MenuItem, button
from components.code import code_block, secret
from components.layout import callout, facts
from components.native_form import Options, field, select_field, state_form, submit_button
from components.overlays import confirm_dialog, dialog, drawer
from components.states import empty_state
from components.tables import Column, data_table


@dataclass(frozen=True)
class TokenWords:
    """What they are called here, and what happens with them."""

    one: str
    """In the middle of a sentence: ``token``."""
    several: str
    why: str
    """What one is good for, where there is none."""
    where: str
    """Where it will be used, as an example for a label."""
    stops: str
    """What happens at once when one is revoked."""
    store: str
    """What to do with a new one."""
    try_it: str
    places: str = "Every network that it was used from, the newest first."

    @property
    def title(self) -> str:
        """At the beginning of a sentence."""
        return self.one.capitalize()


def token_table(state: Any, said: TokenWords, extra: Sequence[Column] = ()) -> rx.Component:
    """List them all, the newest first."""
    return data_table(
        [
            Column(
                "label", "Label", lambda row: rx.el.span(row.label, class_name="strong"), lead=True
            ),
            Column("prefix", said.title, lambda row: rx.el.code(row.prefix, class_name="mono")),
            Column("status", "Status", lambda row: state_badge(row.status)),
            *extra,
            Column("used", "Last used", lambda row: when_at(row.used, row.used_exact)),
            Column("networks", "Used from", lambda row: row.networks, wide_only=True),
            Column("created", "Created", lambda row: when_at(row.created, row.created_exact)),
            Column("expires", "Ends", lambda row: when_at(row.expires, row.expires_exact)),
        ],
        state.rows,
        caption=said.several,
        on_open=lambda row: state.open(row.id),
        row_menu=lambda row: _menu(state, row),
        empty=empty_state(
            f"No {said.several.lower()} yet",
            said.why,
            icon_name="key-round",
            action=create_button(state, said),
        ),
    )


def create_button(state: Any, said: TokenWords, **options: Any) -> rx.Component:
    """Draw the act that makes another one."""
    create = state.ask("create", "")
    return button(f"Create {said.one}", on_click=create, kind="main", **options)


def _menu(state: Any, row: Any) -> list[MenuItem]:
    return [
        MenuItem("Where used from", on_click=state.open(row.id), icon_name="map-pin"),
        MenuItem(
            "Rotate",
            on_click=state.ask("rotate", row.id),
            icon_name="refresh-cw",
            shown=row.can_rotate,
        ),
        MenuItem(
            "Revoke",
            on_click=state.ask("revoke", row.id),
            icon_name="ban",
            danger=True,
            shown=row.is_live,
        ),
    ]


def token_drawer(
    state: Any,
    row: Any,
    said: TokenWords,
    more: Callable[[Any], list[tuple[str, Content]]] = lambda _: [],
) -> rx.Component:
    """Show one beside the list, with the networks it was used from; ``more`` says further facts."""
    ask = state.ask
    return drawer(
        facts(
            (said.title, rx.el.code(row.prefix, class_name="mono")),
            ("Status", state_badge(row.status)),
            *more(row),
            ("Created", when_at(row.created, row.created_exact)),
            ("Last used", when_at(row.used, row.used_exact)),
            ("Ends", when_at(row.expires, row.expires_exact)),
        ),
        rx.el.section(
            heading("Used from", level=3, size=14),
            quiet(said.places),
            rx.cond(
                row.places.length() > 0,
                rx.el.ul(rx.foreach(row.places, _place), class_name="plain-list"),
                rx.el.p("Not used yet."),
            ),
            class_name="stack stack-2",
        ),
        open=True,
        on_close=state.close,
        title=row.label,
        foot=rx.cond(
            row.is_live,
            rx.fragment(
                rx.cond(
                    row.can_rotate,
                    button("Rotate", on_click=ask("rotate", row.id), icon_name="refresh-cw"),
                ),
                button("Revoke", on_click=ask("revoke", row.id), kind="danger", icon_name="ban"),
            ),
            quiet(f"This {said.one} is not accepted any more."),
        ),
    )


def _place(place: Any) -> rx.Component:
    return rx.el.li(
        rx.el.code(place.network, class_name="mono"),
        " since ",
        when_at(place.since, place.since_exact),
        key=place.id,
    )


def token_dialogs(
    state: Any, said: TokenWords, overlaps: Options, more: Sequence[Content] = ()
) -> rx.Component:
    """Hold the dialogs of making, rotating and revoking one; ``more`` is asked of a new one as well."""
    return rx.fragment(
        _create(state, said, more),
        _rotate(state, said, overlaps),
        _revoke(state, said),
        _secret(state, said),
    )


def _create(state: Any, said: TokenWords, more: Sequence[Content]) -> rx.Component:
    return dialog(
        state_form(
            field(
                "label",
                "Label",
                help_text=f"Where it will be used, for example: {said.where}.",
                max_length=60,
                field_id="token-label",
            ),
            *more,
            _foot(state, submit_button(f"Create {said.one}")),
            on_submit=state.create,
            error=state.error,
        ),
        open=state.asking == "create",
        title=f"Create {said.one}",
        on_close=state.cancel,
        foot=rx.fragment(),
    )


def _rotate(state: Any, said: TokenWords, overlaps: Options) -> rx.Component:
    return dialog(
        state_form(
            select_field(
                "overlap",
                f"How long the old {said.one} goes on",
                overlaps,
                default_value="72",
                help_text="Put the new one in place within this time, and nothing stops.",
            ),
            _foot(state, submit_button(f"Rotate {said.one}")),
            on_submit=state.rotate,
            error=state.error,
        ),
        open=state.asking == "rotate",
        title=f"Rotate {said.one} " + state.about_prefix,
        text=f"A new {said.one} takes the place of " + state.about_label + " and is shown once.",
        on_close=state.cancel,
        foot=rx.fragment(),
    )


def _foot(state: Any, act: rx.Component) -> rx.Component:
    return rx.el.div(button("Cancel", on_click=state.cancel), act, class_name="row row-end")


def _revoke(state: Any, said: TokenWords) -> rx.Component:
    return confirm_dialog(
        open=state.asking == "revoke",
        title=f"Revoke {said.one} " + state.about_prefix + "?",
        text=said.stops.partition("{label}")[0]
        + state.about_label
        + said.stops.partition("{label}")[2],
        verb=f"Revoke {said.one}",
        on_confirm=state.revoke,
        on_cancel=state.cancel,
    )


def _secret(state: Any, said: TokenWords) -> rx.Component:
    return dialog(
        callout(said.store, tone="warn"),
        secret(state.secret, label=f"Your new {said.one}"),
        stack(
            when(state.curl, quiet(said.try_it)),
            code_block(state.curl, label="Shell"),
            gap=2,
        ),
        open=state.secret != "",
        title=f"Your new {said.one}",
        on_close=state.cancel,
        foot=button("I have stored it", on_click=state.cancel, kind="main"),
        dismissible=False,
    )
