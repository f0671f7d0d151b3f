"""A cheap answer to "did anything change?", so that open pages can move by themselves."""

from __future__ import annotations

from sqlmodel import col, func, select

from app.services.context import Context
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
