"""A mail that lets somebody in: its secret reaches the mailbox and can be read nowhere else."""

from __future__ import annotations

import json

from sqlmodel import select

from app.services import mails, outbox
from app.services.context import Context
from models.exchange import OutboxItem, OutboxStatus

TOKEN = "s3cret-s3cret-s3cret"


async def test_a_secret_is_in_the_letter_and_not_in_the_table(ctx: Context) -> None:
    await outbox.mail(
        ctx,
        "confirm_email",
        to="owner@example.com",
        key="confirm_email/1",
        params={"hours": 24},
        secrets={"url": f"/verify#{TOKEN}"},
    )
    item = (await ctx.db.scalars(select(OutboxItem))).one()
    assert TOKEN not in json.dumps(item.payload)
    letter = await mails.claim(ctx, item.id, "w1")
    assert letter is not None
    assert f"/verify#{TOKEN}" in letter.text
    assert f"/verify#{TOKEN}" in letter.html
    assert TOKEN not in json.dumps(item.rendered)
    assert item.subject == letter.subject
    await mails.finish(ctx, item.id, None)
    assert item.status is OutboxStatus.SENT
    assert item.payload == {"hours": 24}


async def test_a_second_try_sends_the_same_letter(ctx: Context) -> None:
    await outbox.mail(
        ctx,
        "reset_password",
        to="owner@example.com",
        key="reset_password/1",
        params={"hours": 1},
        secrets={"url": f"/reset#{TOKEN}"},
    )
    item = (await ctx.db.scalars(select(OutboxItem))).one()
    first = await mails.claim(ctx, item.id, "w1")
    item.status = OutboxStatus.QUEUED
    assert await mails.claim(ctx, item.id, "w1") == first
