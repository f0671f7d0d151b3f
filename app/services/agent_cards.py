"""What a card means for an agent: stored it pays by the call, gone it is free again at the month's end."""

from __future__ import annotations

from uuid import UUID

from app.rules.periods import BillingMonth
from app.rules.quota import Tier
from app.services import agent_links, outbox, quotas
from app.services.agent_links import Purpose
from app.services.context import Context
from models.agent import Agent, PaymentState
from models.payment import PaymentMethod
from models.tenant import Tenant


async def card_connected(ctx: Context, tenant: Tenant, method: PaymentMethod) -> None:
    """Upgrade an agent whose card the provider has stored; told again, it changes nothing."""
    agent = await ctx.db.get_one(Agent, tenant.id, with_for_update=True, populate_existing=True)
    was_paid = quotas.tier_of(ctx, agent) is Tier.PAID
    agent.tier, agent.payment_state, agent.paid_until = Tier.PAID, PaymentState.ACTIVE, None
    if was_paid:
        return
    agent.upgraded_at = ctx.now()
    ctx.audit(
        "agent.upgraded",
        tenant_id=tenant.id,
        subject=("payment_method", method.id),
        body={"provider": method.provider, "label": method.label},
    )
    await outbox.mail(
        ctx,
        "agent_upgraded",
        to=agent.email,
        key=f"agent_upgraded/{tenant.id}/{method.method_ref}",
        params={
            "agent": agent.agent_id,
            "method": method.label or "Your card",
            "url": agent_links.path(ctx, tenant.id, Purpose.UPGRADE),
        },
        tenant_id=tenant.id,
        locale=tenant.locale,
    )


async def card_gone(ctx: Context, method: PaymentMethod) -> bool:
    """Let an agent be free again from the month's end on; False where no agent paid with it."""
    agent = await ctx.db.get(Agent, method.tenant_id, with_for_update=True, populate_existing=True)
    if agent is None:
        return False
    agent.payment_state = PaymentState.NONE
    if quotas.tier_of(ctx, agent) is Tier.PAID:
        agent.paid_until = BillingMonth.containing(ctx.now()).end
    ctx.audit(
        "agent.card_gone",
        tenant_id=agent.tenant_id,
        subject=("payment_method", method.id),
        body={"paid_until": agent.paid_until.isoformat() if agent.paid_until else ""},
    )
    return True


async def setup_ended(ctx: Context, tenant_id: UUID) -> None:
    """Note that a card page of an agent came to nothing."""
    agent = await ctx.db.get(Agent, tenant_id, with_for_update=True, populate_existing=True)
    if agent is not None and agent.payment_state is PaymentState.SETUP_PENDING:
        agent.payment_state = PaymentState.NONE
