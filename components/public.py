"""The frame for strangers: public pages, and the one card of sign-up, login and reset."""

from __future__ import annotations

import reflex as rx

from components import words as w
from components.base import Content, Text, heading, is_given, link
from components.brand import brand
from components.shell import SandboxBanner, live_region, sandbox_strip, skip_link
from components.theme_switch import theme_menu

Links = list[tuple[str, str]]


def public_shell(
    *content: Content,
    links: Links | None = None,
    action: Content | None = None,
    foot: Links | None = None,
    sandbox: SandboxBanner | None = None,
) -> rx.Component:
    """Frame a page that anybody may read; `links` stand in the head, `foot` at the end, as (word, address)."""
    return rx.el.div(
        skip_link(),
        sandbox_strip(sandbox) if sandbox is not None else rx.fragment(),
        rx.el.header(
            brand(),
            rx.el.nav(
                *[link(word, href=href, class_name="btn btn-quiet") for word, href in links or []],
                theme_menu(),
                action if action is not None else rx.fragment(),
                custom_attrs={"aria-label": w.MAIN_NAV},
            ),
            class_name="public-head",
        ),
        rx.el.main(
            *content, class_name="public-main", tab_index=-1, custom_attrs={"id": "content"}
        ),
        rx.el.footer(
            *[link(word, href=href, class_name="") for word, href in foot or []],
            class_name="public-foot",
        )
        if foot
        else rx.fragment(),
        live_region(),
        class_name="public",
    )


def auth_card(
    *content: Content,
    title: Text,
    text: Text = "",
    foot: Content | None = None,
) -> rx.Component:
    """Frame one sign-in matter: a title, a sentence where it helps, the form, and a line below for the other way.

    Where the address says more than its path, the card waits until the state has read it: a form that is swapped, or
    pushed down by a message, while somebody presses its button is worse than one that comes a moment later.
    """
    return rx.el.div(
        rx.el.section(
            rx.el.div(
                rx.el.div(
                    heading(title, level=1, size=20),
                    rx.el.p(text, class_name="quiet") if is_given(text) else rx.fragment(),
                    class_name="stack stack-1",
                ),
                *content,
                class_name="card-body",
            ),
            class_name="card",
        ),
        rx.el.p(foot, class_name="auth-foot") if foot is not None else rx.fragment(),
        class_name="auth",
        data_read=rx.State.is_hydrated,
    )
