"""The two shapes of a page of operations: a list with its tools, and one thing whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.pages.ops.parts import MAY_ACT, question_dialog
from app.pages.shell import ops_frame
from components.base import Content, icon, link, row, stack, when
from components.buttons import button, link_button
from components.fields import filter_select, filters, search_box
from components.layout import callout, card
from components.states import (
    block_skeleton,
    empty_state,
    lines_skeleton,
    loaded,
    missing_page,
    table_skeleton,
)
from components.tables import Cell, Column, Picking, Sorting, data_table, pager
from components.tabs import link_tabs


@dataclass(frozen=True)
class Words:
    """What a list says of itself; ``one`` is what a row of it is called.

    ``empty`` is the title, the sentence and the icon of a list that nothing ever came to.
    """

    title: str
    one: str
    search: str
    empty: tuple[str, str, str]


@dataclass(frozen=True)
class Select:
    """One more way to narrow a list down; the first option means "all"."""

    label: str
    options: Any
    value: Any
    on_change: Any


def ops_list(
    state: Any,
    columns: Sequence[Column],
    words: Words,
    *,
    current: str,
    statuses: Sequence[tuple[str, str]] = (),
    selects: Sequence[Select] = (),
    tabs: Content | None = None,
    above: Sequence[Content] = (),
    narrowed: Content | None = None,
    row_href: Cell | None = None,
    beside: Content | None = None,
    repeat: str = "",
    also: Sequence[Content] = (),
) -> rx.Component:
    """Draw a page around a ``Listing``; a row follows ``row_href`` or opens what is ``beside``.

    ``above`` comes before the tools, ``narrowed`` between them and the table. A state that asks
    gets its dialog; ``also`` is drawn as well. ``repeat`` is the verb of what a state that repeats
    does to several rows at once.
    """
    opening: dict[str, Any] = {"row_href": row_href}
    if beside is not None:
        opening = {"on_open": lambda one: state.open_row(one.id), "open_id": state.open_id}
    table = data_table(
        columns,
        state.rows,
        caption=words.title,
        sorting=Sorting(state.sort, state.is_descending, state.sort_by),
        picking=_picking(state, repeat) if repeat else None,
        empty=empty_list(state, words.one, words.empty),
        **opening,
    )
    return ops_frame(
        loaded(
            state.is_loaded,
            stack(
                *([] if tabs is None else [tabs]),
                *above,
                list_tools(state, words.search, statuses=statuses, selects=selects),
                *([] if narrowed is None else [narrowed]),
                *([when(state.outcome, _outcome(state))] if repeat else []),
                card(table, flush=True),
                pager(state.page, on_page=state.turn_to),
                gap=3,
            ),
            table_skeleton(len(columns)),
        ),
        *([] if beside is None else [beside]),
        *([question_dialog(state)] if hasattr(state, "question") else []),
        *also,
        title=words.title,
        current=current,
    )


def ops_single(
    state: Any,
    *content: Content,
    title: Any,
    current: str,
    home: tuple[str, str],
    head: Sequence[Content],
    acting: Content,
) -> rx.Component:
    """Draw a page around a ``Single``: a way back, what tells it apart, its acts, its matters.

    ``home`` is the list that it is of, as the words of the way back and the address.
    """
    back, href = home
    whole = stack(
        row(
            row(link(icon("arrow-left"), f" {back}", href=href, class_name="btn btn-quiet"), *head),
            acting,
            between=True,
        ),
        *content,
        gap=6,
    )
    return ops_frame(
        loaded(
            state.is_loaded,
            rx.cond(state.is_missing, missing_page(home_href=href), whole),
            stack(lines_skeleton(4), block_skeleton(220), block_skeleton(220), gap=6),
        ),
        question_dialog(state),
        title=title,
        current=current,
    )


def _picking(state: Any, verb: str) -> Picking:
    act = button(verb, on_click=state.ask_chosen, icon_name="rotate-cw", small=True)
    return Picking(
        state.chosen,
        state.pick,
        state.pick_all,
        act,
        can_pick=lambda row: row.can_repeat,
        shown=MAY_ACT & state.is_repeatable,
    )


def _outcome(state: Any) -> rx.Component:
    return callout(state.outcome, tone="warn", title="Not all of them", live=True)


def mail_tabs(current: str) -> rx.Component:
    """Lead between mails and the addresses that refuse them."""
    return link_tabs(
        "Mail",
        [
            ("outbox", "Outbox", "/ops/mail"),
            ("suppressed", "Suppressed addresses", "/ops/mail/suppressed"),
        ],
        current=current,
    )


def money_tabs(current: str) -> rx.Component:
    """Lead between money that came, money that is disputed and money that went."""
    return link_tabs(
        "Money",
        [
            ("in", "Payments", "/ops/payments"),
            ("disputes", "Disputes", "/ops/payments/disputes"),
            ("out", "Payouts", "/ops/payouts"),
        ],
        current=current,
    )


def list_tools(
    state: Any,
    search: str,
    *,
    statuses: Sequence[tuple[str, str]] = (),
    selects: Sequence[Select] = (),
) -> rx.Component:
    """Draw the line above a list's table: search, filters, and the file of what they show."""
    if statuses:
        selects = (Select("Status", list(statuses), state.status, state.filter_status), *selects)
    return filters(
        search_box(search, on_search=state.search_for, value=state.q),
        *[
            filter_select(one.label, one.options, value=one.value, on_change=one.on_change)
            for one in selects
        ],
        end=link_button("Export CSV", href=state.csv_href, external=True, icon_name="download"),
    )


def empty_list(state: Any, one: str, empty: tuple[str, str, str]) -> rx.Component:
    """Say that nothing matches, or that nothing ever came: its title, its sentence, its icon."""
    title, text, icon_name = empty
    return rx.cond(  # pyright: ignore[reportReturnType]
        state.is_filtered,
        empty_state(f"No {one} matches", "Change the search or the filters.", icon_name="search"),
        empty_state(title, text, icon_name=icon_name),
    )
