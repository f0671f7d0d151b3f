"""What every list of operations does alike: the address holds the view."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.services.context import Context
from app.services.ops_lists import LONGEST_TEXT, SIZE, Listed, Search
from components.tables import PageInfo
from state.browsing import address, asked, asked_page, view
from state.ops.asking import Showing
from state.session import acting, parse_id

Line = TypeVar("Line")
Row = TypeVar("Row")


class Listing(Showing, mixin=True):
    """A list whose search, filters, order, page and open row stand in the address.

    A state says in ``_show`` which list it is, by ``_list``, and what is open beside it.
    """

    is_loaded: bool = False
    q: str = ""
    status: str = ""
    sort: str = ""
    is_descending: bool = True
    is_filtered: bool = False
    open_id: str = ""
    page: PageInfo = PageInfo()
    csv_href: str = ""

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Show what the address asks for."""
        self._fresh()
        try:
            await self._show()
        except (NotFoundError, InvalidInputError) as refusal:
            return rx.toast.error(refusal.message)
        return None

    @rx.event
    async def search_for(self, text: str) -> rx.event.EventSpec:
        """Show only what contains a text."""
        return await self._go(q=text[:LONGEST_TEXT])

    @rx.event
    async def filter_status(self, status: str) -> rx.event.EventSpec:
        """Show only what has one status."""
        return await self._go(status=status)

    @rx.event
    async def sort_by(self, key: str) -> rx.event.EventSpec:
        """Sort by a column, the other way round when it is sorted by it already."""
        down = not self.is_descending if key == self.sort else True
        return await self._go(sort=f"-{key}" if down else key)

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the list."""
        return await self._go(page=max(1, number))

    @rx.event
    async def open_row(self, row_id: str) -> rx.event.EventSpec:
        """Show one row's detail beside the list, under its own address."""
        async with acting(self, readonly=True):
            return rx.redirect(self._view({"open": str(parse_id(row_id))}, is_same_list=True))

    @rx.event
    async def close_row(self) -> rx.event.EventSpec:
        """Go back to the list."""
        async with acting(self, readonly=True):
            return rx.redirect(self._view({}, is_same_list=True), replace=True)

    async def _list(
        self,
        ctx: Context,
        listed: Listed[Line],
        to_row: Callable[[Line, dt.datetime], Row],
        of: UUID | None = None,
        size: int = SIZE,
        **narrowed: Any,
    ) -> list[Row]:
        """Return the page that the address asks for, leaving out what the list cannot show.

        ``of`` is the vendor on whose page the list stands; ``narrowed`` was chosen by the reader.
        """
        self.q, self.open_id = asked(self, "q")[:LONGEST_TEXT], asked(self, "open")
        status, sort = asked(self, "status"), asked(self, "sort")
        self.status = status if status in listed.statuses else ""
        sort = sort if sort.removeprefix("-") in listed.sorts else listed.order
        self.sort, self.is_descending = sort.removeprefix("-"), sort.startswith("-")
        narrowed = {key: value for key, value in narrowed.items() if value}
        self.is_filtered = bool(self.q or self.status or narrowed)
        chosen = {"q": self.q, "status": self.status, **narrowed}
        chosen |= {"tenant_id": of} if of else {}
        self.csv_href = address(f"/files/ops/{listed.name}.csv", **chosen, sort=sort)
        number = asked_page(self)
        found = await listed.page(ctx, Search(sort=sort, **chosen), number, size=size)
        self.page, self.is_loaded = PageInfo.of(number, size, found.total or 0), True
        now = ctx.now()
        return [to_row(line, now) for line in found.rows]

    def _view(self, changes: Mapping[str, str | int], *, is_same_list: bool = False) -> str:
        return view(self, self.router.url.path.rstrip("/"), changes, is_same_list=is_same_list)

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting(self, readonly=True):
            return rx.redirect(self._view(changes), replace=True)
