"""The audit stream in words: any kind of act reads as a sentence."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass

from app.services.ops_audit import AuditLine
from components.code import shorten
from components.timeline import EventRow
from state.moments import moment
from state.ops.words import LOCALE

_MARKS = (
    ("token", "token"),
    ("device", "device"),
    ("invoice", "invoice"),
    ("billing", "invoice"),
    ("pay", "payment"),
    ("refund", "payment"),
    ("credit", "payment"),
    ("terms", "agreement"),
    ("branding", "brand"),
    ("logo", "brand"),
    ("webhook", "webhook"),
    ("outbox", "mail"),
    ("address", "mail"),
    ("price", "price"),
    ("clock", "clock"),
    ("access", "warning"),
    ("pro.", "payment"),
)
_TONES = {"denied": "warn", "failure": "bad"}
LONGEST_DETAIL = 160


@dataclass(frozen=True)
class AuditRow:
    """One act in the stream, and beside it."""

    id: str = ""
    kind: str = ""
    sentence: str = ""
    result: str = ""
    actor: str = ""
    actor_kind: str = ""
    tenant: str = ""
    tenant_id: str = ""
    subject: str = ""
    subject_id: str = ""
    facts: str = ""
    body: str = ""
    ip: str = ""
    request_id: str = ""
    at: str = ""
    at_exact: str = ""


def sentence(kind: str) -> str:
    """Read a kind aloud: ``ops.tenant_suspended`` is "Tenant suspended"."""
    area, _, rest = kind.partition(".")
    words = rest or area
    if area in ("invoice", "payment", "payout", "device", "billing", "access", "pro"):
        words = f"{area} {rest}"
    return words.replace("_", " ").strip().capitalize()


def in_short(body: Mapping[str, object]) -> str:
    """Return the facts of an act in one line."""
    said = [
        f"{key.replace('_', ' ')} {_shown(str(value))}"
        for key, value in body.items()
        if value != ""
    ]
    text = ", ".join(said)
    return text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"


def _shown(value: str) -> str:
    return value if " " in value else shorten(value, head=14, tail=6)


def to_event(line: AuditLine, now: dt.datetime) -> EventRow:
    """Say one act as an entry of a history."""
    one = line.event
    at = moment(one.at, now, LOCALE)
    return EventRow(
        id=str(one.id),
        title=sentence(one.kind),
        detail=" · ".join(part for part in (line.actor, in_short(one.body)) if part),
        at=at.text,
        at_exact=at.exact,
        mark=next((mark for word, mark in _MARKS if word in one.kind), "person"),
        tone=_TONES.get(one.result, ""),
    )


def to_row(line: AuditLine, now: dt.datetime) -> AuditRow:
    """Say one act as a line of the stream."""
    one = line.event
    at = moment(one.at, now, LOCALE)
    return AuditRow(
        id=str(one.id),
        kind=one.kind,
        sentence=sentence(one.kind),
        result=one.result,
        actor=line.actor,
        actor_kind=one.actor_kind.replace("_", " "),
        tenant=line.tenant,
        tenant_id=str(one.tenant_id or ""),
        subject=one.subject_kind.replace("_", " "),
        subject_id=one.subject_id,
        facts=in_short(one.body),
        body=json.dumps(one.body, indent=2, ensure_ascii=False, sort_keys=True),
        ip=one.ip,
        request_id=one.request_id,
        at=at.text,
        at_exact=at.exact,
    )
