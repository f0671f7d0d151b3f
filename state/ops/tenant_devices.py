"""One vendor's devices on its page: the address says which."""

from __future__ import annotations

import datetime as dt
from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError
from app.services import ops_devices
from models.device import Device
from state.ops.listing import Listing
from state.ops.single import wanted
from state.ops.words import LOCALE
from state.session import acting
from state.vendor.device_rows import DeviceRow, to_row

SHOWN: Final = 10


class TenantDevicesState(Listing, rx.State):
    """The list of one vendor's devices."""

    rows: list[DeviceRow] = []

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            try:
                tenant_id = wanted(self)
            except InvalidInputError:  # the page says already that there is no such vendor
                return
            self.rows = await self._list(ctx, ops_devices.DEVICES, _row, of=tenant_id, size=SHOWN)


def _row(device: Device, now: dt.datetime) -> DeviceRow:
    return to_row(device, now, LOCALE)
