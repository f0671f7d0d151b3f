"""The command palette of operations: vendors, invoices and devices beside the pages."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import reflex as rx

from app.services import finding
from app.services.finding import LONGEST_TEXT, Found, FoundKind
from components.palette import PaletteAnswer, PaletteItem
from state.session import acting

_PLACES: Final = {
    FoundKind.TENANT: ("Tenants", "/ops/tenants/{id}"),
    FoundKind.INVOICE: ("Invoices", "/ops/invoices/{id}"),
    FoundKind.DEVICE: ("Devices", "/ops/tenants/{id}?q={name}"),
}


class OpsPaletteState(rx.State):
    """What the palette found."""

    answer: PaletteAnswer = PaletteAnswer()

    @rx.event
    async def search(self, text: str) -> None:
        """Look for what was typed among everybody's things."""
        async with acting(self, readonly=True) as ctx:
            found = await finding.find_any(ctx, text)
        self.answer = PaletteAnswer(text[:LONGEST_TEXT], tuple(to_item(one) for one in found))


def to_item(found: Found) -> PaletteItem:
    """Say where a thing is."""
    group, place = _PLACES[found.kind]
    return PaletteItem(
        found.name, found.hint, place.format(id=found.id, name=quote(found.name, safe="")), group
    )
