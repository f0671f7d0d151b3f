"""The upgrade: what it costs, the way to the provider's page, and the card once it is stored."""

from __future__ import annotations

import reflex as rx

from app.pages.registry import page
from app.pages.shell import agent_frame
from components.base import quiet, row, split, stack, when
from components.buttons import button, link_button
from components.layout import callout, card, facts
from components.overlays import confirm_dialog
from components.states import block_skeleton, loaded
from components.ticker import ticker
from state.agent.upgrade import UpgradeState
from state.shell import ShellState


@page(
    "/agent/upgrade",
    title="Upgrade",
    audience="agent",
    on_load=[ShellState.load, UpgradeState.load],
)
def upgrade_page() -> rx.Component:
    """Store a card, see it, replace it, remove it."""
    state = UpgradeState
    return agent_frame(
        loaded(
            state.is_loaded,
            split(rx.cond(state.card.is_paid, _paid(), _free()), _price()),
            stack(block_skeleton(240), gap=6),
        ),
        confirm_dialog(
            open=state.is_asking,
            title="Remove " + state.card.label + "?",
            text="The agent pays by the call until "
            + state.ends
            + " and is free again from then on, with its free calls and their limit. "
            "What was called until then is still invoiced.",
            verb="Remove card",
            error=state.error,
            on_confirm=state.remove,
            on_cancel=state.cancel,
        ),
        ticker(state.tick),
        title="Upgrade",
        current="upgrade",
    )


def _free() -> rx.Component:
    state = UpgradeState
    return card(
        stack(
            rx.cond(
                state.card.is_waiting,
                callout(
                    "The card page is open. As soon as the provider has stored the card, this page "
                    "says so by itself, and the agent goes on within a second.",
                    title="Waiting for the card",
                    live=True,
                ),
            ),
            rx.el.p(
                "The agent has used ",
                rx.el.strong(state.used, class_name="strong num"),
                " of its ",
                state.free_calls,
                " free calls this month. With a card stored it is not stopped at their end.",
            ),
            rx.el.p(
                "Nothing is charged for storing it, and calls made before are never charged.",
                class_name="quiet",
            ),
            row(
                button(
                    rx.cond(state.card.is_waiting, "Open the card page again", "Store a card"),
                    on_click=state.store,
                    kind="main",
                    icon_name="credit-card",
                )
            ),
        ),
        title="Pay by the call",
    )


def _paid() -> rx.Component:
    state, stored = UpgradeState, UpgradeState.card
    return card(
        stack(
            rx.cond(
                stored.until != "",
                callout(
                    "The card is gone. The agent pays by the call until "
                    + stored.until
                    + " and is free again from then on.",
                    tone="warn",
                    title="No card is stored",
                ),
                callout(
                    "The agent has no limit. Each call that succeeds is charged.",
                    tone="good",
                    title="Upgraded",
                ),
            ),
            facts(
                ("Card", rx.cond(stored.label != "", rx.el.strong(stored.label), "–")),
                ("Stored", rx.cond(stored.since != "", stored.since, "–")),
                ("Pays by the call since", stored.upgraded),
            ),
            row(
                button(
                    rx.cond(stored.label != "", "Replace card", "Store a card"),
                    on_click=state.store,
                    kind="main",
                ),
                when(stored.label, button("Remove card", on_click=state.ask, kind="danger")),
                link_button("See what is used", href="/agent/usage"),
            ),
        ),
        title="Pay by the call",
    )


def _price() -> rx.Component:
    state = UpgradeState
    return card(
        facts(
            ("A call", state.price),
            ("A thousand calls", state.thousand),
            ("Invoiced", "On the 1st, for the month before"),
        ),
        title="What it costs",
        foot=quiet(
            "Only billable calls that succeed are charged. A month of less than ",
            state.least,
            " waits for the next one. Tax is added where the law asks for it.",
        ),
    )
