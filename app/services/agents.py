"""Agents: onboarded in one call, known by their keys, never handed to whoever knows their address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlmodel import col, select

from app.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from app.core.ids import new_id
from app.rules.emails import normalise_email
from app.rules.fields import one_line
from app.rules.gateway import Scope
from app.rules.quota import Quota
from app.rules.statuses import TenantStatus
from app.services import agent_links, agent_logins, credentials, outbox, quotas, throttle
from app.services.agent_links import Purpose
from app.services.context import ActorKind, Context
from app.services.outbox import insert_or_ignore
from app.services.ports import JobName
from models.agent import Agent
from models.tenant import Programme, Rail, Tenant

PRODUCTS: Final = ("leadscoring",)
"""What an agent can be onboarded to; each is a pack of actions."""
DEFAULT_SCOPES: Final = (Scope.READ.value, Scope.DOMAIN.value, Scope.IAM.value)
"""Of an agent's first key: everything its owner may do."""


_AGENTS: Final = (ActorKind.API_KEY, ActorKind.CUSTOMER)


@dataclass(frozen=True, slots=True)
class Onboarded:
    """A new agent with its first key, which is shown once."""

    agent: Agent
    api_key: str
    quota: Quota


async def onboard(
    ctx: Context, product: str, *, agent_id: str, email: str, organisation: str = ""
) -> Onboarded | None:
    """Open an agent's account and give it a key; None where the address has its free calls already.

    An address that is known gets a mail and its agent nothing: no key is ever given out twice.
    The provider's customer is made in the background, so that a provider that is down blocks
    nobody. Raises ``NotFoundError``, ``InvalidInputError``, ``RateLimitedError``.
    """
    await throttle.count(ctx, ctx.settings.limit_onboard, "onboard", throttle.place(ctx))
    agent = await open_account(
        ctx, product, agent_id=agent_id, email=email, organisation=organisation
    )
    if agent is None:
        await _tell_known(ctx, product, normalise_email(email))
        return None
    key = credentials.make(
        ctx, credentials.AGENT, "First key", agent.tenant_id, scopes=DEFAULT_SCOPES
    )
    if ctx.settings.agents_must_confirm:
        await _ask_to_confirm(ctx, agent)
    await ctx.db.flush()
    return Onboarded(agent, key.secret, await quotas.current(ctx, agent))


async def open_account(
    ctx: Context, product: str, *, agent_id: str, email: str, organisation: str = ""
) -> Agent | None:
    """Add an agent's tenant without a key; None where the address has its free calls already.

    Raises ``NotFoundError``, ``InvalidInputError``, ``RateLimitedError`` by the address's domain.
    """
    if product not in PRODUCTS:
        raise NotFoundError(f"There is no product {product[:64]!r}. Try {PRODUCTS[0]}.")
    address = normalise_email(email)
    called = one_line(agent_id, "agent_id", longest=128)
    named = one_line(organisation, "organization_name", longest=120, shortest=0)
    domain = address.partition("@")[2]
    await throttle.count(ctx, ctx.settings.limit_onboard_domain, "onboard_domain", domain)
    made = await _open(ctx, product, called, address, named)
    if made is None:
        return None
    tenant, agent = made
    ctx.audit(
        "agent.onboarded",
        tenant_id=tenant.id,
        subject=("tenant", tenant.id),
        body={"product": product, "agent_id": called, "organisation": named},
    )
    await outbox.enqueue(
        ctx,
        JobName.CREATE_CUSTOMER,
        str(tenant.id),
        tenant_id=tenant.id,
        tenant=str(tenant.id),
    )
    return agent


async def confirming(ctx: Context, secret: str) -> Agent:
    """Return the agent whose address a mailed link proves, and change nothing; ``NotFoundError``."""
    tenant_id = agent_links.tenant_of(ctx, secret, Purpose.CONFIRM)
    agent = await ctx.db.get(Agent, tenant_id)
    if agent is None:
        raise NotFoundError("There is no such thing here.")
    return agent


async def confirm(ctx: Context, secret: str) -> Agent:
    """Note that an agent's address is its owner's; doing it again changes nothing."""
    agent = await confirming(ctx, secret)
    if agent.confirmed_at is None:
        agent.confirmed_at = ctx.now()
        ctx.audit("agent.confirmed", tenant_id=agent.tenant_id, body={"email": agent.email})
    return agent


async def acting(ctx: Context, scope: Scope | None = None) -> Agent:
    """Return the agent whose key is acting, or whose human is signed in, if that has a scope.

    Raises ``ForbiddenError``: ``scope_denied``, ``account_suspended``, or for anybody else.
    """
    if ctx.actor.kind not in _AGENTS:
        raise _no_agent()
    if scope is not None and scope not in ctx.actor.scopes:
        raise ForbiddenError(f"This key lacks the scope {scope}.", reason="scope_denied")
    agent, status = await _found(ctx)
    if status is not TenantStatus.ACTIVE:
        raise ForbiddenError("This account is suspended.", reason="account_suspended")
    return agent


async def reading(ctx: Context) -> Agent:
    """Return the acting agent to look at what is its own; its human may, even while it is suspended."""
    if ctx.actor.kind is not ActorKind.CUSTOMER:
        return await acting(ctx)
    agent, _ = await _found(ctx)
    return agent


async def _found(ctx: Context) -> tuple[Agent, TenantStatus]:
    found = (
        await ctx.db.execute(
            select(Agent, col(Tenant.status))
            .join(Tenant, col(Tenant.id) == Agent.tenant_id)
            .where(col(Agent.tenant_id) == ctx.tenant_id)
        )
    ).first()
    if found is None:
        raise _no_agent()
    return found[0], found[1]


def _no_agent() -> ForbiddenError:
    return ForbiddenError("This needs an agent's API key.")


def narrowed(ctx: Context, wanted: list[str] | None) -> list[str]:
    """Return the scopes of a new key: those asked for, of those that the acting key has itself."""
    own = sorted(ctx.actor.scopes)
    if wanted is None:
        return own
    if beyond := sorted(set(wanted) - set(own)):
        problem = f"this key does not have {beyond[0][:40]}"
        raise InvalidInputError(
            f"The scopes are too wide: {problem}.", fields=[("scopes", problem)]
        )
    return sorted(set(wanted))


async def _open(
    ctx: Context, product: str, agent_id: str, email: str, organisation: str
) -> tuple[Tenant, Agent] | None:
    """Add the tenant and its agent; None when the address is taken, and then nothing is added."""
    now = ctx.now()
    tenant = Tenant(
        id=new_id(),
        programme=Programme.AGENT,
        status=TenantStatus.ACTIVE,
        display_name=organisation or agent_id,
        legal_name=organisation,
        email=email,
        rail=Rail.CARD,
        currency="USD",
        created_at=now,
        activated_at=now,
    )
    agent = Agent(
        tenant_id=tenant.id,
        product=product,
        agent_id=agent_id,
        email=email,
        organisation=organisation,
        onboarded_at=now,
    )
    async with ctx.db.begin_nested() as both:
        ctx.db.add(tenant)
        await ctx.db.flush()
        insert = insert_or_ignore(ctx, Agent, agent.model_dump(), "product", "email")
        won = await ctx.db.scalar(insert.returning(col(Agent.tenant_id)))
        if won is None:
            await both.rollback()
            return None
    return tenant, await ctx.db.get_one(Agent, tenant.id)


async def _ask_to_confirm(ctx: Context, agent: Agent) -> None:
    await outbox.mail(
        ctx,
        "agent_confirm",
        to=agent.email,
        key=f"agent_confirm/{agent.tenant_id}",
        params={"agent": agent.agent_id},
        secrets={"url": agent_links.path(ctx, agent.tenant_id, Purpose.CONFIRM)},
        tenant_id=agent.tenant_id,
    )


async def _tell_known(ctx: Context, product: str, email: str) -> None:
    """Mail a known address that somebody asked for another key, at most a few times a day."""
    await throttle.count(ctx, ctx.settings.limit_mail, "mail", email)
    ctx.audit("agent.onboarding_repeated", body={"product": product}, result="failure")
    await outbox.mail(
        ctx,
        "agent_known",
        to=email,
        key=f"agent_known/{product}/{email}/{ctx.now().date().isoformat()}",
        params={"product": product, "url": agent_logins.PAGE},
    )
