"""Agents in the words of operations: what one is, what it used, and its calls."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.locale import format_date, format_number
from app.rules.quota import Tier
from app.services.call_days import ActionCalls
from app.services.ops_agents import AgentDetail
from models.agent import AgentCall, PaymentState
from state.moments import moment
from state.ops.words import LOCALE, money, several

PAYMENT = {
    PaymentState.NONE: "No card",
    PaymentState.SETUP_PENDING: "Card page open",
    PaymentState.ACTIVE: "Card stored",
}


@dataclass(frozen=True)
class AgentView:
    """What makes a tenant an agent, on its page; empty for one that is none."""

    agent_id: str = ""
    product: str = ""
    organisation: str = ""
    confirmed: str = ""
    tier: str = ""
    is_free: bool = False
    payment: str = ""
    card: str = ""
    used: str = ""
    granted: str = ""
    cost: str = ""
    budget: str = ""
    budget_by: str = ""
    is_stopped: bool = False
    onboarded: str = ""


@dataclass(frozen=True)
class ActionRow:
    """How the calls of one action ended in the running month."""

    action: str
    calls: str
    succeeded: str
    charged: str


@dataclass(frozen=True)
class CallRow:
    """One request to the gateway."""

    id: str
    action: str
    status: str
    code: str
    error: str
    charged: str
    request_id: str
    latency: str
    at: str
    at_exact: str


def to_agent(found: AgentDetail, now: dt.datetime) -> AgentView:
    """Say an agent in the words of its page."""
    one, quota, limits = found.agent, found.quota, found.limits
    confirmed = moment(one.confirmed_at, now, LOCALE)
    return AgentView(
        agent_id=one.agent_id,
        product=one.product,
        organisation=one.organisation or "–",
        confirmed=confirmed.exact if one.confirmed_at else "Not confirmed",
        tier=_tier(found),
        is_free=quota.tier is Tier.FREE,
        payment=PAYMENT[one.payment_state],
        card=(found.card.label or "Card") if found.card else "None",
        used=used_of(quota.used, quota.limit),
        granted=several(found.counter.granted, "call") if found.counter.granted else "None",
        cost=money(limits.spent),
        budget=_budget(found),
        budget_by=limits.set_by or "–",
        is_stopped=limits.is_stopped,
        onboarded=moment(one.onboarded_at, now, LOCALE).exact,
    )


def used_of(used: int, limit: int | None) -> str:
    """Say how many calls of how many, e.g. ``72 of 100 calls``."""
    of = "" if limit is None else f" of {limit:,}"
    return f"{used:,}{of} {'call' if used == 1 and limit is None else 'calls'}"


def to_action(one: ActionCalls) -> ActionRow:
    """Say how the calls of one action ended."""
    return ActionRow(
        one.action or "No such action",
        format_number(one.calls, LOCALE),
        format_number(one.successful, LOCALE),
        format_number(one.charged, LOCALE),
    )


def to_call(one: AgentCall, now: dt.datetime) -> CallRow:
    """Say one request to the gateway."""
    at = moment(one.at, now, LOCALE)
    free = "Dry run" if one.is_dry_run else ("Replay" if one.is_replay else "Free")
    return CallRow(
        id=str(one.id),
        action=one.action,
        status=one.status.value,
        code=one.error_code or "–",
        error=one.error,
        charged="Charged" if one.is_charged else free,
        request_id=one.request_id,
        latency=f"{one.latency_ms:,} ms",
        at=at.text,
        at_exact=at.exact,
    )


def _tier(found: AgentDetail) -> str:
    one = found.agent
    if found.quota.tier is Tier.FREE:
        return "Free calls"
    since = f" since {format_date(one.upgraded_at.date(), LOCALE)}" if one.upgraded_at else ""
    until = f", until {format_date(one.paid_until.date(), LOCALE)}" if one.paid_until else ""
    return f"Pays by the call{since}{until}"


def _budget(found: AgentDetail) -> str:
    limits = found.limits
    if limits.budget is None:
        return "None"
    return (
        f"{money(limits.budget)} a month, {'stops calls' if limits.hard_stop else 'only told of'}"
    )
