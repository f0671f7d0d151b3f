"""How a policy and a call that waits for a word read to operations."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from models.action_policy import ActionApproval, ActionPolicy
from state.moments import moment
from state.ops.words import LOCALE

EFFECTS = {"allow": "Allowed", "require_approval": "Needs approval", "deny": "Not allowed"}


@dataclass(frozen=True)
class PolicyRow:
    """One policy; without a tenant it is for every agent."""

    id: str
    pattern: str
    effect: str
    effect_word: str
    tenant_id: str
    owner: str
    reason: str


@dataclass(frozen=True)
class ApprovalRow:
    """One call that waits."""

    id: str
    agent: str
    tenant_id: str
    action: str
    params: str
    asked: str
    asked_exact: str
    until: str


def to_policy(row: ActionPolicy, name: str) -> PolicyRow:
    """Say a policy."""
    return PolicyRow(
        id=str(row.id),
        pattern=row.pattern,
        effect=row.effect.value,
        effect_word=EFFECTS[row.effect.value],
        tenant_id=str(row.tenant_id or ""),
        owner=name or "Every agent",
        reason=row.reason or "–",
    )


def to_approval(row: ActionApproval, agent: str, now: dt.datetime) -> ApprovalRow:
    """Say a call that waits; its params are shown as the agent sent them, secrets hidden."""
    asked = moment(row.asked_at, now, LOCALE)
    shown = json.dumps(row.params, ensure_ascii=False, indent=2)
    return ApprovalRow(
        id=str(row.id),
        agent=agent,
        tenant_id=str(row.tenant_id),
        action=row.action,
        params=shown if row.params else "None, or too many to show",
        asked=asked.text,
        asked_exact=asked.exact,
        until=moment(row.expires_at, now, LOCALE).exact,
    )
