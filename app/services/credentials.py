"""Tokens: issue, recognise, rotate, revoke."""

from __future__ import annotations

from sqlmodel import col, select

from app.core.errors import NotSignedInError
from app.services.context import Actor, ActorKind, Context
from models.credential import Credential, CredentialKind

_ACTORS = {
    CredentialKind.VENDOR_TOKEN: ActorKind.VENDOR_TOKEN,
    CredentialKind.PLATFORM_TOKEN: ActorKind.PLATFORM_TOKEN,
}


async def authenticate_token(ctx: Context, token: str, kind: CredentialKind) -> Actor:
    """Return whom a bearer token stands for; raises ``NotSignedInError``."""
    row = await ctx.db.scalar(
        select(Credential).where(
            col(Credential.lookup) == ctx.keyring.hash_token(token),
            col(Credential.kind) == kind,
        )
    )
    now = ctx.now()
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now):
        raise NotSignedInError("This token is not valid.")
    return Actor(
        _ACTORS[kind], id=str(row.id), tenant_id=row.tenant_id, scopes=frozenset(row.scopes)
    )
