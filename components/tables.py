"""The table: searched, sorted and paged by the server; on phones every row becomes a card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx

from components import words as w
from components.base import Content, Flag, Handler, Text, icon, link, when, words
from components.buttons import MenuItem, menu
from components.states import empty_state, table_skeleton

Cell = Callable[[Any], Content]


@dataclass(frozen=True)
class Column:
    """One column: `cell` draws a row's value; `key` is what `on_sort` gets.

    The `lead` column is the card's title on phones and holds the opener of the row; a table has exactly one.
    """

    key: str
    label: str
    cell: Cell
    align: Literal["left", "right"] = "left"
    sortable: bool = False
    lead: bool = False
    wide_only: bool = False


@dataclass(frozen=True)
class Sorting:
    """What the table is sorted by, and the handler that gets a column's key when its head is pressed."""

    by: Text
    descending: Flag
    on_sort: Handler


@dataclass(frozen=True)
class Picking:
    """Bulk selection: chosen ids, handlers `(id, checked)` and `(checked)`, acts; which rows have a box, who sees one."""

    chosen: rx.Var
    on_pick: Handler
    on_pick_all: Handler
    acts: Content
    can_pick: Cell | None = None
    shown: Flag = True


@dataclass(frozen=True)
class PageInfo:
    """Which part of a list is shown; `number` counts from 1."""

    text: str = ""
    number: int = 1
    has_previous: bool = False
    has_next: bool = False

    @classmethod
    def of(cls, number: int, size: int, total: int) -> PageInfo:
        """Describe page `number` of `total` entries, `size` to a page; an empty list needs no walking."""
        if not total:
            return cls()
        first = (number - 1) * size + 1
        last = min(number * size, total)
        return cls(f"{first:,}–{last:,} / {total:,}", number, number > 1, last < total)


def _head_cell(column: Column, sorting: Sorting | None) -> rx.Component:
    side = "right" if column.align == "right" else ""
    if sorting is None or not column.sortable:
        return rx.el.th(column.label, scope="col", class_name=side)
    mine = rx.Var.create(sorting.by) == column.key
    order = rx.cond(mine, rx.cond(sorting.descending, "descending", "ascending"), "none")
    arrow = rx.cond(
        mine & ~rx.Var.create(sorting.descending).bool(),
        icon("arrow-up", size=14),
        icon("arrow-down", size=14),
    )
    return rx.el.th(
        rx.el.button(
            column.label,
            arrow,
            type="button",
            class_name="sort",
            on_click=sorting.on_sort(column.key),
        ),
        scope="col",
        class_name=side,
        custom_attrs={"aria-sort": order},
    )


def _cell(
    column: Column, row: Any, href: Cell | None, on_open: Callable[[Any], Handler] | None
) -> rx.Component:
    inside = column.cell(row)
    if column.lead and href is not None:
        inside = link(inside, href=href(row), class_name="open-row")  # pyright: ignore[reportArgumentType]
    elif column.lead and on_open is not None:
        inside = rx.el.button(inside, type="button", class_name="open-row", on_click=on_open(row))
    classes = words(
        "right num" if column.align == "right" else "",
        "lead-cell" if column.lead else "",
        "wide-only" if column.wide_only else "",
    )
    return rx.el.td(inside, class_name=classes, custom_attrs={"data-label": column.label})


def _pick_cell(picking: Picking, row: Any, row_id: Any) -> rx.Component:
    box: Any = rx.el.input(
        type="checkbox",
        checked=picking.chosen.to(list[str]).contains(row_id),
        on_change=lambda checked: picking.on_pick(row_id, checked),
        custom_attrs={"aria-label": w.SELECT_ROW},
    )
    box = rx.el.label(box)
    if picking.can_pick is not None:
        box = rx.cond(picking.can_pick(row), box)
    return _shown(picking, rx.el.td(box, class_name="pick"))


def _shown(picking: Picking, cell: rx.Component) -> rx.Component:
    return rx.cond(picking.shown, cell) if isinstance(picking.shown, rx.Var) else cell  # pyright: ignore[reportReturnType]


def data_table(
    columns: Sequence[Column],
    rows: Any,
    *,
    caption: str,
    row_id: Cell = lambda row: row.id,
    sorting: Sorting | None = None,
    row_href: Cell | None = None,
    on_open: Callable[[Any], Handler] | None = None,
    open_id: Text | None = None,
    row_menu: Callable[[Any], list[MenuItem]] | None = None,
    picking: Picking | None = None,
    empty: Content | None = None,
    loading: Flag = False,
    busy: Flag = False,
    foot: Sequence[Content] | None = None,
    stacked: bool = True,
) -> rx.Component:
    """Show rows held by the state (or constants).

    `caption` names the table for screen readers. A press on a row follows `row_href(row)` or runs `on_open(row)`;
    `open_id` marks the row whose detail is open. `loading` shows a skeleton, `busy` dims while new rows come.
    `stacked=False` keeps the table a table on phones, scrolling sideways: for two or three narrow columns.
    """
    can_open = row_href is not None or on_open is not None

    def line(row: Any) -> rx.Component:
        cells = [_cell(column, row, row_href, on_open) for column in columns]
        if picking is not None:
            cells.insert(0, _pick_cell(picking, row, row_id(row)))
        if row_menu is not None:
            items = row_menu(row)
            made_id = rx.Var.create("menu-") + row_id(row)  # pyright: ignore[reportOperatorIssue]
            cells.append(rx.el.td(menu(made_id, w.ROW_ACTS, items), class_name="menu-cell"))
        attrs = (
            {}
            if open_id is None
            else {"aria-selected": rx.cond(rx.Var.create(open_id) == row_id(row), "true", "false")}
        )
        return rx.el.tr(
            *cells, key=row_id(row), class_name="can-open" if can_open else "", custom_attrs=attrs
        )

    table = rx.el.div(
        rx.el.table(
            rx.el.caption(caption, class_name="sr-only"),
            rx.el.thead(_head_row(columns, sorting, picking, with_menu=row_menu is not None)),
            rx.el.tbody(rx.foreach(rows, line)),
            rx.el.tfoot(rx.el.tr(*[rx.el.td(cell) for cell in foot])) if foot else rx.fragment(),
            class_name="table",
        ),
        class_name=_wrap_class(stacked, busy),
        # A region that scrolls must be reachable by keyboard.
        tab_index=0,
        role="region",
        custom_attrs={"aria-label": caption},
    )
    vacant = empty if empty is not None else empty_state(w.EMPTY_TABLE)
    bar = rx.fragment() if picking is None else _bulk_bar(picking)
    some = rx.Var.create(rows).length() > 0  # pyright: ignore[reportAttributeAccessIssue]
    filled = rx.fragment(bar, rx.cond(some, table, vacant))
    if loading is False:
        return filled
    return rx.cond(loading, table_skeleton(len(columns)), filled)  # pyright: ignore[reportReturnType]


def _wrap_class(stacked: bool, busy: Flag) -> Text:
    base = "table-wrap cards" if stacked else "table-wrap"
    if isinstance(busy, rx.Var):
        return rx.cond(busy, f"{base} table-busy", base)  # pyright: ignore[reportReturnType]
    return f"{base} table-busy" if busy else base


def _head_row(
    columns: Sequence[Column], sorting: Sorting | None, picking: Picking | None, *, with_menu: bool
) -> rx.Component:
    heads = [_head_cell(column, sorting) for column in columns]
    if picking is not None:
        box = rx.el.input(
            type="checkbox",
            checked=picking.chosen.to(list[str]).length() > 0,
            on_change=picking.on_pick_all,
            custom_attrs={"aria-label": w.SELECT_ALL},
        )
        heads.insert(0, _shown(picking, rx.el.th(rx.el.label(box), scope="col", class_name="pick")))
    if with_menu:
        heads.append(rx.el.th(rx.el.span(w.ROW_ACTS, class_name="sr-only"), scope="col"))
    return rx.el.tr(*heads)


def _bulk_bar(picking: Picking) -> rx.Component:
    count = picking.chosen.to(list[str]).length()
    bar = rx.el.div(
        rx.el.span(count, " ", w.SELECTED, class_name="grow"),
        picking.acts,
        class_name="bulk",
        role="status",
    )
    return rx.cond(count > 0, bar)  # pyright: ignore[reportReturnType]


def pager(page: Any, *, on_page: Handler) -> rx.Component:
    """Walk through a long list; `page` is a `PageInfo`, the handler gets the number of the page wanted."""
    number = rx.Var.create(page.number).to(int)
    bar = rx.el.nav(
        rx.el.span(page.text, class_name="num", role="status"),
        rx.el.div(
            rx.el.button(
                icon("chevron-left"),
                rx.el.span(w.PREVIOUS),
                type="button",
                class_name="btn btn-plain btn-small",
                disabled=~rx.Var.create(page.has_previous).bool(),
                on_click=on_page(number - 1),
            ),
            rx.el.button(
                rx.el.span(w.NEXT),
                icon("chevron-right"),
                type="button",
                class_name="btn btn-plain btn-small",
                disabled=~rx.Var.create(page.has_next).bool(),
                on_click=on_page(number + 1),
            ),
            class_name="row",
        ),
        class_name="pager",
        custom_attrs={"aria-label": w.PAGES_OF_LIST},
    )
    return when(page.text, bar)


def simple_table(
    heads: Sequence[tuple[str, Literal["left", "right"]]],
    lines: Sequence[Sequence[Content]] | list[Any],
    *,
    caption: str,
) -> rx.Component:
    """Set constant lines in a table, for documents and short lists."""
    return rx.el.div(
        rx.el.table(
            rx.el.caption(caption, class_name="sr-only"),
            rx.el.thead(
                rx.el.tr(
                    *[
                        rx.el.th(text, scope="col", class_name="right" if side == "right" else "")
                        for text, side in heads
                    ]
                )
            ),
            rx.el.tbody(
                *[
                    rx.el.tr(
                        *[
                            rx.el.td(cell, class_name="right num" if side == "right" else "")
                            for cell, (_, side) in zip(line, heads, strict=True)
                        ]
                    )
                    for line in lines
                ]
            ),
            class_name="table",
        ),
        class_name="table-wrap",
        tab_index=0,
        role="region",
        custom_attrs={"aria-label": caption},
    )
