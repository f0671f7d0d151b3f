"""The vendor's devices: what the address asks for, one page at a time."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.locale import format_number
from app.rules.statuses import DeviceStatus
from app.services import activity_pulse, device_lists, figures, onboarding
from app.services.device_lists import Search
from components.tables import PageInfo
from state.browsing import address, asked, asked_page, view
from state.session import acting
from state.vendor.device_rows import DeviceRow, to_row

PATH: Final = "/vendor/devices"
FILE: Final = "/files/vendor/devices.csv"
SIZE: Final = 25
SORTS: Final = ("registered_at", "last_active_at", "device_id")
WITHIN: Final = ("1", "7", "30", "90")


class DevicesState(rx.State):
    """What the list shows; the address holds all of it."""

    is_loaded: bool = False
    q: str = ""
    status: str = ""
    within: str = ""
    sort: str = "registered_at"
    is_descending: bool = True
    open_id: str = ""
    rows: list[DeviceRow] = []
    page: PageInfo = PageInfo()
    is_filtered: bool = False
    count_line: str = ""
    csv_href: str = FILE
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for; what it cannot ask for is left out."""
        self.q = asked(self, "q")[:128]
        status, within, sort = (asked(self, name) for name in ("status", "within", "sort"))
        self.status = status if status in set(DeviceStatus) else ""
        self.within = within if within in WITHIN else ""
        known = sort.removeprefix("-") in SORTS
        self.sort = sort.removeprefix("-") if known else SORTS[0]
        self.is_descending = sort.startswith("-") if known else True
        self.open_id = asked(self, "open")
        await self._show(asked_page(self))

    @rx.event
    async def search_for(self, text: str) -> rx.event.EventSpec:
        """Find a text in the device id, the user or the actor."""
        return await self._go(q=text[:128])

    @rx.event
    async def filter_status(self, status: str) -> rx.event.EventSpec:
        """Show only devices of one status."""
        return await self._go(status=status)

    @rx.event
    async def filter_within(self, days: str) -> rx.event.EventSpec:
        """Show only devices that were active in the last days."""
        return await self._go(within=days)

    @rx.event
    async def sort_by(self, key: str) -> rx.event.EventSpec:
        """Sort by a column, the other way round when it is sorted by it already."""
        down = not self.is_descending if key == self.sort else key != "device_id"
        return await self._go(sort=f"-{key}" if down else key)

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the list."""
        return await self._go(page=max(1, number))

    @rx.event
    async def reload(self) -> None:
        """Show the same page of the list as it is now."""
        await self._show(self.page.number)

    @rx.event
    async def tick(self) -> None:
        """Move by itself when a device registers or was active."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show(self.page.number)

    def _search(self) -> Search:
        return Search(
            q=self.q,
            status=DeviceStatus(self.status) if self.status else None,
            active_within=int(self.within) if self.within else None,
            sort=f"-{self.sort}" if self.is_descending else self.sort,
        )

    async def _show(self, number: int) -> None:
        search = self._search()
        async with acting(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_tenant(ctx)
            locale = (await onboarding.own_tenant(ctx)).locale
            found = await device_lists.list_page(
                ctx, search, offset=(number - 1) * SIZE, limit=SIZE
            )
            counts = await figures.device_counts(ctx)
            now = ctx.now()
        self.rows = [to_row(device, now, locale) for device in found.rows]
        self.page = PageInfo.of(number, SIZE, found.total or 0)
        self.is_filtered = bool(self.q or self.status or self.within)
        active, registered, today = (
            format_number(one, locale) for one in (counts.active, counts.registered, counts.today)
        )
        self.count_line = f"{active} active, {registered} registered, {today} new today"
        asked_for = {"q": self.q, "status": self.status, "active_within": self.within}
        self.csv_href = address(FILE, **asked_for, sort=search.sort)
        self.is_loaded = True

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting(self, readonly=True):
            return rx.redirect(view(self, PATH, changes), replace=True)
