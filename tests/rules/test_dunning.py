from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import dunning
from app.rules.dunning import Reminder
from app.rules.statuses import InvoiceStatus

OPENED = dt.datetime(2026, 12, 1, 0, 3, tzinfo=dt.UTC)
NET_7 = OPENED + dt.timedelta(days=7)


def days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


@pytest.mark.parametrize(("failures", "wait"), [(1, 1), (2, 3), (3, 5), (4, 7)])
def test_a_failed_charge_is_tried_again_after_longer_and_longer_waits(
    failures: int, wait: int
) -> None:
    assert dunning.next_attempt(failures, OPENED) == OPENED + days(wait)


@pytest.mark.parametrize("failures", [5, 6, 1_000])
def test_after_the_last_retry_nobody_is_charged_any_more(failures: int) -> None:
    assert dunning.next_attempt(failures, OPENED) is None


def test_without_a_failure_there_is_nothing_to_try_again() -> None:
    with pytest.raises(ValueError, match="follows a failure"):
        dunning.next_attempt(0, OPENED)


def test_new_devices_are_refused_after_14_days_unpaid() -> None:
    for due_at in (OPENED, NET_7):
        blocked = dunning.blocked_from(OPENED, due_at)
        assert blocked == OPENED + days(14)
        assert dunning.blocks_registration(OPENED, due_at, blocked)
        assert not dunning.blocks_registration(
            OPENED, due_at, blocked - dt.timedelta(microseconds=1)
        )


def test_nobody_is_refused_for_an_invoice_that_is_not_due_yet() -> None:
    net_30 = OPENED + days(30)
    assert not dunning.blocks_registration(OPENED, net_30, OPENED + days(29))
    assert dunning.blocks_registration(OPENED, net_30, net_30)


@pytest.mark.parametrize("status", InvoiceStatus)
def test_only_an_open_invoice_shows_as_overdue_and_only_once_it_is_late(
    status: InvoiceStatus,
) -> None:
    is_open = status is InvoiceStatus.OPEN
    before = NET_7 - dt.timedelta(microseconds=1)
    assert not dunning.is_overdue(status, NET_7, before)
    assert dunning.is_overdue(status, NET_7, NET_7) is is_open
    assert dunning.shown_status(status, NET_7, before) is status
    late = InvoiceStatus.OVERDUE if is_open else status
    assert dunning.shown_status(status, NET_7, NET_7) is late
    assert dunning.shown_status(status, None, NET_7) is status


@pytest.mark.parametrize(
    ("after", "sent", "expected"),
    [
        (0, (), None),
        (3, (), None),
        (4, (), Reminder.DUE_SOON),
        (4, (Reminder.DUE_SOON,), None),
        (6, (), Reminder.DUE_SOON),
        (7, (Reminder.DUE_SOON,), Reminder.OVERDUE),
        (7, (), Reminder.OVERDUE),
        (13, (Reminder.OVERDUE,), None),
        (14, (Reminder.DUE_SOON, Reminder.OVERDUE), Reminder.BLOCKED),
        (60, (), Reminder.BLOCKED),
        (60, (Reminder.BLOCKED,), None),
    ],
)
def test_reminders_come_once_each_and_never_in_a_series(
    after: int, sent: tuple[Reminder, ...], expected: Reminder | None
) -> None:
    assert dunning.mail_due(OPENED, NET_7, OPENED + days(after), sent) is expected


def test_an_invoice_due_soon_after_it_opened_is_not_announced_again() -> None:
    due_at = OPENED + days(3)
    assert dunning.mail_due(OPENED, due_at, due_at - days(1), ()) is None
    assert dunning.mail_due(OPENED, due_at, due_at, ()) is Reminder.OVERDUE


def test_where_the_due_day_is_the_last_day_of_grace_one_mail_says_both() -> None:
    due_at = OPENED + days(14)
    assert dunning.mail_due(OPENED, due_at, due_at, (Reminder.DUE_SOON,)) is Reminder.BLOCKED


@pytest.mark.parametrize(
    ("term", "passed", "after"),
    [
        (7, 0, 4),
        (7, 1, 7),
        (7, 2, 14),
        (7, 3, None),
        (2, 0, 2),
        (2, 1, 2),
        (14, 2, 14),
        (30, 2, 30),
    ],
)
def test_the_next_look_is_when_the_next_reminder_falls_due(
    term: int, passed: int, after: int | None
) -> None:
    due = None if after is None else OPENED + days(after)
    assert dunning.next_reminder(OPENED, OPENED + days(term), passed) == due


def test_what_is_behind_us_can_be_kept_as_a_number() -> None:
    assert dunning.sent_before(0) == frozenset()
    assert dunning.sent_before(2) == {Reminder.DUE_SOON, Reminder.OVERDUE}
    for reminder in Reminder:
        assert reminder in dunning.sent_before(dunning.passed_with(reminder))
        assert reminder not in dunning.sent_before(dunning.passed_with(reminder) - 1)


@given(st.integers(0, 40))
def test_looking_only_when_due_sends_a_mail_at_every_look(term: int) -> None:
    due_at, passed, mails = OPENED + days(term), 0, []
    while (look := dunning.next_reminder(OPENED, due_at, passed)) is not None:
        mail = dunning.mail_due(OPENED, due_at, look, dunning.sent_before(passed))
        assert mail is not None
        assert dunning.passed_with(mail) > passed
        passed = dunning.passed_with(mail)
        mails.append(mail)
    assert mails[-1] is Reminder.BLOCKED


@given(st.integers(0, 40), st.lists(st.integers(0, 90), max_size=12).map(sorted))
def test_reminders_only_ever_grow_more_serious(term: int, checks: list[int]) -> None:
    order = list(Reminder)
    sent: list[Reminder] = []
    for check in checks:
        mail = dunning.mail_due(OPENED, OPENED + days(term), OPENED + days(check), sent)
        if mail is not None:
            assert mail not in sent
            assert all(order.index(mail) > order.index(each) for each in sent)
            sent.append(mail)
