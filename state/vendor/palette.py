"""The command palette of the vendor portal: devices, invoices and tokens beside the pages."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.services import finding
from app.services.finding import LONGEST_TEXT, Found, FoundKind
from components.code import shorten
from components.palette import PaletteAnswer, PaletteItem
from state.session import acting

_PLACES: Final = {
    FoundKind.DEVICE: ("Devices", "/vendor/devices?open={}"),
    FoundKind.INVOICE: ("Invoices", "/vendor/invoices/{}"),
    FoundKind.TOKEN: ("Tokens", "/vendor/tokens?open={}"),
}


class VendorPaletteState(rx.State):
    """What the palette found."""

    answer: PaletteAnswer = PaletteAnswer()

    @rx.event
    async def search(self, text: str) -> None:
        """Look for what was typed among the vendor's own things."""
        async with acting(self, readonly=True) as ctx:
            found = await finding.find(ctx, text)
        self.answer = PaletteAnswer(text[:LONGEST_TEXT], tuple(to_item(one) for one in found))


def to_item(found: Found) -> PaletteItem:
    """Say where a thing is."""
    group, place = _PLACES[found.kind]
    return PaletteItem(found.name, shorten(found.hint), place.format(found.id), group)
