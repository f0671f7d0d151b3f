"""How the vendor pays: what is connected, replacing it, letting go of it."""

from __future__ import annotations

import reflex as rx

from app.core.errors import DomainError, InvalidInputError
from app.core.locale import format_date
from app.services import onboarding, payments
from models.tenant import Rail
from state.browsing import address
from state.session import acting
from state.vendor.settings import PATH, SettingsState, words_of


class PaymentState(rx.State):
    """The payment method."""

    is_loaded: bool = False
    rail: str = ""
    status: str = ""
    label: str = ""
    since: str = ""
    currency: str = ""
    is_page_open: bool = False
    is_asking: bool = False
    error: str = ""
    _went_out: bool = False

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Show what is connected; whoever comes back from the provider finds this tab open."""
        self.error, self.is_asking = "", False
        await self._show()
        came_back, self._went_out = self._went_out, False
        settings = await self.get_state(SettingsState)
        if came_back and settings.tab == "profile":
            return rx.redirect(address(PATH, tab="payment"), replace=True)
        return None

    @rx.event
    async def tick(self) -> None:
        """Notice by itself when the provider confirms."""
        if self.is_loaded and (self.is_page_open or self.status != "connected"):
            await self._show()

    @rx.event
    async def bind(self, rail: str) -> rx.event.EventSpec:
        """Continue on the page of the payment provider."""
        if rail not in set(Rail):
            raise InvalidInputError("Choose card or Alipay.")
        async with acting(self) as ctx:
            url = await payments.start_binding(
                ctx, Rail(rail), return_path=address(PATH, tab="payment")
            )
        self._went_out = True
        return rx.redirect(url)

    @rx.event
    async def ask(self) -> None:
        """Ask before the payment method is let go of."""
        async with acting(self, readonly=True):
            self.is_asking, self.error = True, ""

    @rx.event
    async def cancel(self) -> None:
        """Leave it as it is."""
        async with acting(self, readonly=True):
            self.is_asking = False

    @rx.event
    async def detach(self, form: dict[str, str]) -> rx.event.EventSpec | None:  # noqa: ARG002 - the dialog sends its form
        """Let go of the payment method; no device can be registered until another is connected."""
        try:
            async with acting(self) as ctx:
                await payments.detach(ctx)
        except DomainError as refusal:
            self.error = words_of(refusal)
            return None
        self.is_asking = False
        await self._show()
        return rx.toast.success("Payment method detached")

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            found = await payments.binding_state(ctx)
            locale = (await onboarding.own_tenant(ctx)).locale
        self.rail = found.rail.value if found.rail else ""
        self.status = found.status.value if found.status else ""
        self.label, self.currency = found.label, found.currency
        self.since = format_date(found.connected_at.date(), locale) if found.connected_at else ""
        self.is_page_open = found.is_page_open
        self.is_loaded = True
