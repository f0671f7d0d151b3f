"""Rows of the audit stream in the words of the vendor's feed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from app.services.context import ActorKind
from components.timeline import EventRow
from models.audit import AuditEvent
from state.moments import moment
from state.vendor.audit_words import REASONS, say

_PLACES: Final = {
    "device": "/vendor/devices?open={}",
    "token": "/vendor/tokens?open={}",
    "invoice": "/vendor/invoices/{}",
}


def to_row(
    row: AuditEvent, me: str, tokens: Mapping[str, str], now: dt.datetime, locale: str
) -> EventRow:
    """Say a row; ``me`` is the reader's id, ``tokens`` are labels by id."""
    title, mark, tone = say(row.kind, row.body, locale)
    at = moment(row.at, now, locale)
    place = _PLACES.get(row.subject_kind, "") if row.subject_id else ""
    reason = REASONS.get(str(row.body.get("reason", "")), "")
    return EventRow(
        id=str(row.id),
        title=title,
        detail=" ".join(part for part in (reason, _who(row, me, tokens)) if part),
        at=at.text,
        at_exact=at.exact,
        mark=mark,
        tone="warn" if row.result == "denied" and not tone else tone,
        href=place.format(row.subject_id),
    )


def _who(row: AuditEvent, me: str, tokens: Mapping[str, str]) -> str:
    """Say who did it, and from where when it was one's own; where our staff sit is nobody's matter."""
    where = f", from {row.ip}" if row.ip else ""
    if row.actor_kind == ActorKind.VENDOR_TOKEN:
        return f"By token {tokens.get(row.actor_id, 'that is no more')}{where}."
    if row.actor_kind == ActorKind.PERSON:
        return f"By you{where}." if row.actor_id == me else "By Turnpike's staff."
    if row.actor_kind == ActorKind.ANONYMOUS:
        return f"From {row.ip}." if row.ip else ""
    return "By Turnpike."
