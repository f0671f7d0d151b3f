"""The frame around every page of the product: rail, top bar, account, sandbox strip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from components import words as w
from components.base import Content, Flag, Handler, Text, icon, is_given, link, when
from components.brand import brand
from components.palette import PaletteItem, command_palette
from components.theme_switch import language_items, theme_items
from components.ticker import ticker


@dataclass(frozen=True)
class NavItem:
    """One place in the navigation; `key` is what `current` names."""

    key: str
    label: str
    href: str
    icon_name: str
    count: Text = ""
    section: str = ""


@dataclass(frozen=True)
class Account:
    """Who is signed in: a name, an address, and the tenant they look at."""

    name: Text
    email: Text
    tenant: Text = ""
    settings_href: Text = ""


@dataclass(frozen=True)
class SandboxBanner:
    """The product's clock as a sentence and, where the reader may move it, the link to it.

    `on_tick` brings the clock up to date while somebody looks at the page.
    """

    clock: Text
    clock_href: Text = ""
    outside_href: Text = ""
    shown: Flag = True
    on_tick: Handler | None = None


def sandbox_strip(banner: SandboxBanner) -> rx.Component:
    """Say on every page that nothing here is real money, and what time the product believes it is."""
    strip = rx.el.div(
        rx.el.strong(w.SANDBOX, class_name="strong"),
        rx.el.span(w.SANDBOX_CLOCK, " ", rx.el.time(banner.clock)),
        when(banner.clock_href, link(w.SANDBOX_MOVE, href=banner.clock_href, class_name="")),
        when(
            banner.outside_href,
            link(w.SANDBOX_OUTSIDE, href=banner.outside_href, external=True, class_name="far"),
        ),
        ticker(banner.on_tick, seconds=15) if banner.on_tick is not None else rx.fragment(),
        class_name="strip",
        role="region",
        custom_attrs={"aria-label": "Sandbox"},
        data_testid="sandbox-banner",
    )
    if banner.shown is True:
        return strip
    return rx.cond(banner.shown, strip)  # pyright: ignore[reportReturnType]


def _nav_link(item: NavItem, current: str) -> rx.Component:
    attrs: dict[str, Any] = {"aria-current": "page"} if item.key == current else {}
    return rx.el.li(
        link(
            icon(item.icon_name),
            rx.el.span(item.label),
            when(item.count, rx.el.span(item.count, class_name="count num")),
            href=item.href,
            class_name="nav-item",
            title=item.label,
            custom_attrs=attrs,
        )
    )


def _rail(nav: list[NavItem], current: str, account: Account) -> rx.Component:
    groups: list[rx.Component] = []
    for name in dict.fromkeys(item.section for item in nav):
        if name:
            groups.append(rx.el.p(name, class_name="nav-label"))
        places = [_nav_link(item, current) for item in nav if item.section == name]
        groups.append(rx.el.ul(*places, class_name="nav"))
    return rx.el.nav(
        brand(nav[0].href if nav else "/"),
        rx.el.div(icon("building-2"), rx.el.span(account.tenant), class_name="tenant"),
        *groups,
        class_name="rail",
        custom_attrs={"id": "rail", "popover": "auto", "aria-label": w.MAIN_NAV},
    )


def _account_menu(account: Account, logout_action: str) -> rx.Component:
    return rx.fragment(
        rx.el.button(
            rx.el.span(icon("user-round"), class_name="avatar"),
            type="button",
            title=w.ACCOUNT,
            class_name="btn btn-quiet btn-icon",
            custom_attrs={
                "popoverTarget": "account-menu",
                "aria-label": w.ACCOUNT,
                "aria-haspopup": "menu",
                "aria-expanded": "false",
            },
        ),
        rx.el.div(
            rx.el.div(
                when(account.name, rx.el.div(account.name, class_name="strong")),
                rx.el.div(account.email),
                class_name="menu-head",
                role="presentation",
            ),
            rx.el.div(class_name="menu-rule", role="separator"),
            when(
                account.settings_href,
                link(
                    icon("settings"),
                    rx.el.span(w.SETTINGS),
                    href=account.settings_href,
                    class_name="menu-item",
                    role="menuitem",
                ),
            ),
            *theme_items(),
            rx.el.div(class_name="menu-rule", role="separator"),
            *language_items(),
            rx.el.div(class_name="menu-rule", role="separator"),
            # Logging out ends in a full page load, so it is a plain form and no event.
            rx.el.div(
                rx.el.button(
                    icon("log-out"),
                    rx.el.span(w.LOG_OUT),
                    type="submit",
                    role="menuitem",
                    class_name="menu-item",
                    form="log-out",
                ),
                role="presentation",
            ),
            class_name="menu",
            role="menu",
            custom_attrs={"id": "account-menu", "popover": "auto", "aria-label": w.ACCOUNT},
        ),
        _log_out_form(logout_action),
    )


def _log_out_form(action: str) -> rx.Component:
    form = rx.el.div(custom_attrs={"id": "log-out", "method": "post", "action": action})
    form.tag = "form"
    return form


def _top_bar(title: Content, account: Account, logout_action: str) -> rx.Component:
    return rx.el.header(
        rx.el.button(
            icon("menu"),
            type="button",
            class_name="btn btn-quiet btn-icon only-phone",
            custom_attrs={"popoverTarget": "rail", "aria-label": w.OPEN_NAV},
        ),
        rx.el.h1(title),
        rx.el.button(
            icon("search"),
            rx.el.span(w.SEARCH, class_name="grow"),
            rx.el.kbd("Ctrl K", custom_attrs={"aria-hidden": "true"}),
            type="button",
            class_name="search-trigger",
            custom_attrs={
                "data-palette": "open",
                "aria-haspopup": "dialog",
            },
        ),
        _account_menu(account, logout_action),
        class_name="topbar",
    )


def app_shell(
    *content: Content,
    title: Content,
    nav: list[NavItem],
    current: str,
    account: Account,
    sandbox: SandboxBanner | None = None,
    subtitle: Text = "",
    action: Content | None = None,
    search_answer: rx.Var | None = None,
    on_search: Handler = None,
    logout_action: str = "/auth/logout",
) -> rx.Component:
    """Frame a page for somebody signed in.

    `current` is the key of the selected place. `search_answer` (a `PaletteAnswer`) and `on_search`
    (called with the text) extend the command palette, which always knows the pages of `nav`.
    """
    head = rx.fragment()
    if is_given(subtitle) or action is not None:
        head = rx.el.div(
            rx.el.p(subtitle) if is_given(subtitle) else rx.fragment(),
            rx.el.div(action, class_name="acts") if action is not None else rx.fragment(),
            class_name="page-head",
        )
    pages = [PaletteItem(item.label, item.section, item.href) for item in nav]
    return rx.el.div(
        skip_link(),
        sandbox_strip(sandbox) if sandbox is not None else rx.fragment(),
        _rail(nav, current, account),
        rx.el.div(
            _top_bar(title, account, logout_action),
            rx.el.main(
                head, *content, class_name="main", tab_index=-1, custom_attrs={"id": "content"}
            ),
            class_name="frame",
        ),
        command_palette(pages, answer=search_answer, on_search=on_search),
        live_region(),
        class_name="shell",
    )


def skip_link() -> rx.Component:
    """Let keyboards jump over everything that repeats."""
    return link(w.SKIP, href="#content", external=True, class_name="skip")


def live_region() -> rx.Component:
    """Give screen readers the place where small acknowledgements, such as "Copied", are spoken."""
    return rx.el.div(
        class_name="sr-only",
        role="status",
        custom_attrs={"id": "live-region", "aria-live": "polite"},
    )
