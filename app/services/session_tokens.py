"""New sessions: the secret that a browser keeps, and the row that knows only its hash."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from app.core.clock import wall_now
from app.core.ids import new_id, new_secret
from app.services.context import Context
from models.person import LoginSession


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the cookie's token (shown here only), and where its owner begins."""

    token: str
    expires_at: dt.datetime
    home: str


def add(
    ctx: Context, *, person_id: UUID | None = None, tenant_id: UUID | None = None
) -> tuple[str, LoginSession]:
    """Add a session of a person, or of a tenant itself; returns the secret and the row."""
    token, origin = new_secret(), ctx.actor.origin
    session = LoginSession(
        id=new_id(),
        person_id=person_id,
        tenant_id=tenant_id,
        token_hash=ctx.keyring.hash_token(token),
        ip=origin.ip,
        user_agent=origin.user_agent,
        created_at=ctx.now(),
        last_seen_at=ctx.now(),
        expires_at=wall_now() + dt.timedelta(days=ctx.settings.session_days),
    )
    ctx.db.add(session)
    return token, session
