"""The vendor's company and brand: who invoices are made out to, and what parents see."""

from __future__ import annotations

import reflex as rx

from app.core.errors import DomainError
from app.core.locale import country_names
from app.services import branding, onboarding, vendor_settings
from app.services.vendor_settings import Company
from state.session import acting
from state.vendor.settings import words_of


class CompanyState(rx.State):
    """Legal name, address, country and tax id."""

    is_loaded: bool = False
    legal_name: str = ""
    address: str = ""
    country: str = ""
    tax_id: str = ""
    countries: list[tuple[str, str]] = []
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the company as stored."""
        self.error = ""
        async with acting(self, readonly=True) as ctx:
            tenant = await onboarding.own_tenant(ctx)
        self.legal_name, self.address = tenant.legal_name, tenant.address
        self.country, self.tax_id = tenant.country, tenant.tax_id
        named = sorted(country_names(tenant.locale).items(), key=lambda pair: pair[1])
        self.countries = [("", "–"), *named]
        self.is_loaded = True

    @rx.event
    async def save(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Store who the coming invoices are made out to."""
        company = Company(
            legal_name=form.get("legal_name", ""),
            address=form.get("address", ""),
            country=form.get("country", ""),
            tax_id=form.get("tax_id", ""),
        )
        try:
            async with acting(self) as ctx:
                await vendor_settings.save_company(ctx, company)
        except DomainError as refusal:
            self.error = words_of(refusal)
            return None
        self.error = ""
        return rx.toast.success("Company saved")


class BrandState(rx.State):
    """Display name and logo, with their preview."""

    is_loaded: bool = False
    name: str = ""
    logo_url: str = ""
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the brand as stored."""
        self.error = ""
        async with acting(self, readonly=True) as ctx:
            tenant = await onboarding.own_tenant(ctx)
        self.name = tenant.display_name
        self.logo_url = f"/auth/logo/{tenant.id}?v={tenant.logo_id}" if tenant.logo_id else ""
        self.is_loaded = True

    @rx.event
    async def type_name(self, name: str) -> None:
        """Keep the preview in step with what is typed."""
        async with acting(self, readonly=True):
            self.name = name[: branding.LONGEST_NAME]

    @rx.event
    async def save(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Store the name that parents see."""
        try:
            async with acting(self) as ctx:
                await branding.save_branding(ctx, form.get("name", ""))
        except DomainError as refusal:
            self.error = words_of(refusal)
            return None
        self.error = ""
        return rx.toast.success("Branding saved")

    @rx.event
    async def remove_logo(self) -> rx.event.EventSpec:
        """Go back to the first letter of the name."""
        async with acting(self) as ctx:
            await branding.remove_logo(ctx)
        self.logo_url = ""
        return rx.toast.success("Logo removed")
