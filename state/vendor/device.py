"""One device: its drawer, and the acts on it that ask first."""

from __future__ import annotations

import datetime as dt
from typing import Final

import reflex as rx

from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.services import device_lists, devices, onboarding
from app.services.context import Context
from components.activity import DayBar, day_bars
from state.browsing import asked, view
from state.session import acting, parse_id
from state.vendor.device_rows import BindingRow, DeviceDetail, to_binding, to_detail
from state.vendor.devices import PATH, DevicesState

DAYS: Final = 90
_QUESTIONS: Final = {
    "rekey": (
        "Re-key device {}?",
        "It is bound to a new actor, with a new receipt. What still uses the old actor is refused "
        "and stops counting at once.",
        "Re-key device",
    ),
    "release": (
        "Release device {}?",
        "Nothing it does from now on counts, and it costs nothing more after this month. Its "
        "receipt stays as evidence. A re-key brings it back.",
        "Release device",
    ),
}


class DeviceState(rx.State):
    """The device the address opens, and what is being asked about one."""

    detail: DeviceDetail = DeviceDetail()
    bars: list[DayBar] = []
    activity_words: str = ""
    bindings: list[BindingRow] = []
    was_rekeyed: bool = False
    act: str = ""
    title: str = ""
    text: str = ""
    verb: str = ""
    error: str = ""
    _about: str = ""

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Open the device that the address names, if it does."""
        wanted = asked(self, "open")
        self.detail, self.act = DeviceDetail(), ""
        if not wanted:
            return None
        try:
            await self._show(wanted)
        except (NotFoundError, InvalidInputError) as refusal:
            return rx.toast.error(refusal.message)
        return None

    @rx.event
    async def open(self, device_pk: str) -> rx.event.EventSpec:
        """Show one device beside the list, under its own address."""
        async with acting(self, readonly=True):
            wanted = str(parse_id(device_pk))
            return rx.redirect(view(self, PATH, {"open": wanted}, is_same_list=True))

    @rx.event
    async def close(self) -> rx.event.EventSpec:
        """Go back to the list."""
        async with acting(self, readonly=True):
            self.detail = DeviceDetail()
            return rx.redirect(view(self, PATH, {}, is_same_list=True), replace=True)

    @rx.event
    async def ask(self, act: str, device_pk: str) -> None:
        """Ask before a device is bound anew or let go."""
        async with acting(self, readonly=True) as ctx:
            found = await devices.get(ctx, parse_id(device_pk))
        if act not in _QUESTIONS:
            return
        title, self.text, self.verb = _QUESTIONS[act]
        self.title = title.format(found.device.device_id)
        self.act, self.error, self._about = act, "", device_pk

    @rx.event
    async def cancel(self) -> None:
        """Leave everything as it is."""
        async with acting(self, readonly=True):
            self.act = ""

    @rx.event
    async def confirm(self, form: dict[str, str]) -> list[rx.event.EventSpec]:  # noqa: ARG002 - the dialog sends its form
        """Do what was asked about, and show the device as it is now."""
        try:
            async with acting(self) as ctx:
                done = await self._do(ctx)
        except ConflictError as refusal:
            self.error = refusal.message
            return []
        self.act = ""
        if self.detail.id == self._about:
            await self._show(self._about)
        listed = await self.get_state(DevicesState)
        await listed.reload()
        return [rx.toast.success(done)]

    async def _do(self, ctx: Context) -> str:
        device_pk = parse_id(self._about)
        if self.act == "release":
            found = await devices.release(ctx, device_pk)
            return f"Device {found.device.device_id} is released"
        found = await devices.rekey(ctx, device_pk)
        return f"Device {found.device.device_id} is in generation {found.device.generation}"

    async def _show(self, wanted: str) -> None:
        async with acting(self, readonly=True) as ctx:
            locale = (await onboarding.own_tenant(ctx)).locale
            found = await devices.get(ctx, parse_id(wanted))
            history = await devices.bindings(ctx, found.device.id)
            days = dict(await device_lists.activity(ctx, found.device.id, days=DAYS))
            now, site = ctx.now(), ctx.site_url
        end = now.date() + dt.timedelta(days=1)
        self.detail = to_detail(found, now, locale, site)
        self.bars = day_bars(end - dt.timedelta(days=DAYS), end, days)
        self.activity_words = (
            f"{sum(days.values()):,} authority events on {len(days)} of the last {DAYS} days"
        )
        self.bindings = [to_binding(row, now, locale) for row in history]
        self.was_rekeyed = len(history) > 1
