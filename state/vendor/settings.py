"""Which part of the settings is shown, and the person's own part: name, address, password."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import DomainError, NotSignedInError
from app.services import accounts, onboarding, people, vendor_settings
from state.browsing import address, asked
from state.session import acting

PATH: Final = "/vendor/settings"
TABS: Final = (
    ("profile", "Profile"),
    ("company", "Company"),
    ("branding", "Branding"),
    ("policy", "Policy"),
    ("payment", "Payment"),
    ("security", "Security"),
    ("danger", "Danger zone"),
)


def words_of(refusal: DomainError) -> str:
    """Return what to say beside a form; a stranger is sent to the login instead."""
    if isinstance(refusal, NotSignedInError):
        raise refusal
    return refusal.message


class SettingsState(rx.State):
    """The chosen tab, kept in the address."""

    tab: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the tab that the address names, the profile by default."""
        wanted = asked(self, "tab")
        async with acting(self, readonly=True):
            self.tab = wanted if wanted in dict(TABS) else TABS[0][0]

    @rx.event
    async def go(self, tab: str) -> rx.event.EventSpec:
        """Show another tab under its own address."""
        async with acting(self, readonly=True):
            return rx.redirect(address(PATH, tab=tab if tab in dict(TABS) else ""))


class ProfileState(rx.State):
    """The signed-in person: name and language, address, password."""

    is_loaded: bool = False
    version: int = 0
    name: str = ""
    locale: str = "en"
    email: str = ""
    asked_email: str = ""
    error: str = ""
    email_error: str = ""
    password_error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the person as stored."""
        self.error = self.email_error = self.password_error = self.asked_email = ""
        await self._show()

    @rx.event
    async def save(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Store name and language."""
        try:
            async with acting(self) as ctx:
                await vendor_settings.save_profile(ctx, form.get("name"), form.get("locale"))
        except DomainError as refusal:
            self.error = words_of(refusal)
            return None
        self.error = ""
        await self._show()
        return rx.toast.success("Profile saved")

    @rx.event
    async def change_email(self, form: dict[str, str]) -> None:
        """Ask a new address to confirm; nothing changes before it did."""
        new = form.get("email", "")
        try:
            async with acting(self) as ctx:
                await accounts.change_email(ctx, new, form.get("password", ""))
        except DomainError as refusal:
            self.email_error = words_of(refusal)
            return
        self.email_error, self.asked_email = "", new.strip()
        self.version += 1

    @rx.event
    async def change_password(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Set a new password; every other session ends."""
        try:
            async with acting(self) as ctx:
                await accounts.change_password(
                    ctx, form.get("old_password", ""), form.get("new_password", "")
                )
        except DomainError as refusal:
            self.password_error = words_of(refusal)
            return None
        self.password_error = ""
        self.version += 1
        return rx.toast.success("Password changed", description="Your other sessions have ended.")

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            person = await people.me(ctx)
            tenant = await onboarding.own_tenant(ctx)
        self.name, self.email, self.locale = person.name, person.email, tenant.locale
        self.is_loaded = True
