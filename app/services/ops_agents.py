"""Agents as operations see them: what one is and used, its calls, its keys, and free calls added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.rules.gateway import CallStatus
from app.rules.periods import BillingMonth
from app.rules.quota import Quota, Tier
from app.rules.statuses import PaymentMethodStatus
from app.services import call_days, notices, quotas, spend
from app.services.call_days import ActionCalls
from app.services.context import Context
from app.services.ops_lists import Listed, Search, as_they_are, found, of_tenant
from app.services.ops_tenants import required
from app.services.spend import Limits
from models.agent import Agent, AgentCall, CallCounter
from models.credential import Credential, CredentialKind
from models.payment import PaymentMethod
from models.person import Role
from models.tenant import Tenant

MOST_GRANTED: Final = 10_000
"""Free calls that may be added to one month in all."""
ACTIONS_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class AgentDetail:
    """An agent with what its page says beside its keys, invoices and history."""

    agent: Agent
    quota: Quota
    counter: CallCounter
    limits: Limits
    card: PaymentMethod | None
    actions: Sequence[ActionCalls]


async def get(ctx: Context, tenant_id: UUID) -> AgentDetail | None:
    """Return what makes a tenant an agent; None for one that is none."""
    ctx.require_ops()
    agent = await ctx.db.get(Agent, tenant_id)
    if agent is None:
        return None
    month = BillingMonth.containing(ctx.now())
    days = await call_days.rows(ctx, [tenant_id], month.start, month.end)
    cards = await ctx.db.scalars(
        select(PaymentMethod)
        .where(
            col(PaymentMethod.tenant_id) == tenant_id,
            col(PaymentMethod.status) == PaymentMethodStatus.CONNECTED,
        )
        .order_by(col(PaymentMethod.is_default).desc(), col(PaymentMethod.id).desc())
    )
    return AgentDetail(
        agent,
        await quotas.current(ctx, agent),
        await quotas.counter_of(ctx, agent, month),
        await spend.limits_of(ctx, agent),
        cards.first(),
        call_days.by_action(days)[:ACTIONS_SHOWN],
    )


async def grant(ctx: Context, tenant_id: UUID, calls: int, *, reason: str) -> int:
    """Add free calls to an agent's running month; returns how many were added to it in all.

    Raises ``ConflictError`` ``pays_by_the_call`` for one that has no limit, and ``InvalidInputError``.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    cause = required(reason)
    await ctx.get_any(Tenant, tenant_id, lock=True)
    agent = await _agent(ctx, tenant_id)
    if quotas.tier_of(ctx, agent) is Tier.PAID:
        raise ConflictError(
            "It pays by the call and has no limit: there is nothing to add to.",
            reason="pays_by_the_call",
        )
    month = BillingMonth.containing(ctx.now())
    await quotas.begin_month(ctx, agent, month)
    counter = await quotas.counter_of(ctx, agent, month, lock=True)
    if not 1 <= calls <= MOST_GRANTED - counter.granted:
        problem = f"must be 1 to {MOST_GRANTED - counter.granted:,}"
        raise InvalidInputError(f"The calls {problem}.", fields=[("calls", problem)])
    counter.granted += calls
    ctx.audit(
        "ops.calls_granted",
        tenant_id=tenant_id,
        subject=("tenant", tenant_id),
        body={"calls": calls, "month": str(month), "reason": cause},
    )
    await ctx.db.flush()
    return counter.granted


async def revoke_key(ctx: Context, tenant_id: UUID, key_id: UUID, *, reason: str) -> None:
    """End an agent's key at once, and tell its owner; ending it twice is refused."""
    ctx.require_ops(Role.OPS_OPERATOR)
    cause = required(reason)
    tenant = await ctx.get_any(Tenant, tenant_id, lock=True)
    key = await ctx.get_any(Credential, key_id, lock=True)
    if key.tenant_id != tenant_id or key.kind is not CredentialKind.API_KEY:
        raise NotFoundError("There is no such thing here.")
    if key.revoked_at is not None:
        raise ConflictError("This key is revoked already.", reason="already_revoked")
    key.revoked_at = ctx.now()
    ctx.audit(
        "ops.key_revoked",
        tenant_id=tenant_id,
        subject=("token", key.id),
        body={"prefix": key.prefix, "label": key.label, "reason": cause},
    )
    await ctx.db.flush()
    await notices.to_vendor(
        ctx,
        "key_revoked",
        tenant,
        key=f"key_revoked/{key.id}",
        tenant=tenant.display_name or tenant.email,
        token=f"{key.label} ({key.prefix}…)",
        cause=cause,
        at=ctx.now(),
        url="/agent/keys",
    )


async def _agent(ctx: Context, tenant_id: UUID) -> Agent:
    agent = await ctx.db.get(Agent, tenant_id, populate_existing=True)
    if agent is None:
        raise NotFoundError("There is no such agent.")
    return agent


def _calls(ctx: Context, search: Search) -> Any:  # noqa: ARG001 - all lists are asked alike
    searched = (AgentCall.action, AgentCall.request_id, AgentCall.error_code, AgentCall.error)
    query = select(AgentCall).where(*of_tenant(AgentCall, search), *found(search.q, *searched))
    return query.where(col(AgentCall.status) == search.status) if search.status else query


CALLS: Final[Listed[AgentCall]] = Listed(
    "calls",
    _calls,
    as_they_are,
    {
        "at": col(AgentCall.at),
        "action": col(AgentCall.action),
        "latency": col(AgentCall.latency_ms),
    },
    col(AgentCall.id),
    tuple(CallStatus),
)
