"""What happens when an invoice is not paid: when to charge again, to remind, to refuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from app.rules.statuses import InvoiceStatus

RETRY_AFTER_DAYS: Final = (1, 3, 5, 7)
"""Days from the first, second, ... failed charge to the next one; then we stop trying."""

GRACE: Final = dt.timedelta(days=14)
"""How long an invoice may stay unpaid before new devices are refused."""

DUE_SOON: Final = dt.timedelta(days=3)
"""How long before the due date we remind."""


class Reminder(StrEnum):
    """The mails about an unpaid invoice, each sent at most once, in this order."""

    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    BLOCKED = "blocked"


def next_attempt(failures: int, failed_at: dt.datetime) -> dt.datetime | None:
    """Return when to charge again after that many failures (at least 1); None means no more."""
    if failures < 1:
        raise ValueError("a next attempt follows a failure")
    if failures > len(RETRY_AFTER_DAYS):
        return None
    return failed_at + dt.timedelta(days=RETRY_AFTER_DAYS[failures - 1])


def blocked_from(opened_at: dt.datetime, due_at: dt.datetime) -> dt.datetime:
    """Return when an invoice that stays unpaid stops new devices: after the grace, never before it is due."""
    return max(opened_at + GRACE, due_at)


def blocks_registration(opened_at: dt.datetime, due_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether an unpaid invoice refuses new devices; those already registered keep working."""
    return now >= blocked_from(opened_at, due_at)


def is_overdue(status: InvoiceStatus, due_at: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether an open invoice is late; ``due_at`` is the first instant that is."""
    return status is InvoiceStatus.OPEN and now >= due_at


def shown_status(
    status: InvoiceStatus, due_at: dt.datetime | None, now: dt.datetime
) -> InvoiceStatus:
    """Return the status as everybody reads it: an open invoice that is late shows as overdue."""
    if due_at is not None and is_overdue(status, due_at, now):
        return InvoiceStatus.OVERDUE
    return status


def mail_due(
    opened_at: dt.datetime, due_at: dt.datetime, now: dt.datetime, sent: Collection[Reminder]
) -> Reminder | None:
    """Return the reminder to send now for an invoice that is still unpaid.

    ``DUE_SOON`` is left out where the invoice itself came that late. Only the latest whose time has
    come: after an outage nobody gets a series at once, and an earlier one never follows a later one.
    """
    times = _times(opened_at, due_at)
    come = [reminder for reminder in Reminder if reminder in times and times[reminder] <= now]
    if not come or come[-1] in sent:
        return None
    return come[-1]


def next_reminder(opened_at: dt.datetime, due_at: dt.datetime, passed: int) -> dt.datetime | None:
    """Return when to look at an unpaid invoice again after that many kinds of reminders."""
    return min(
        (when for kind, when in _times(opened_at, due_at).items() if _ORDER[kind] >= passed),
        default=None,
    )


def passed_with(reminder: Reminder) -> int:
    """Return how many kinds of reminders are behind us once this one is sent."""
    return _ORDER[reminder] + 1


def sent_before(passed: int) -> frozenset[Reminder]:
    """Return the kinds of reminders that are behind us."""
    return frozenset(kind for kind, place in _ORDER.items() if place < passed)


def _times(opened_at: dt.datetime, due_at: dt.datetime) -> dict[Reminder, dt.datetime]:
    times = {Reminder.OVERDUE: due_at, Reminder.BLOCKED: blocked_from(opened_at, due_at)}
    if opened_at < due_at - DUE_SOON:
        times[Reminder.DUE_SOON] = due_at - DUE_SOON
    return times


_ORDER: Final = {kind: place for place, kind in enumerate(Reminder)}
