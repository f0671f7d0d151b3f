"""The frames of the product's areas: one navigation each, built on the design system's shell."""

from __future__ import annotations

from typing import Any

import reflex as rx

from components.public import public_shell
from components.shell import Account, NavItem, SandboxBanner, app_shell
from components.states import forbidden_page
from state.ops.palette import OpsPaletteState
from state.shell import ShellState
from state.vendor.palette import VendorPaletteState

VENDOR_NAV = [
    NavItem("dashboard", "Dashboard", "/vendor", "layout-dashboard"),
    NavItem("devices", "Devices", "/vendor/devices", "cpu"),
    NavItem("revenue", "Revenue", "/vendor/revenue", "trending-up"),
    NavItem("invoices", "Invoices", "/vendor/invoices", "receipt"),
    NavItem("tokens", "Tokens", "/vendor/tokens", "key-round"),
    NavItem("audit", "Audit", "/vendor/audit", "scroll-text"),
    NavItem("settings", "Settings", "/vendor/settings", "settings"),
]
AGENT_NAV = [
    NavItem("dashboard", "Dashboard", "/agent", "layout-dashboard"),
    NavItem("usage", "Usage", "/agent/usage", "activity"),
    NavItem("calls", "Calls", "/agent/calls", "list"),
    NavItem("keys", "Keys", "/agent/keys", "key-round"),
    NavItem("invoices", "Invoices", "/agent/invoices", "receipt"),
    NavItem("upgrade", "Upgrade", "/agent/upgrade", "credit-card"),
    NavItem("alerts", "Alerts", "/agent/alerts", "bell"),
    NavItem("docs", "Docs", "/agent/docs", "book-open"),
]
OPS_NAV = [
    NavItem("overview", "Overview", "/ops", "layout-dashboard"),
    NavItem("tenants", "Tenants", "/ops/tenants", "building-2"),
    NavItem("usage", "Usage", "/ops/usage", "activity"),
    NavItem("invoices", "Invoices", "/ops/invoices", "receipt"),
    NavItem("payments", "Payments", "/ops/payments", "credit-card"),
    NavItem("reconciliation", "Reconciliation", "/ops/reconciliation", "scale"),
    NavItem("webhooks", "Webhooks", "/ops/webhooks", "webhook"),
    NavItem("mail", "Mail", "/ops/mail", "mail"),
    NavItem("jobs", "Jobs", "/ops/jobs", "list-checks"),
    NavItem("audit", "Audit", "/ops/audit", "scroll-text"),
    NavItem("vault", "Vault", "/ops/vault", "vault"),
    NavItem("policies", "Policies", "/ops/policies", "shield-check"),
    NavItem("staff", "Staff", "/ops/staff", "users"),
    NavItem("clock", "Clock", "/ops/clock", "clock"),
]


def vendor_frame(*content: Any, title: str, current: str, **options: Any) -> rx.Component:
    """Frame a page of the vendor portal; ``options`` are those of ``app_shell``."""
    return app_shell(
        _only_for("/vendor", *content),
        title=title,
        nav=VENDOR_NAV,
        current=current,
        account=Account(
            ShellState.name, ShellState.email, ShellState.tenant, settings_href="/vendor/settings"
        ),
        sandbox=_banner(),
        search_answer=rx.Var.create(VendorPaletteState.answer),
        on_search=VendorPaletteState.search,
        **options,
    )


def agent_frame(*content: Any, title: str, current: str, **options: Any) -> rx.Component:
    """Frame a page of the agent portal; ``options`` are those of ``app_shell``."""
    return app_shell(
        _only_for("/agent", *content),
        title=title,
        nav=AGENT_NAV,
        current=current,
        account=Account(ShellState.name, ShellState.email, ShellState.tenant),
        sandbox=_banner(),
        **options,
    )


def ops_frame(*content: Any, title: Any, current: str, **options: Any) -> rx.Component:
    """Frame a page of operations; ``options`` are those of ``app_shell``.

    A vendor who comes here sees that the page is not theirs; the states refuse them anyway.
    """
    return app_shell(
        _only_for("/ops", *content),
        title=title,
        nav=OPS_NAV,
        current=current,
        account=Account(ShellState.name, ShellState.email, "Operations"),
        sandbox=_banner(),
        search_answer=rx.Var.create(OpsPaletteState.answer),
        on_search=OpsPaletteState.search,
        **options,
    )


def public_frame(*content: Any, **options: Any) -> rx.Component:
    """Frame a page for strangers; ``options`` are those of ``public_shell``."""
    return public_shell(*content, sandbox=_banner(), **options)


def _only_for(home: str, *content: Any) -> rx.Component:
    """Show a page to whoever belongs there, and to everybody else that it is not theirs.

    The states refuse them anyway; until it is known who is there, the page shows what it shows empty.
    """
    is_elsewhere = (ShellState.home != "") & (ShellState.home != home)
    elsewhere = forbidden_page(home_href=ShellState.home)
    return rx.cond(is_elsewhere, elsewhere, rx.fragment(*content))


def _banner() -> SandboxBanner:
    return SandboxBanner(
        ShellState.clock,
        clock_href=rx.cond(ShellState.may_move_clock, "/ops/clock", ""),
        outside_href=ShellState.outside_href,
        shown=ShellState.clock != "",
        on_tick=ShellState.visit,
    )
