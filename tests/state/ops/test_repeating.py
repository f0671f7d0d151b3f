"""Several rows of a page repeated at once: asked once, done once, each refusal counted and said."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError
from app.core.ids import new_id
from app.services import ops_bulk, ops_exchange
from app.services.context import Context
from app.services.ops_bulk import Chosen
from models.audit import AuditEvent
from models.exchange import InboxEvent, InboxStatus, OutboxItem, OutboxStatus
from models.person import Role
from state.ops.jobs import JobsState
from state.ops.mail import MailState
from state.ops.webhooks import WebhooksState
from tests.factories import as_ops
from tests.ops_kit import audited, make_event, make_job, make_mail
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened


async def test_all_of_a_page_that_can_be_is_replayed_and_audited_one_by_one(
    ctx: Context, operator: Tab
) -> None:
    failed = [await make_event(ctx, status=InboxStatus.FAILED, attempts=2) for _ in range(3)]
    done = await make_event(ctx, status=InboxStatus.DONE)
    await ctx.db.commit()
    state = await opened(operator, WebhooksState, "/ops/webhooks")
    await state.pick(str(done.id), True)
    await state.pick(str(new_id()), True)
    assert state.chosen == []
    await state.pick_all(True)
    assert sorted(state.chosen) == sorted(str(one.id) for one in failed)
    await state.pick(str(failed[0].id), False)
    await state.ask_chosen()
    assert state.question.title == "Handle 2 notifications once more?"
    assert await audited(ctx, "ops.webhook_replayed") == []
    assert len(await state.confirm({})) == 1
    assert (state.question.act, state.chosen, state.outcome) == ("", [], "")
    rows = await ctx.db.scalars(
        select(AuditEvent.subject_id).where(col(AuditEvent.kind) == "ops.webhook_replayed")
    )
    assert sorted(rows) == sorted(str(one.id) for one in failed[1:])


async def test_a_page_is_the_most_and_another_page_forgets_what_was_chosen(
    ctx: Context, operator: Tab
) -> None:
    for number in range(26):
        await make_event(ctx, status=InboxStatus.FAILED, attempts=number)
    await ctx.db.commit()
    state = await opened(operator, WebhooksState, "/ops/webhooks?sort=attempts")
    await state.pick_all(True)
    assert len(state.chosen) == 25
    state = await opened(operator, WebhooksState, "/ops/webhooks?sort=attempts&page=2")
    assert (len(state.rows), state.chosen) == (1, [])
    with pytest.raises(InvalidInputError):
        await state.ask_chosen()
    many = [Chosen(new_id(), 0) for _ in range(26)]
    with pytest.raises(InvalidInputError, match="at most 25"):
        await ops_bulk.each(as_ops(ctx, Role.OPS_OPERATOR), many, _nothing)


async def _nothing(one: Chosen) -> None:
    raise AssertionError(one)


async def test_what_is_refused_is_counted_and_said_and_the_rest_is_done(
    ctx: Context, operator: Tab
) -> None:
    jobs = [await make_job(ctx, status=OutboxStatus.FAILED) for _ in range(4)]
    await ctx.db.commit()
    state = await opened(operator, JobsState, "/ops/jobs")
    await state.pick_all(True)
    await state.ask_chosen()
    jobs[0].attempts += 1  # tried again by somebody else, and failed again
    jobs[1].attempts += 1
    jobs[2].status = OutboxStatus.SENDING
    await ctx.db.commit()
    await state.confirm({})
    assert state.outcome.startswith("Left out: 3 jobs.")
    assert "2 times: It was tried again meanwhile." in state.outcome
    assert "This is sending; there is nothing to repeat." in state.outcome
    assert len(await audited(ctx, "ops.outbox_retried")) == 1
    await state.pick(str(jobs[0].id), True)
    assert state.outcome == ""


async def test_what_is_refused_altogether_is_said_in_the_dialog(
    ctx: Context, operator: Tab
) -> None:
    event = await make_event(ctx, status=InboxStatus.FAILED)
    await ctx.db.commit()
    state = await opened(operator, WebhooksState, "/ops/webhooks")
    await state.pick_all(True)
    await state.ask_chosen()
    event.status = InboxStatus.DONE
    await ctx.db.commit()
    assert await state.confirm({}) == []
    assert (state.refusal, state.question.act) == ("This notification was handled.", "repeat")


async def test_a_viewer_repeats_nothing(ctx: Context, viewer: Tab) -> None:
    await make_event(ctx, status=InboxStatus.FAILED)
    await ctx.db.commit()
    state = await opened(viewer, WebhooksState, "/ops/webhooks")
    await state.pick_all(True)
    await state.ask_chosen()
    await state.confirm({})
    assert state.refusal == "Your role does not allow this."
    assert (await ctx.db.scalars(select(InboxEvent.attempts))).all() == [0]


async def test_mails_sent_and_failed_go_out_again_once_however_often_it_is_confirmed(
    ctx: Context, operator: Tab
) -> None:
    sent, failed, spent = [await make_mail(ctx) for _ in range(3)]
    sent.status, failed.status, spent.status = (
        OutboxStatus.SENT,
        OutboxStatus.FAILED,
        OutboxStatus.SENT,
    )
    spent.payload = {"tenant": "Acme Toys"}  # its link worked once and is gone
    await ctx.db.commit()
    state = await opened(operator, MailState, "/ops/mail")
    await state.pick_all(True)
    await state.ask_chosen()
    asked = state.question
    await state.confirm({})
    assert state.outcome.startswith("Left out: 1 mail. This mail carried a link that works once")
    assert len((await ctx.db.scalars(select(OutboxItem))).all()) == 4
    state._pose(asked)  # as if the same press arrived twice
    assert await state.confirm({}) == []
    assert "It was sent again already." in state.refusal
    assert "It was tried again meanwhile." in state.refusal
    assert len((await ctx.db.scalars(select(OutboxItem))).all()) == 4
    await ctx.db.refresh(failed)
    assert (failed.status, failed.attempts) == (OutboxStatus.QUEUED, 1)


async def test_a_mail_is_sent_again_once_under_one_name(ctx: Context) -> None:
    mail, ops = await make_mail(ctx), as_ops(ctx, Role.OPS_OPERATOR)
    mail.status = OutboxStatus.SENT
    await ctx.db.flush()
    await ops_exchange.resend(ops, mail.id, once="press-1")
    with pytest.raises(ConflictError, match="already"):
        await ops_exchange.resend(ops, mail.id, once="press-1")
    await ops_exchange.resend(ops, mail.id, once="press-2")
    assert len(await audited(ctx, "ops.mail_resent")) == 2
