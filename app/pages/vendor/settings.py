"""The vendor's settings: one tab each, under its own address."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import vendor_frame
from app.pages.vendor.settings_business import branding, company, payment, policy
from app.pages.vendor.settings_person import danger, profile, security
from components.tabs import tab_panel, tabs
from state.shell import ShellState
from state.vendor.company import BrandState, CompanyState
from state.vendor.payment import PaymentState
from state.vendor.policy import PolicyState
from state.vendor.second_factor import SecondFactorState
from state.vendor.security import ClosingState, SecurityState
from state.vendor.settings import TABS, ProfileState, SettingsState


@page(
    "/vendor/settings",
    title="Settings",
    audience="vendor",
    on_load=[
        ShellState.load,
        SettingsState.load,
        ProfileState.load,
        CompanyState.load,
        BrandState.load,
        PolicyState.load,
        PaymentState.load,
        SecurityState.load,
        SecondFactorState.load,
        ClosingState.load,
    ],
)
def settings_page() -> rx.Component:
    """Change who you are, what parents see, what devices may do, how you pay and sign in."""
    panels = {
        "profile": profile,
        "company": company,
        "branding": branding,
        "policy": policy,
        "payment": payment,
        "security": security,
        "danger": danger,
    }
    return vendor_frame(
        tabs("Settings", list(TABS), value=SettingsState.tab, on_change=SettingsState.go),
        *[tab_panel(key, draw(), value=SettingsState.tab) for key, draw in panels.items()],
        title="Settings",
        current="settings",
    )
