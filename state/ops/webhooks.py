"""The inbox: what providers told us, what came of it, and handling it once more."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import reflex as rx

from app.services import inbox, ops_exchange
from app.services.context import Context
from app.services.ops_bulk import Chosen
from models.exchange import InboxEvent, InboxStatus
from state.browsing import asked
from state.moments import moment
from state.ops.listing import Listing
from state.ops.repeating import Repeating, Repetition
from state.ops.words import LOCALE
from state.session import acting, parse_id

WORDS: Final = Repetition(
    "notification",
    "Handle {} once more?",
    "The job begins at once. What was done before is not done twice.",
    "Replay",
    "Handled once more",
)
LONGEST_PAYLOAD: Final = 60_000


@dataclass(frozen=True)
class WebhookRow:
    """A notification in the list, and beside it."""

    id: str = ""
    provider: str = ""
    kind: str = ""
    event_id: str = ""
    subject: str = ""
    status: str = ""
    attempts: int = 0
    error: str = ""
    received: str = ""
    received_exact: str = ""
    occurred: str = ""
    handled: str = ""
    next_try: str = ""
    payload: str = ""
    facts: str = ""
    can_repeat: bool = False


class WebhooksState(Repeating, Listing, rx.State):
    """The list of notifications and the one that is open."""

    rows: list[WebhookRow] = []
    detail: WebhookRow = WebhookRow()
    provider: str = ""
    providers: list[tuple[str, str]] = []

    @rx.event
    async def filter_provider(self, slug: str) -> rx.event.EventSpec:
        """Show only what one provider told."""
        return await self._go(provider=slug)

    def _words(self) -> Repetition:
        return WORDS

    def _title(self, one: WebhookRow) -> str:
        return one.kind

    async def _one(self, ctx: Context, one: Chosen, once: str) -> None:  # noqa: ARG002
        await inbox.replay(ctx, one.id, seen=one.attempts)

    async def _show(self) -> None:
        self.provider, self.detail = asked(self, "provider")[:50], WebhookRow()
        async with acting(self, readonly=True) as ctx:
            seen = await ops_exchange.providers_seen(ctx)
            self.providers = [("", "Any provider"), *((slug, slug) for slug in seen)]
            self.rows = await self._list(ctx, ops_exchange.INBOX, to_row, provider=self.provider)
            if self.open_id:
                opened = await ops_exchange.notification(ctx, parse_id(self.open_id))
                self.detail = to_row(opened, ctx.now(), whole=True)
        self._choose(self.chosen)


def to_row(one: InboxEvent, now: dt.datetime, *, whole: bool = False) -> WebhookRow:
    """Say a notification; its payload only where it is read."""
    received = moment(one.received_at, now, LOCALE)
    return WebhookRow(
        id=str(one.id),
        provider=one.provider,
        kind=one.kind,
        event_id=one.event_id,
        subject=one.subject_ref,
        status=one.status.value,
        attempts=one.attempts,
        error=one.error,
        received=received.text,
        received_exact=received.exact,
        occurred=moment(one.occurred_at, now, LOCALE).exact,
        handled=moment(one.handled_at, now, LOCALE).exact if one.handled_at else "–",
        next_try=moment(one.next_at, now, LOCALE).exact if one.next_at else "–",
        payload=pretty(one.body) if whole else "",
        facts=json.dumps(one.facts, indent=2, ensure_ascii=False) if whole else "",
        can_repeat=one.status is not InboxStatus.DONE,
    )


def pretty(body: bytes) -> str:
    """Return a payload to read: JSON indented, a form as its fields, anything else as it came."""
    text = body.decode("utf-8", "replace")
    try:
        shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        shown = "\n".join(f"{key} = {value}" for key, value in parse_qsl(text)) or text
    return shown if len(shown) <= LONGEST_PAYLOAD else f"{shown[:LONGEST_PAYLOAD]}\n…"
