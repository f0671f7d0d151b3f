"""The second factor: setting it up with an app, recovery codes, switching it off."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import DomainError
from app.services import twofactor
from state.session import acting
from state.vendor.settings import words_of

_ACTS: Final = {"enrol": "confirm", "renew": "codes", "disable": ""}
"""What needs the password, and what is shown after it."""


class SecondFactorState(rx.State):
    """Whether it is on, and what is shown only once on the way there."""

    is_loaded: bool = False
    is_on: bool = False
    codes_left: int = 0
    asking: str = ""
    qr: str = ""
    secret: str = ""
    codes: list[str] = []
    codes_text: str = ""
    wants_password: bool = False
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show whether it is on; what was shown once is forgotten."""
        self._forget()
        await self._show()

    @rx.event
    async def ask(self, what: str) -> None:
        """Ask for the password first: to set up, to renew the codes, to switch off."""
        async with acting(self, readonly=True):
            self._forget()
            self._put(what if what in _ACTS else "")

    @rx.event
    async def cancel(self) -> None:
        """Close the dialog, and forget what it showed."""
        async with acting(self, readonly=True):
            self._forget()

    @rx.event
    async def prove(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Do what was asked for, with the password."""
        password = form.get("password", "")
        wanted = self.asking
        try:
            async with acting(self) as ctx:
                if wanted == "enrol":
                    made = await twofactor.enrol(ctx, password)
                    self.qr, self.secret = made.qr_svg, made.secret
                elif wanted == "renew":
                    self.codes = await twofactor.renew_recovery_codes(ctx, password)
                elif wanted == "disable":
                    await twofactor.disable(ctx, password)
        except DomainError as refusal:
            self.error = words_of(refusal)
            return None
        self._put(_ACTS.get(wanted, ""))
        await self._show()
        return rx.toast.success("Two-factor sign-in is off") if wanted == "disable" else None

    @rx.event
    async def confirm(self, form: dict[str, str]) -> None:
        """Switch it on with a first code of the app; the recovery codes are shown once."""
        try:
            async with acting(self) as ctx:
                codes = await twofactor.confirm(ctx, form.get("code", ""))
        except DomainError as refusal:
            self.error = words_of(refusal)
            return
        self._forget()
        self.codes = codes
        self._put("codes")
        await self._show()

    def _forget(self) -> None:
        self.qr = self.secret = ""
        self.codes = []
        self._put("")

    def _put(self, asking: str) -> None:
        self.asking, self.error = asking, ""
        self.wants_password = asking in _ACTS
        self.codes_text = "\n".join(self.codes)

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            now = await twofactor.status(ctx)
        self.is_on, self.codes_left, self.is_loaded = now.is_on, now.codes_left, True
