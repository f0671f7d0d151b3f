"""What a product runtime of its own may ask of us: tenants, usage, the audit's sums and the monthly run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, ForbiddenError, NotFoundError
from app.rules.fields import one_line
from app.rules.periods import BillingMonth
from app.rules.quota import Quota
from app.services import agents, billing_runs, call_usage, quotas
from app.services.agents import PRODUCTS
from app.services.billing_runs import Progress
from app.services.call_usage import Calls
from app.services.context import Actor, ActorKind, Context
from models.agent import Agent


async def create_tenant(
    ctx: Context, *, agent_id: str, email: str, organisation: str = ""
) -> Agent:
    """Open an agent's account without a key, which the runtime gives out itself.

    Raises ``ConflictError`` ``known_email``: an address has its free calls once.
    """
    system = _as_system(ctx)
    made = await agents.open_account(
        system, PRODUCTS[0], agent_id=agent_id, email=email, organisation=organisation
    )
    if made is None:
        raise ConflictError("This address has its free calls already.", reason="known_email")
    return made


async def usage(ctx: Context, tenant_id: UUID, start: dt.datetime, end: dt.datetime) -> Quota:
    """Return what an agent used in ``[start, end)``, its tier and its limit as of now."""
    system = _as_system(ctx)
    agent = await system.db.get(Agent, tenant_id)
    if agent is None:
        raise NotFoundError("There is no such tenant.")
    found = await call_usage.count(system, [tenant_id], start, end)
    tier = quotas.tier_of(system, agent)
    limit = await quotas.limit_now(system, agent)
    return Quota(tier, found.get(tenant_id, Calls()).billable, limit)


async def audit_query(
    ctx: Context,
    tenant_ids: Collection[UUID],
    start: dt.datetime,
    end: dt.datetime,
    *,
    action_prefix: str = "",
) -> dict[UUID, Calls]:
    """Return how the calls of tenants ended in ``[start, end)``; those without any are all noughts."""
    found = await call_usage.count(
        _as_system(ctx), tenant_ids, start, end, action_prefix=action_prefix
    )
    return {tenant_id: found.get(tenant_id, Calls()) for tenant_id in tenant_ids}


async def organisation_usage(
    ctx: Context, organisation: str, start: dt.datetime, end: dt.datetime
) -> dict[UUID, Calls]:
    """Return how the calls of each agent of an organisation ended in ``[start, end)``.

    An organisation is what agents called theirs, letter for letter. Raises ``NotFoundError`` for
    one that nobody named, and ``InvalidInputError``.
    """
    system = _as_system(ctx)
    ids = list(
        await system.db.scalars(
            select(Agent.tenant_id)
            .where(
                col(Agent.organisation) == one_line(organisation, "organization_name", longest=120)
            )
            .order_by(col(Agent.tenant_id))
            .limit(call_usage.MOST_TENANTS + 1)
        )
    )
    if not ids:
        raise NotFoundError("No agent named this organisation.")
    found = await call_usage.count(system, ids, start, end)
    return {tenant_id: found.get(tenant_id, Calls()) for tenant_id in ids}


async def run_billing(ctx: Context, period: str | None) -> Progress:
    """Begin the billing of a month that is over, by default the last one, or resume it.

    Whatever is done stays as it is, whatever failed is taken up again. Returns how far it has come.
    """
    system = _as_system(ctx)
    month = period or str(BillingMonth.containing(ctx.now()).previous)
    await billing_runs.start_run(system, month)
    return await billing_runs.progress(system, month)


def _as_system(ctx: Context) -> Context:
    """Return the same unit of work as the system's; raises ``ForbiddenError`` for all but a runtime."""
    if ctx.actor.kind is not ActorKind.KERNEL_TOKEN:
        raise ForbiddenError("This needs a runtime's token.")
    actor = Actor(ActorKind.SYSTEM, f"kernel:{ctx.actor.id}", origin=ctx.actor.origin)
    return replace(ctx, actor=actor)
