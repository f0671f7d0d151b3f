"""One call in the words of its list and of its drawer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.locale import format_money
from app.rules.quota import PRICE
from app.services import calls
from models.agent import AgentCall
from state.moments import moment

LOCALE = "en"


@dataclass(frozen=True)
class CallRow:
    """One call; ``error`` is empty where it succeeded."""

    id: str = ""
    at: str = ""
    at_exact: str = ""
    action: str = ""
    status: str = ""
    code: str = ""
    error: str = ""
    latency: str = ""
    caller: str = ""
    cost: str = ""
    kind: str = ""
    request_id: str = ""
    request_hash: str = ""
    idempotency_key: str = ""
    ip: str = ""


def to_row(call: AgentCall, keys: Mapping[str, str], now: dt.datetime) -> CallRow:
    """Say a call."""
    at = moment(call.at, now, LOCALE)
    return CallRow(
        id=str(call.id),
        at=at.text,
        at_exact=at.exact,
        action=call.action,
        status=call.status.value,
        code=call.error_code,
        error=call.error,
        latency=f"{call.latency_ms:,} ms",
        caller=calls.caller(call, keys),
        cost=format_money(PRICE, LOCALE) if call.is_charged else "–",
        kind=_kind(call),
        request_id=call.request_id,
        request_hash=call.request_hash,
        idempotency_key=call.idempotency_key,
        ip=call.ip,
    )


def _kind(call: AgentCall) -> str:
    if call.is_dry_run:
        return "Dry run: nothing was kept, nothing counted"
    if call.is_replay:
        return "Replay of an earlier answer: nothing counted"
    if call.is_charged:
        return "Charged"
    return "Counted as one of the free calls" if call.is_billable else "Not billable"
