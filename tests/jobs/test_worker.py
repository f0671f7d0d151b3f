"""Jobs and mails leave the outbox once, in fair order, and come back after failures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlmodel import select

from app.core.clock import FixedClock, wall_now
from app.core.errors import ConflictError, ProviderDownError
from app.jobs.engine import JOBS, Work
from app.jobs.worker import Worker
from app.runtime import Runtime
from app.services import outbox, workers
from app.services.context import SYSTEM, Context
from app.services.ports import JobName
from models import installation
from models.exchange import OutboxItem, OutboxKind, OutboxStatus, SuppressedAddress
from tests.factories import make_vendor
from tests.fakes import FakeMailer


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Payloads that the test's job finished, in order; ``fail`` in a payload makes it raise."""
    seen: list[dict[str, Any]] = []

    async def run(work: Work) -> None:
        async def note(ctx: Context) -> None:
            seen.append(work.payload)
            if kind := work.payload.get("fail"):
                raise ProviderDownError("down") if kind == "down" else ConflictError("no")

        await work.step("note", note)

    monkeypatch.setitem(JOBS, JobName.HANDLE_INBOX, run)
    return seen


async def _enqueue(run: Runtime, key: str, **payload: Any) -> None:
    async with run.context(SYSTEM) as ctx:
        await outbox.enqueue(ctx, JobName.HANDLE_INBOX, key, **payload)


async def _items(run: Runtime) -> list[OutboxItem]:
    async with run.context(SYSTEM) as ctx:
        return list((await ctx.db.scalars(select(OutboxItem))).all())


async def test_a_job_runs_once_however_often_it_is_enqueued(
    own_run: Runtime, worker: Worker, done: list[dict[str, Any]]
) -> None:
    for _ in range(3):
        await _enqueue(own_run, "one", n=1)
    await worker.settle()
    await _enqueue(own_run, "one", n=1)
    await worker.settle()
    assert done == [{"n": 1}]
    assert [item.status for item in await _items(own_run)] == [OutboxStatus.SENT]


async def test_starting_a_started_job_again_does_nothing(
    own_run: Runtime, worker: Worker, done: list[dict[str, Any]]
) -> None:
    await _enqueue(own_run, "one", n=1)
    (item,) = await _items(own_run)
    for _ in range(3):
        await worker.engine.start(str(item.id), item.name, item.attempts, dict(item.payload))
    await worker.settle()
    assert done == [{"n": 1}]


async def test_a_job_whose_transaction_was_rolled_back_never_runs(
    own_run: Runtime, worker: Worker, done: list[dict[str, Any]]
) -> None:
    async def broken() -> None:
        async with own_run.context(SYSTEM) as ctx:
            await outbox.enqueue(ctx, JobName.HANDLE_INBOX, "gone")
            raise LookupError

    with pytest.raises(LookupError):
        await broken()
    await worker.settle()
    assert done == []


async def test_what_is_down_is_tried_again_later_and_given_up_in_the_end(
    own_run: Runtime, worker: Worker, done: list[dict[str, Any]], clock: FixedClock
) -> None:
    await _enqueue(own_run, "one", fail="down")
    await worker.settle()
    (item,) = await _items(own_run)
    assert (item.status, item.attempts, len(done)) == (OutboxStatus.QUEUED, 1, 1)
    for _ in range(outbox.MAX_ATTEMPTS):
        clock.advance(dt.timedelta(days=1))
        await worker.settle()
    (item,) = await _items(own_run)
    assert (item.status, len(done)) == (OutboxStatus.FAILED, outbox.MAX_ATTEMPTS)
    assert item.error == "provider_down: down"


async def test_a_refusal_is_not_repeated(
    own_run: Runtime, worker: Worker, done: list[dict[str, Any]], clock: FixedClock
) -> None:
    await _enqueue(own_run, "one", fail="refused")
    await worker.settle()
    clock.advance(dt.timedelta(days=1))
    await worker.settle()
    (item,) = await _items(own_run)
    assert (item.status, len(done)) == (OutboxStatus.FAILED, 1)


async def test_one_busy_tenant_does_not_delay_the_others(ctx: Context) -> None:
    busy, quiet = await make_vendor(ctx), await make_vendor(ctx)
    for number in range(5):
        await outbox.enqueue(ctx, JobName.HANDLE_INBOX, f"b{number}", tenant_id=busy.id, who="busy")
    await outbox.enqueue(ctx, JobName.HANDLE_INBOX, "q", tenant_id=quiet.id, who="quiet")
    items = await outbox.due(ctx, OutboxKind.JOB, 3)
    assert [item.payload["who"] for item in items] == ["busy", "quiet", "busy"]


async def test_what_belongs_to_nobody_waits_for_no_customer(ctx: Context) -> None:
    """A payment is noticed at once, also while a month's documents are on their way to everybody."""
    for number in range(3):
        tenant = await make_vendor(ctx)
        await outbox.enqueue(ctx, JobName.HANDLE_INBOX, f"t{number}", tenant_id=tenant.id, who="t")
    for number in range(3):
        await outbox.enqueue(ctx, JobName.HANDLE_INBOX, f"n{number}", who=f"nobody {number}")
    items = await outbox.due(ctx, OutboxKind.JOB, 4)
    assert sorted(item.payload["who"] for item in items) == [
        "nobody 0",
        "nobody 1",
        "nobody 2",
        "t",
    ]


async def _mail(run: Runtime, key: str = "m1", **params: Any) -> None:
    async with run.context(SYSTEM) as ctx:
        await outbox.mail(
            ctx,
            "confirm_email",
            to="a@example.com",
            key=key,
            params={"url": "/verify", "hours": 24, **params},
        )


async def test_a_mail_leaves_once(own_run: Runtime, worker: Worker, mailer: FakeMailer) -> None:
    await _mail(own_run)
    await _mail(own_run)
    await worker.settle()
    await worker.settle()
    assert [mail["to"] for mail in mailer.sent] == ["a@example.com"]
    assert "http://portal.test/verify" in mailer.sent[0]["text"]


async def test_a_mail_is_tried_again_while_the_server_is_down(
    own_run: Runtime, worker: Worker, mailer: FakeMailer, clock: FixedClock
) -> None:
    mailer.down = 2
    await _mail(own_run)
    for _ in range(4):
        await worker.settle()
        clock.advance(dt.timedelta(hours=1))
    assert len(mailer.sent) == 1


async def test_a_mail_that_cannot_be_written_fails_visibly(
    own_run: Runtime, worker: Worker, mailer: FakeMailer
) -> None:
    await _mail(own_run, unknown="parameter")
    await worker.settle()
    (item,) = await _items(own_run)
    assert (item.status, mailer.sent) == (OutboxStatus.FAILED, [])
    assert item.error.startswith("Cannot be written")


async def test_nothing_is_mailed_to_an_address_that_bounced(
    own_run: Runtime, worker: Worker, mailer: FakeMailer
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        ctx.db.add(
            SuppressedAddress(email="a@example.com", reason="bounced", suppressed_at=ctx.now())
        )
    await _mail(own_run)
    await worker.settle()
    (item,) = await _items(own_run)
    assert (item.status, mailer.sent) == (OutboxStatus.SUPPRESSED, [])


async def _left(run: Runtime, by: str | None) -> None:
    """Leave the mail as a worker does that dies while it sends it."""
    async with run.context(SYSTEM) as ctx:
        for item in (await ctx.db.scalars(select(OutboxItem))).all():
            item.status, item.claimed_by = OutboxStatus.SENDING, by


async def _seen(run: Runtime, name: str, ago: dt.timedelta) -> None:
    async with run.context(SYSTEM) as ctx:
        await workers.beat(ctx, name)
        row = await ctx.db.get_one(installation.Worker, name)
        row.seen_at = wall_now() - ago


@pytest.mark.parametrize("by", ["test", "buried", None])
async def test_a_mail_left_uncertain_by_a_crash_is_sent_at_once_and_once_more_at_most(
    own_run: Runtime, worker: Worker, mailer: FakeMailer, by: str | None
) -> None:
    await _mail(own_run)
    await _left(own_run, by)
    await worker._housekeep()
    await worker.settle()
    assert len(mailer.sent) == 1
    await _mail(own_run, "m2")
    await _left(own_run, by)
    await worker._housekeep()
    await _left(own_run, by)
    await worker._housekeep()
    await worker.settle()
    assert {item.status for item in await _items(own_run)} == {OutboxStatus.FAILED}
    assert len(mailer.sent) == 1


async def test_a_mail_another_worker_sends_is_left_to_it_while_it_lives(
    own_run: Runtime, worker: Worker, mailer: FakeMailer
) -> None:
    await _mail(own_run)
    await _left(own_run, "other")
    await _seen(own_run, "other", workers.SILENCE / 2)
    await worker._housekeep()
    assert not await worker.turn()
    assert mailer.sent == []
    await _seen(own_run, "other", workers.SILENCE * 2)
    await worker._housekeep()
    await worker.settle()
    assert len(mailer.sent) == 1
