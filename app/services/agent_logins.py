"""The human behind an agent comes in by a mailed link: no password, and nobody learns who has an agent."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import NotFoundError
from app.rules.emails import normalise_email
from app.rules.redirects import local_path
from app.rules.statuses import TenantStatus
from app.services import links, outbox, tenant_sessions, throttle
from app.services.context import Context
from app.services.session_tokens import SignedIn
from models.agent import Agent
from models.person import LinkPurpose
from models.tenant import Tenant

PAGE: Final = "/agent/login"
EVERY_ANSWER_TAKES: Final = dt.timedelta(milliseconds=300)
"""So that nobody tells by a clock whether an address has an agent."""
_PURPOSE: Final = (LinkPurpose.ENTER,)


@dataclass(frozen=True, slots=True)
class Entrance:
    """Whose accounts a link opens; it is used up by entering one of them."""

    email: str
    agents: Sequence[Agent]


async def request(ctx: Context, email: str, onward: str = "") -> None:
    """Mail a link that opens the account of every agent of an address; the answer is the same without any.

    ``onward`` is a page of agents to go on to. Raises ``InvalidInputError``, ``RateLimitedError``.
    """
    ends = time.monotonic() + EVERY_ANSWER_TAKES.total_seconds()
    address = normalise_email(email)
    await throttle.count(ctx, ctx.settings.limit_sign_up, "agent_login", throttle.place(ctx))
    await throttle.count(ctx, ctx.settings.limit_mail, "mail", address)
    agents = await _of(ctx, address)
    ctx.audit(
        "agent.login_requested",
        tenant_id=agents[0].tenant_id if agents else None,
        result="success" if agents else "failure",
    )
    if agents:
        await _mail(ctx, agents, onward_path(onward))
    await ctx.save()  # nothing may be locked while this waits
    await asyncio.sleep(max(0, ends - time.monotonic()))


async def show(ctx: Context, token: str) -> Entrance:
    """Tell whose accounts a link opens and change nothing; raises ``NotFoundError`` ``link_invalid``."""
    link = await links.find(ctx, token, _PURPOSE)
    agents = await _of(ctx, link.email)
    if not agents:
        raise NotFoundError("There is no such account any more.", reason="link_invalid")
    return Entrance(link.email, agents)


async def enter(ctx: Context, token: str, tenant_id: UUID | None = None) -> SignedIn:
    """Use up a link and open a session of one of its agents, the first unless told which.

    It also proves the agents' address, as their confirmation does. Raises ``NotFoundError``.
    """
    entrance = await show(ctx, token)
    found = [one for one in entrance.agents if tenant_id in (None, one.tenant_id)]
    if not found:
        raise NotFoundError("There is no such account.", reason="link_invalid")
    await links.use(ctx, token, _PURPOSE)
    agent = found[0]
    if agent.confirmed_at is None:
        agent.confirmed_at = ctx.now()
        ctx.audit("agent.confirmed", tenant_id=agent.tenant_id, body={"email": agent.email})
    tenant = await ctx.db.get_one(Tenant, agent.tenant_id)
    return await tenant_sessions.begin(ctx, tenant, proof="mailed link")


def onward_path(wanted: str) -> str:
    """Return a page of agents to go on to after the login, their first one for anything else."""
    path = local_path(wanted, "")
    is_theirs = path == "/agent" or path.startswith(("/agent/", "/agent?"))
    return path if is_theirs and not path.startswith(PAGE) else "/agent"


async def _of(ctx: Context, address: str) -> Sequence[Agent]:
    rows = await ctx.db.scalars(
        select(Agent)
        .join(Tenant, col(Tenant.id) == Agent.tenant_id)
        .where(col(Agent.email) == address, col(Tenant.status) != TenantStatus.CLOSED)
        .order_by(col(Agent.product), col(Agent.tenant_id))
    )
    return rows.all()


async def _mail(ctx: Context, agents: Sequence[Agent], onward: str) -> None:
    first = await ctx.db.get_one(Tenant, agents[0].tenant_id)
    link, token = await links.issue(ctx, first, LinkPurpose.ENTER, agents[0].email)
    query = "" if onward == "/agent" else "?" + urlencode({"next": onward})
    named = ", ".join(f"{one.agent_id} ({one.product})" for one in agents)
    await outbox.mail(
        ctx,
        "agent_login",
        to=link.email,
        key=f"agent_login/{link.id}",
        params={"agents": named, "minutes": links.ENTER_MINUTES},
        secrets={"url": f"/v1/enter/{token}{query}"},
        tenant_id=first.id,
        locale=first.locale,
    )
