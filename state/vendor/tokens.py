"""The vendor's tokens: making, rotating and revoking them, and where each was used from."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import ConflictError, InvalidInputError
from app.services import activity_pulse, credentials, onboarding, token_places
from app.services.credentials import IssuedToken
from state.browsing import asked, view
from state.session import acting, parse_id
from state.token_rows import OVERLAPS, TokenRow, to_row
from state.vendor.snippets import curl_snippet

PATH: Final = "/vendor/tokens"


class TokensState(rx.State):
    """The list, the token the address opens, and the dialog that is open."""

    is_loaded: bool = False
    rows: list[TokenRow] = []
    opened: list[TokenRow] = []
    live: int = 0
    asking: str = ""
    about_label: str = ""
    about_prefix: str = ""
    error: str = ""
    secret: str = ""
    curl: str = ""
    _about: str = ""
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show all tokens, and beside them the one that the address names."""
        self.asking = self.secret = self.curl = ""
        await self._show()

    @rx.event
    async def tick(self) -> None:
        """Move by itself when a token is used from a new place, made or ended elsewhere."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show()

    @rx.event
    async def open(self, token_id: str) -> rx.event.EventSpec:
        """Show one token beside the list."""
        async with acting(self, readonly=True):
            return rx.redirect(view(self, PATH, {"open": str(parse_id(token_id))}))

    @rx.event
    async def close(self) -> rx.event.EventSpec:
        """Go back to the list."""
        async with acting(self, readonly=True):
            self.opened = []
            return rx.redirect(view(self, PATH, {}), replace=True)

    @rx.event
    async def ask(self, what: str, token_id: str) -> None:
        """Ask for a label, an overlap or a confirmation."""
        async with acting(self, readonly=True) as ctx:
            mine = {str(row.id): row for row in await credentials.list_tokens(ctx)}
        token = mine.get(token_id)
        if what not in ("create", "rotate", "revoke") or (token is None and what != "create"):
            raise InvalidInputError("There is no such token.")
        self.about_label = token.label if token else ""
        self.about_prefix = f"{token.prefix}…" if token else ""
        self.asking, self._about, self.error = what, token_id, ""

    @rx.event
    async def cancel(self) -> None:
        """Close the dialog; a secret that was shown is forgotten here too."""
        async with acting(self, readonly=True):
            self.asking = self.secret = self.curl = self.error = ""

    @rx.event
    async def create(self, form: dict[str, str]) -> None:
        """Make a token and show it once."""
        try:
            async with acting(self) as ctx:
                issued = await credentials.issue(ctx, form.get("label", ""))
                site = ctx.site_url
        except (InvalidInputError, ConflictError) as refusal:
            self.error = refusal.message
            return
        self._reveal(issued, site)
        await self._show()

    @rx.event
    async def rotate(self, form: dict[str, str]) -> None:
        """Replace a token and show its successor once; the old one lives on for the overlap."""
        hours = form.get("overlap", "")
        if hours not in dict(OVERLAPS):
            self.error = "Choose how long the old token goes on."
            return
        try:
            async with acting(self) as ctx:
                token_id = parse_id(self._about)
                issued = await credentials.rotate(ctx, token_id, overlap_hours=int(hours))
                site = ctx.site_url
        except (InvalidInputError, ConflictError) as refusal:
            self.error = refusal.message
            return
        self._reveal(issued, site)
        await self._show()

    @rx.event
    async def revoke(self, form: dict[str, str]) -> rx.event.EventSpec:  # noqa: ARG002 - the dialog sends its form
        """End a token at once."""
        async with acting(self) as ctx:
            await credentials.revoke(ctx, parse_id(self._about))
        self.asking = ""
        await self._show()
        return rx.toast.success(f"Token {self.about_prefix} is revoked")

    def _reveal(self, issued: IssuedToken, site_url: str) -> None:
        self.secret, self.asking, self.error = issued.secret, "", ""
        self.curl = curl_snippet(site_url, issued.secret)

    async def _show(self) -> None:
        wanted = asked(self, "open")
        async with acting(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_tenant(ctx)
            locale = (await onboarding.own_tenant(ctx)).locale
            tokens = await credentials.list_tokens(ctx)
            places = await token_places.of_tenant(ctx)
            now = ctx.now()
        self.rows = [to_row(one, places.get(one.id, ()), now, locale) for one in tokens]
        self.opened = [row for row in self.rows if row.id == wanted]
        self.live = sum(row.is_live for row in self.rows)
        self.is_loaded = True
