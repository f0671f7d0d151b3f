"""Sends what waits in the outbox as mail: claimed first, so that a crash sends at most once more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select

from app.core.errors import ProviderRefusedError
from app.rules.backoff import delay
from app.services.context import Context
from app.services.outbox import FIRST_WAIT, LONGEST_WAIT, MAX_ATTEMPTS, SEALED, mail_params
from app.services.ports import Attachment
from models.exchange import OutboxItem, OutboxKind, OutboxStatus, SuppressedAddress
from models.installation import Worker
from models.stored_file import StoredFile


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed mail with everything that the mailer needs."""

    item_id: UUID
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    attachments: tuple[Attachment, ...]


async def claim(ctx: Context, item_id: UUID, worker_id: str) -> Letter | None:
    """Mark a mail as being sent and return it; None when it is not due, or must not be sent."""
    ctx.require_system()
    item = await ctx.get_any(OutboxItem, item_id, lock=True)
    if item.kind is not OutboxKind.MAIL or item.status is not OutboxStatus.QUEUED:
        return None
    if await ctx.db.get(SuppressedAddress, item.recipient):
        item.status, item.error = OutboxStatus.SUPPRESSED, "The address refused mail before."
        return None
    try:
        mail = await _write(ctx, item)
    except (ValueError, LookupError) as error:
        item.status, item.error = OutboxStatus.FAILED, f"Cannot be written: {error}"[:500]
        return None
    files = await ctx.db.scalars(
        select(StoredFile).where(col(StoredFile.id).in_([UUID(one) for one in item.attachments]))
    )
    item.status, item.claimed_by = OutboxStatus.SENDING, worker_id
    item.attempts += 1
    item.next_at = ctx.now()
    domain = parseaddr(ctx.settings.mail_from)[1].rpartition("@")[2] or "localhost"
    return Letter(
        item_id=item.id,
        to=item.recipient,
        subject=str(mail["subject"]),
        text=str(mail["text"]),
        html=str(mail["html"]),
        message_id=f"<{item.name}.{item.id}@{domain}>",
        attachments=tuple(Attachment(one.name, one.media_type, one.content) for one in files),
    )


async def finish(ctx: Context, item_id: UUID, failure: Exception | None) -> None:
    """Note how sending ended: sent, to be tried again with back-off, or given up."""
    ctx.require_system()
    item = await ctx.get_any(OutboxItem, item_id, lock=True)
    if item.status is not OutboxStatus.SENDING:
        return
    if failure is None:
        item.status, item.sent_at, item.error = OutboxStatus.SENT, ctx.now(), ""
        item.payload = {key: value for key, value in item.payload.items() if key != SEALED}
        return
    item.error = str(failure)[:500]
    if isinstance(failure, ProviderRefusedError) or item.attempts >= MAX_ATTEMPTS:
        item.status = OutboxStatus.FAILED
    else:
        item.status = OutboxStatus.QUEUED
        item.next_at = ctx.now() + delay(item.attempts, FIRST_WAIT, LONGEST_WAIT)


async def release_uncertain(ctx: Context, worker_id: str) -> int:
    """Queue mails again that nobody is sending although they were begun; once each at most.

    Those are the ones of workers that are gone, and the caller's own, which sends none now: its
    earlier life, or an answer of the database that got lost, left them.
    """
    ctx.require_system()
    claimed_by = col(OutboxItem.claimed_by)
    others = select(Worker.id).where(col(Worker.id) != worker_id)
    rows = await ctx.db.scalars(
        select(OutboxItem)
        .where(
            col(OutboxItem.kind) == OutboxKind.MAIL,
            col(OutboxItem.status) == OutboxStatus.SENDING,
            or_(claimed_by.is_(None), claimed_by.not_in(others)),
        )
        .with_for_update()
    )
    count = 0
    for item in rows:
        again = "uncertain" not in item.error
        item.status = OutboxStatus.QUEUED if again else OutboxStatus.FAILED
        item.error = "uncertain: the process died while sending"
        count += again
    return count


async def _write(ctx: Context, item: OutboxItem) -> dict[str, object]:
    """Return the mail, and keep it as it leaves but for its secrets, which are written anew."""
    is_secret = SEALED in item.payload
    if item.rendered is not None and not is_secret:
        return item.rendered
    params = mail_params(ctx, item)
    mail = await asyncio.to_thread(_render, ctx, item.name, params, item.locale)
    secrets = [str(params[key]).rpartition("#")[2] for key in params.keys() - item.payload.keys()]
    item.rendered = {key: _without(secrets, str(value)) for key, value in mail.items()}
    item.subject = str(item.rendered["subject"])
    return mail


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return text


def _render(ctx: Context, name: str, params: Mapping[str, Any], locale: str) -> dict[str, object]:
    mail = ctx.documents.mail(
        name, params, locale=locale, brand=ctx.settings.seller_name, site_url=ctx.site_url
    )
    return {"subject": mail.subject, "text": mail.text, "html": mail.html}
