"""Forgets what has no use any more; everything that proves something stays."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, delete

from app.core.clock import wall_now
from app.services.context import Context
from models.action_policy import ActionApproval
from models.exchange import StoredAnswer
from models.person import LoginSession, MailedLink

KEPT = dt.timedelta(days=30)
"""How long ended sessions and used links stay visible to whoever looks into an incident."""


async def forget(ctx: Context) -> int:
    """Delete expired answers, and sessions, links and approvals that ended long ago; returns how many."""
    ctx.require_system()
    count = 0
    for statement in (
        delete(StoredAnswer).where(col(StoredAnswer.expires_at) <= ctx.now()),
        delete(LoginSession).where(col(LoginSession.expires_at) <= wall_now() - KEPT),
        delete(ActionApproval).where(col(ActionApproval.expires_at) <= ctx.now() - KEPT),
        delete(MailedLink).where(col(MailedLink.expires_at) <= ctx.now() - KEPT),
    ):
        count += (await ctx.db.execute(statement)).rowcount  # type: ignore[attr-defined]
    return count
