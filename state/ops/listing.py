"""What every list and every act of operations does alike: the address holds the view, acts ask first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import reflex as rx

from app.core.errors import DomainError, InvalidInputError
from app.services.context import Context
from app.services.ops_lists import SIZE
from components.tables import PageInfo
from state.browsing import asked, asked_page, view
from state.ops.asking import Question, in_words
from state.session import acting, parse_id

LONGEST_SEARCH: Final = 128


class Listing(rx.State, mixin=True):
    """A list whose search, filter, order, page and open row stand in the address."""

    is_loaded: bool = False
    q: str = ""
    status: str = ""
    sort: str = ""
    is_descending: bool = True
    is_filtered: bool = False
    open_id: str = ""
    page: PageInfo = PageInfo()

    @rx.event
    async def search_for(self, text: str) -> rx.event.EventSpec:
        """Show only what contains a text."""
        return await self._go(q=text[:LONGEST_SEARCH])

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

    def _read(
        self, statuses: Collection[str], sorts: Collection[str], first: str = "-created_at"
    ) -> int:
        """Take over what the address asks for, leaving out what it cannot; returns the page."""
        self.q = asked(self, "q")[:LONGEST_SEARCH]
        status, sort = asked(self, "status"), asked(self, "sort")
        self.status = status if status in statuses else ""
        sort = sort if sort.removeprefix("-") in sorts else first
        self.sort, self.is_descending = sort.removeprefix("-"), sort.startswith("-")
        self.is_filtered = bool(self.q or self.status)
        self.open_id = asked(self, "open")
        return asked_page(self)

    def _order(self) -> str:
        return f"-{self.sort}" if self.is_descending else self.sort

    def _turned(self, number: int, total: int | None) -> None:
        self.page, self.is_loaded = PageInfo.of(number, SIZE, total or 0), True

    def _view(self, changes: Mapping[str, str | int], *, is_same_list: bool = False) -> str:
        return view(self, self.router.url.path.rstrip("/"), changes, is_same_list=is_same_list)

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting(self, readonly=True):
            return rx.redirect(self._view(changes), replace=True)


class Asking(rx.State, mixin=True):
    """Acts that ask first; a state says in ``_do`` what they are and in ``_again`` what changed."""

    question: Question = Question()
    refusal: str = ""

    @rx.event
    async def cancel(self) -> None:
        """Leave everything as it is."""
        async with acting(self, readonly=True):
            self.question, self.refusal = Question(), ""

    @rx.event
    async def confirm(self, form: dict[str, str]) -> list[rx.event.EventSpec]:
        """Do what was asked about; a refusal is said in the dialog, which stays open."""
        try:
            async with acting(self) as ctx:
                done = await self._do(ctx, self.question, form)
        except DomainError as refusal:
            self.refusal = in_words(refusal)
            return []
        self.question, self.refusal = Question(), ""
        await self._again()
        return [rx.toast.success(done)]

    def _pose(self, question: Question) -> None:
        self.question, self.refusal = question, ""

    async def _do(
        self,
        ctx: Context,  # noqa: ARG002 - the states that ask need it
        question: Question,  # noqa: ARG002
        form: Mapping[str, str],  # noqa: ARG002
    ) -> str:
        raise unknown_act()

    async def _again(self) -> None:
        """Show what the act changed."""


def unknown_act() -> InvalidInputError:
    """Return the refusal of an act that nobody was asked about."""
    return InvalidInputError("There is nothing to confirm here.")
