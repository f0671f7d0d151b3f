"""A cheap answer to "did anything change?", so that open pages can move by themselves."""

from __future__ import annotations

from sqlmodel import col, func, select

from app.services.context import Context
from models.agent import AgentCall
from models.audit import AuditEvent
from models.device import Device


async def of_tenant(ctx: Context) -> str:
    """Return a text that differs whenever the acting tenant's figures may."""
    newest = await ctx.db.scalar(
        select(func.max(col(AuditEvent.at))).where(col(AuditEvent.tenant_id) == ctx.tenant_id)
    )
    active = await ctx.db.scalar(
        select(func.max(col(Device.last_active_at))).where(col(Device.tenant_id) == ctx.tenant_id)
    )
    return f"{newest}/{active}/{ctx.now().date()}"


async def of_agent(ctx: Context) -> str:
    """Return a text that differs whenever the acting agent called something, or its account changed."""
    newest = await ctx.db.scalar(
        select(func.max(col(AuditEvent.at))).where(col(AuditEvent.tenant_id) == ctx.tenant_id)
    )
    called = await ctx.db.scalar(
        select(col(AgentCall.id))
        .where(col(AgentCall.tenant_id) == ctx.tenant_id)
        .order_by(col(AgentCall.at).desc(), col(AgentCall.id).desc())
        .limit(1)
    )
    return f"{newest}/{called}/{ctx.now().date()}"
