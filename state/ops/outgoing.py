"""Mails and jobs on their way out, in the words of operations."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from app.services.outbox import SEALED
from models.exchange import OutboxItem, OutboxKind, OutboxStatus, SuppressedAddress
from state.moments import moment
from state.ops.words import LOCALE

REPEATABLE = (OutboxStatus.FAILED, OutboxStatus.QUEUED, OutboxStatus.SUPPRESSED)


@dataclass(frozen=True)
class OutgoingRow:
    """A mail or a job in its list, and beside it."""

    id: str = ""
    name: str = ""
    business_key: str = ""
    recipient: str = ""
    subject: str = ""
    status: str = ""
    attempts: int = 0
    error: str = ""
    created: str = ""
    created_exact: str = ""
    next_try: str = ""
    sent: str = ""
    tenant_id: str = ""
    payload: str = ""
    html: str = ""
    text: str = ""
    attached: str = ""
    can_repeat: bool = False


@dataclass(frozen=True)
class SuppressedRow:
    """An address that refused mail."""

    id: str
    reason: str
    since: str
    since_exact: str


def to_outgoing(one: OutboxItem, now: dt.datetime, *, whole: bool = False) -> OutgoingRow:
    """Say a mail or a job; its content only where it is read, and never what is sealed in it."""
    created = moment(one.created_at, now, LOCALE)
    waits = one.status is OutboxStatus.QUEUED
    rendered = one.rendered or {}
    shown = {key: value for key, value in one.payload.items() if key != SEALED}
    count = len(one.attachments)
    return OutgoingRow(
        id=str(one.id),
        name=one.name.replace("_", " ").capitalize(),
        business_key=one.business_key,
        recipient=one.recipient,
        subject=one.subject or "Not written yet",
        status=one.status.value,
        attempts=one.attempts,
        error=one.error,
        created=created.text,
        created_exact=created.exact,
        next_try=moment(one.next_at, now, LOCALE).exact if waits else "–",
        sent=moment(one.sent_at, now, LOCALE).exact if one.sent_at else "–",
        tenant_id=str(one.tenant_id or ""),
        payload=json.dumps(shown, indent=2, ensure_ascii=False) if whole else "",
        html=str(rendered.get("html", "")) if whole else "",
        text=str(rendered.get("text", "")) if whole else "",
        attached=f"{count} {'file' if count == 1 else 'files'}" if count else "",
        can_repeat=one.status in REPEATABLE
        or (one.kind is OutboxKind.MAIL and one.status is OutboxStatus.SENT),
    )


def to_suppressed(one: SuppressedAddress, now: dt.datetime) -> SuppressedRow:
    """Say an address that refused mail."""
    since = moment(one.suppressed_at, now, LOCALE)
    return SuppressedRow(one.email, one.reason or "–", since.text, since.exact)
