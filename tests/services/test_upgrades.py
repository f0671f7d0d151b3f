"""Upgrading: only the provider's word makes an agent pay, and what came before stays free."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import col, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import new_id
from app.rules.quota import Tier
from app.services import agent_links, gateway, quotas, upgrades
from app.services.agent_links import Purpose
from app.services.context import Context
from app.services.gateway import Call
from app.services.ports import EventKind
from models.agent import Agent, AgentCall, CallCounter, PaymentState
from models.payment import Checkout
from tests.factories import as_agent, as_nobody, make_agent
from tests.fakes import FakeProviders
from tests.money_kit import again, mails, told

EXPORT = Call("domain.leadscoring.leads.export")


async def renewed(ctx: Context, agent: Agent) -> Agent:
    await ctx.db.flush()
    return await ctx.db.get_one(Agent, agent.tenant_id, populate_existing=True)


async def stored(ctx: Context, agent: Agent, method: str = "pm_1") -> str:
    """The provider says that the open page stored a card."""
    page = (
        await ctx.db.scalars(
            select(Checkout)
            .where(col(Checkout.tenant_id) == agent.tenant_id)
            .order_by(col(Checkout.id).desc())
        )
    ).first()
    assert page is not None
    return await told(
        ctx,
        EventKind.METHOD_CONNECTED,
        checkout_ref=page.provider_ref,
        method_ref=method,
        customer_ref="cus_1",
        label="Visa ending 4242",
    )


async def test_a_stored_card_upgrades_and_unblocks_at_once(ctx: Context) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    tenant_id = made.agent.tenant_id
    ctx.db.add(CallCounter(tenant_id=tenant_id, period="2026-11", used=99))
    assert (await gateway.run(me, EXPORT)).status == 200
    assert (await gateway.run(me, EXPORT)).status == 402
    page = await upgrades.start(me, tenant_id)
    assert page.url
    agent = await ctx.db.get_one(Agent, tenant_id)
    assert (agent.tier, agent.payment_state) == (Tier.FREE, PaymentState.SETUP_PENDING)
    assert (await gateway.run(me, EXPORT)).status == 402
    await ctx.db.refresh(agent)
    assert await stored(ctx, agent) == "done"
    agent = await renewed(ctx, agent)
    assert (agent.tier, agent.payment_state, agent.upgraded_at) == (
        Tier.PAID,
        PaymentState.ACTIVE,
        ctx.now(),
    )
    assert (await gateway.run(me, EXPORT)).status == 200
    await ctx.db.flush()
    rows = await ctx.db.scalars(select(AgentCall).order_by(col(AgentCall.id)))
    assert [row.is_charged for row in rows] == [False, False, False, True]
    assert len(await mails(ctx, "agent_upgraded")) == 1


async def test_told_again_it_upgrades_once(ctx: Context) -> None:
    made = await make_agent(ctx)
    await upgrades.start(as_agent(ctx, made.agent), made.agent.tenant_id)
    await stored(ctx, made.agent)
    first = (await renewed(ctx, made.agent)).upgraded_at
    await again(ctx)
    assert await stored(ctx, made.agent) != "failed"
    assert (await renewed(ctx, made.agent)).upgraded_at == first
    assert len(await mails(ctx, "agent_upgraded")) == 1


async def test_the_page_is_opened_once_and_not_for_whoever_has_a_card(
    ctx: Context, providers: FakeProviders
) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    tenant_id = made.agent.tenant_id
    urls = {(await upgrades.start(me, tenant_id)).url for _ in range(3)}
    assert len(urls) == 1
    assert len(providers.stripe.named("start_setup")) == 1
    await stored(ctx, made.agent)
    with pytest.raises(ConflictError):
        await upgrades.start(me, tenant_id)


async def test_nobody_opens_the_page_of_another(ctx: Context) -> None:
    one = await make_agent(ctx, "one@example.com")
    other = await make_agent(ctx, "other@example.com")
    for tenant_id in (other.agent.tenant_id, new_id()):
        with pytest.raises(NotFoundError):
            await upgrades.start(as_agent(ctx, one.agent), tenant_id)


async def test_an_expired_page_leaves_the_agent_as_it_was(ctx: Context) -> None:
    made = await make_agent(ctx)
    await upgrades.start(as_agent(ctx, made.agent), made.agent.tenant_id)
    page = (await ctx.db.scalars(select(Checkout))).one()
    await told(ctx, EventKind.CHECKOUT_EXPIRED, subject=page.provider_ref)
    agent = await renewed(ctx, made.agent)
    assert (agent.tier, agent.payment_state) == (Tier.FREE, PaymentState.NONE)


async def test_without_its_card_an_agent_is_free_again_from_the_months_end(
    ctx: Context, clock: FixedClock
) -> None:
    made = await make_agent(ctx)
    me = as_agent(ctx, made.agent)
    await upgrades.start(me, made.agent.tenant_id)
    await stored(ctx, made.agent)
    await told(ctx, EventKind.METHOD_DETACHED, method_ref="pm_1")
    agent = await renewed(ctx, made.agent)
    assert agent.payment_state is PaymentState.NONE
    assert (await quotas.current(ctx, agent)).limit is None
    clock.advance(dt.datetime(2026, 12, 1, tzinfo=dt.UTC) - clock.now())
    assert (await quotas.current(ctx, agent)).limit == 100
    await upgrades.start(me, agent.tenant_id)
    await stored(ctx, agent, "pm_2")
    agent = await renewed(ctx, agent)
    assert (await quotas.current(ctx, agent)).limit is None
    assert agent.upgraded_at == ctx.now()


async def test_a_link_is_signed_shows_only_its_own_agent_and_ends(
    ctx: Context, clock: FixedClock
) -> None:
    """An upgrade address with a bare tenant id lets anyone open it."""
    made = await make_agent(ctx)
    secret = agent_links.token(ctx, made.agent.tenant_id, Purpose.UPGRADE)
    view = await upgrades.show(as_nobody(ctx), secret)
    assert (view.name, view.used, view.limit) == ("scout", 0, 100)
    who, when, mac = secret.split("-")
    later = f"{int(when, 16) + 1:x}"
    for forged in (
        str(made.agent.tenant_id),
        f"{new_id().hex}-{when}-{mac}",
        f"{who}-{later}-{mac}",
        f"{who}-{when}-{mac[:-1]}0x",
        f"{who}-{when}-é",
        "",
    ):
        with pytest.raises(NotFoundError):
            await upgrades.show(as_nobody(ctx), forged)
    assert await upgrades.follow(as_nobody(ctx), secret)
    clock.advance(agent_links.LIFE)
    with pytest.raises(NotFoundError):
        await upgrades.show(as_nobody(ctx), secret)
