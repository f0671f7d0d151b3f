"""Addresses that refused mail: nothing more is sent to them."""

from __future__ import annotations

from sqlmodel import col

from app.services.context import Context
from app.services.news import News
from app.services.outbox import insert_or_ignore
from models.exchange import SuppressedAddress


async def bounced(ctx: Context, news: News) -> bool:
    """Remember an address that bounced or complained."""
    email = (news.text("email") or news.subject_ref).strip()
    if not email:
        return False
    values = {"email": email, "reason": news.text("reason"), "suppressed_at": ctx.now()}
    insert = insert_or_ignore(ctx, SuppressedAddress, values, "email")
    return await ctx.db.scalar(insert.returning(col(SuppressedAddress.email))) is not None
