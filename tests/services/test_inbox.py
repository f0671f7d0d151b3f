"""The inbox: stored before it is acknowledged, handled once, and shown when it cannot be."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import select

from app.core.clock import FixedClock, wall_now
from app.core.errors import ConflictError, ForbiddenError
from app.services import inbox, notifications
from app.services.context import Context
from app.services.news import NotKnownYetError
from app.services.ports import EventKind, ProviderEvent
from models.exchange import InboxEvent, InboxStatus
from models.person import Role
from tests.factories import as_ops, as_vendor, make_vendor
from tests.money_kit import jobs, told


def _event(id_: str = "evt_1", **facts: object) -> ProviderEvent:
    return ProviderEvent(id_, EventKind.MAIL_BOUNCED, "", wall_now(), facts)


def test_every_kind_of_notification_has_a_handler() -> None:
    assert set(notifications.HANDLERS) == set(EventKind)


async def test_a_notification_is_stored_and_queued_once(ctx: Context) -> None:
    stored = await inbox.store(ctx, "stripe", _event(), b'{"raw": true}')
    assert stored is not None
    assert await inbox.store(ctx, "stripe", _event(), b"{}") is None
    assert await inbox.store(ctx, "alipay", _event(), b"{}") is not None
    row = await ctx.db.get_one(InboxEvent, stored)
    assert (row.body, row.status) == (b'{"raw": true}', InboxStatus.RECEIVED)
    waiting = await jobs(ctx, "handle_inbox")
    assert len(waiting) == 2
    assert {"inbox_id": str(stored)} in [job.payload for job in waiting]


async def test_only_the_system_handles(ctx: Context) -> None:
    stored = await inbox.store(ctx, "stripe", _event(), b"{}")
    assert stored is not None
    with pytest.raises(ForbiddenError):
        await inbox.handle(as_ops(ctx), stored)


async def test_an_address_that_bounced_is_remembered_once(ctx: Context) -> None:
    assert await told(ctx, EventKind.MAIL_BOUNCED, email="a@example.com", reason="gone") == "done"
    assert await told(ctx, EventKind.MAIL_BOUNCED, email="a@example.com") == "ignored"
    assert await told(ctx, EventKind.MAIL_BOUNCED) == "ignored"


async def test_what_fails_is_shown_and_tried_again_with_back_off(
    ctx: Context, clock: FixedClock
) -> None:
    lost = ProviderEvent("evt_1", EventKind.PAYOUT_REVERSED, "tr_nobody", wall_now(), {})
    stored = await inbox.store(ctx, "stripe", lost, b"{}")
    assert stored is not None
    waits: list[dt.timedelta | None] = []
    for _ in range(inbox.MAX_ATTEMPTS):
        with pytest.raises(NotKnownYetError) as caught:
            await inbox.handle(ctx, stored)
        await inbox.note_failure(ctx, stored, caught.value)
        row = await ctx.db.get_one(InboxEvent, stored)
        assert (row.status, row.error[:16]) == (InboxStatus.FAILED, "NotKnownYetError")
        waits.append(row.next_at - ctx.now() if row.next_at else None)
        clock.advance(waits[-1] or dt.timedelta())
        assert await inbox.sweep(ctx) == (1 if waits[-1] else 0)
    assert waits[0] == inbox.FIRST_RETRY
    assert waits[1] == 2 * inbox.FIRST_RETRY
    assert waits[-1] is None
    assert len(await jobs(ctx, "handle_inbox")) == inbox.MAX_ATTEMPTS


async def test_what_a_crash_left_is_picked_up(ctx: Context, clock: FixedClock) -> None:
    stored = await inbox.store(ctx, "stripe", _event(email="a@example.com"), b"{}")
    assert stored is not None
    assert await inbox.sweep(ctx) == 0
    clock.advance(inbox.FIRST_WAIT)
    assert await inbox.sweep(ctx) == 1
    assert await inbox.sweep(ctx) == 0
    assert len(await jobs(ctx, "handle_inbox")) == 2
    assert await inbox.handle(ctx, stored) == "done"
    assert await inbox.handle(ctx, stored) == "done"
    clock.advance(dt.timedelta(days=2))
    assert await inbox.sweep(ctx) == 0


async def test_a_failure_noted_after_the_success_is_old_news(ctx: Context) -> None:
    stored = await inbox.store(ctx, "stripe", _event(email="a@example.com"), b"{}")
    assert stored is not None
    await inbox.handle(ctx, stored)
    await inbox.note_failure(ctx, stored, RuntimeError("late"))
    assert (await ctx.db.scalars(select(InboxEvent.status))).one() is InboxStatus.DONE


async def test_operators_replay_what_failed_and_nothing_else(ctx: Context) -> None:
    stored = await inbox.store(ctx, "stripe", _event(email="a@example.com"), b"{}")
    assert stored is not None
    with pytest.raises(ForbiddenError):
        await inbox.replay(as_ops(ctx, Role.OPS_VIEWER), stored)
    with pytest.raises(ForbiddenError):
        await inbox.replay(as_vendor(ctx, await make_vendor(ctx)), stored)
    await inbox.replay(as_ops(ctx, Role.OPS_OPERATOR), stored)
    assert len(await jobs(ctx, "handle_inbox")) == 2
    await inbox.handle(ctx, stored)
    with pytest.raises(ConflictError):
        await inbox.replay(as_ops(ctx), stored)
