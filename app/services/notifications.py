"""Which use case answers which kind of notification."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from app.services import (
    disputes,
    payment_events,
    payment_methods,
    payout_accounts,
    returns,
    suppressions,
    transfers,
)
from app.services.context import Context
from app.services.news import News
from app.services.ports import EventKind
from models.exchange import InboxEvent

Handler = Callable[[Context, News], Awaitable[bool]]
"""Does what a notification says; False when that changes nothing (a duplicate, or old news)."""

HANDLERS: Final[Mapping[EventKind, Handler]] = {
    EventKind.METHOD_CONNECTED: payment_methods.connected,
    EventKind.METHOD_DETACHED: payment_methods.detached,
    EventKind.CHECKOUT_FAILED: payment_events.checkout_failed,
    EventKind.CHECKOUT_EXPIRED: payment_events.checkout_expired,
    EventKind.PAYMENT_PENDING: payment_events.pending,
    EventKind.PAYMENT_SUCCEEDED: payment_events.succeeded,
    EventKind.PAYMENT_FAILED: payment_events.failed,
    EventKind.PAYMENT_REFUNDED: returns.confirmed,
    EventKind.REFUND_FAILED: returns.failed,
    EventKind.DISPUTE_OPENED: disputes.opened,
    EventKind.DISPUTE_CLOSED: disputes.closed,
    EventKind.INVOICE_VOIDED: payment_events.copy_voided,
    EventKind.PAYOUT_ACCOUNT_CHANGED: payout_accounts.changed,
    EventKind.PAYOUT_REVERSED: transfers.reversed_,
    EventKind.MAIL_BOUNCED: suppressions.bounced,
}

_SAME_ADAPTER: Final = {"stripe-connect": "stripe"}
"""Second addresses of one adapter: its notifications come signed with another secret."""


async def apply(ctx: Context, kind: EventKind, news: News) -> bool:
    """Do what a notification says; True when it changed anything."""
    return await HANDLERS[kind](ctx, news)


def news_of(event: InboxEvent) -> News:
    """Return a stored notification as the use cases take it."""
    return News(
        provider=_SAME_ADAPTER.get(event.provider, event.provider),
        event_id=event.event_id,
        subject_ref=event.subject_ref,
        occurred_at=event.occurred_at,
        facts=event.facts,
    )
