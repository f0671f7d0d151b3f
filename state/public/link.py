"""A mailed link: its secret stands in the fragment, which no server log ever sees."""

from __future__ import annotations

import reflex as rx

from app.core.errors import NotFoundError
from app.services import accounts
from state.session import visiting


class LinkState(rx.State):
    """What the link will do, shown before it is done."""

    token: str = ""
    email: str = ""
    is_read: bool = False
    is_valid: bool = False

    @rx.event
    def read(self) -> rx.event.EventSpec:
        """Ask the browser for the fragment: presentation only."""
        self.reset()
        return rx.call_script("location.hash.slice(1)", callback=LinkState.show)

    @rx.event
    async def show(self, token: str) -> None:
        """Say whom the link is for; looking at it does not use it up."""
        self.token, self.is_read = token[:100], True
        if not self.token:
            return
        async with visiting(self) as ctx:
            try:
                found = await accounts.show_link(ctx, self.token)
            except NotFoundError:
                return
        self.email, self.is_valid = found.email, True
