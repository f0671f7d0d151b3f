"""Tenants that are signed in themselves: whoever proved to be the customer, without a login of their own."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from app.rules.gateway import Scope
from app.rules.statuses import TenantStatus
from app.services import session_tokens
from app.services.context import Actor, ActorKind, Context
from app.services.session_tokens import SignedIn
from models.person import LoginSession
from models.tenant import Programme, Tenant

HOMES: Final = {Programme.AGENT: "/agent"}
"""Where a tenant of each programme that signs in like this begins."""
_SCOPES: Final = frozenset(scope.value for scope in Scope)


def actor(session: LoginSession, tenant: Tenant) -> Actor | None:
    """Return the tenant a session stands for; None for one that is closed or signs in otherwise."""
    if tenant.status is TenantStatus.CLOSED or tenant.programme not in HOMES:
        return None
    return Actor(
        ActorKind.CUSTOMER,
        id=str(tenant.id),
        tenant_id=tenant.id,
        scopes=_SCOPES,
        session_id=session.id,
    )


async def begin(ctx: Context, tenant: Tenant, *, proof: str) -> SignedIn:
    """Open a session for a tenant that the caller has proof of; the proof is written down."""
    token, session = session_tokens.add(ctx, tenant_id=tenant.id)
    await ctx.db.flush()
    ctx.audit(
        f"{tenant.programme}.signed_in",
        tenant_id=tenant.id,
        subject=("tenant", tenant.id),
        body={"session_id": str(session.id), "proof": proof},
    )
    return SignedIn(token, session.expires_at, HOMES[tenant.programme])


async def note_end(ctx: Context, tenant_id: UUID) -> str:
    """Write down that a tenant's session was ended by its cookie; returns where it signs in again."""
    tenant = await ctx.db.get_one(Tenant, tenant_id)
    ctx.audit(f"{tenant.programme}.signed_out", tenant_id=tenant_id, subject=("tenant", tenant_id))
    return f"{HOMES[tenant.programme]}/login"
