"""The agent's keys: making, rotating and revoking them, what each may do and where it was used from."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import ConflictError, DomainError, InvalidInputError
from app.rules.gateway import Scope
from app.services import activity_pulse, agents, credentials, token_places
from app.services.context import Context
from app.services.credentials import AGENT, IssuedToken
from state.agent.scopes import SCOPES
from state.agent.snippets import curl_snippet
from state.browsing import asked, view
from state.session import acting_as_customer, parse_id
from state.token_rows import OVERLAPS, TokenRow, to_row

PATH: Final = "/agent/keys"


class KeysState(rx.State):
    """The list, the key the address opens, and the dialog that is open."""

    is_loaded: bool = False
    rows: list[TokenRow] = []
    opened: list[TokenRow] = []
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
        """Show all keys, and beside them the one that the address names."""
        self.asking = self.secret = self.curl = ""
        await self._show()

    @rx.event
    async def tick(self) -> None:
        """Move by itself when a key is used from a new place, made or ended elsewhere."""
        async with acting_as_customer(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_agent(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show()

    @rx.event
    async def open(self, token_id: str) -> rx.event.EventSpec:
        """Show one key beside the list."""
        async with acting_as_customer(self, readonly=True):
            return rx.redirect(view(self, PATH, {"open": str(parse_id(token_id))}))

    @rx.event
    async def close(self) -> rx.event.EventSpec:
        """Go back to the list."""
        async with acting_as_customer(self, readonly=True):
            self.opened = []
            return rx.redirect(view(self, PATH, {}), replace=True)

    @rx.event
    async def ask(self, what: str, token_id: str) -> None:
        """Ask for a label and scopes, an overlap or a confirmation."""
        async with acting_as_customer(self, readonly=True) as ctx:
            mine = {str(row.id): row for row in await credentials.list_tokens(ctx, AGENT)}
        key = mine.get(token_id)
        if what not in ("create", "rotate", "revoke") or (key is None and what != "create"):
            raise InvalidInputError("There is no such key.")
        self.about_label = key.label if key else ""
        self.about_prefix = f"{key.prefix}…" if key else ""
        self.asking, self._about, self.error = what, token_id, ""

    @rx.event
    async def cancel(self) -> None:
        """Close the dialog; a secret that was shown is forgotten here too."""
        async with acting_as_customer(self, readonly=True):
            self.asking = self.secret = self.curl = self.error = ""

    @rx.event
    async def create(self, form: dict[str, str]) -> None:
        """Make a key that may do what is ticked, and show it once."""
        wanted = [scope for scope, *_ in SCOPES if form.get(scope)]
        try:
            async with acting_as_customer(self) as ctx:
                await agents.acting(ctx, Scope.IAM)
                if not wanted:
                    raise InvalidInputError("Tick at least one thing that it may do.")
                label = form.get("label", "")
                issued = await credentials.issue(ctx, label, family=AGENT, scopes=wanted)
                self._reveal(ctx, issued)
        except DomainError as refusal:
            self.error = self._sentence(refusal)
            return
        await self._show()

    @rx.event
    async def rotate(self, form: dict[str, str]) -> None:
        """Replace a key and show its successor once; the old one lives on for the overlap."""
        hours = form.get("overlap", "")
        try:
            async with acting_as_customer(self) as ctx:
                await agents.acting(ctx, Scope.IAM)
                if hours not in dict(OVERLAPS):
                    raise InvalidInputError("Choose how long the old key goes on.")
                issued = await credentials.rotate(
                    ctx, parse_id(self._about), overlap_hours=int(hours), family=AGENT
                )
                self._reveal(ctx, issued)
        except DomainError as refusal:
            self.error = self._sentence(refusal)
            return
        await self._show()

    @rx.event
    async def revoke(self, form: dict[str, str]) -> rx.event.EventSpec:  # noqa: ARG002 - the dialog sends its form
        """End a key at once."""
        async with acting_as_customer(self) as ctx:
            await agents.reading(ctx)
            await credentials.revoke(ctx, parse_id(self._about), family=AGENT)
        self.asking = ""
        await self._show()
        return rx.toast.success(f"Key {self.about_prefix} is revoked")

    def _sentence(self, refusal: DomainError) -> str:
        """Say what is to be mended in the dialog; everything else is said as everywhere."""
        if not isinstance(refusal, InvalidInputError | ConflictError):
            raise refusal
        return refusal.message.replace("token", "key")

    def _reveal(self, ctx: Context, issued: IssuedToken) -> None:
        self.secret, self.asking, self.error = issued.secret, "", ""
        self.curl = curl_snippet(ctx.site_url, issued.secret, "meta.actions", {})

    async def _show(self) -> None:
        wanted = asked(self, "open")
        async with acting_as_customer(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_agent(ctx)
            keys = await credentials.list_tokens(ctx, AGENT)
            places = await token_places.of_tenant(ctx, AGENT.kind)
            now = ctx.now()
        self.rows = [to_row(one, places.get(one.id, ()), now, "en") for one in keys]
        self.opened = [row for row in self.rows if row.id == wanted]
        self.is_loaded = True
