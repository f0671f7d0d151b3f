"""Notes where tokens are used from: a new network may mean that one leaked."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlmodel import col

from app.core.clock import to_rfc3339
from app.core.ids import new_id
from app.rules.addresses import UNKNOWN_IP, ip_prefix
from app.services import notices
from app.services.context import Actor, ActorKind, Context
from app.services.outbox import insert_or_ignore
from models.credential import Credential, CredentialAddress
from models.tenant import Tenant

SPARSE: Final = dt.timedelta(minutes=5)
"""How exact "last used" is; writing it at every request would cost more than the request."""
_REMEMBERED: Final = 50_000

_seen: OrderedDict[tuple[str, str], None] = OrderedDict()
"""(token, network) pairs this process knows to be stored: rows that are never taken away."""


async def note(ctx: Context, actor: Actor, last_used_at: dt.datetime | None) -> None:
    """Store the first use of a token from a network, once whoever else notes it, and its last use.

    What it writes is durable when it returns: a refusal of the request must not hide the leak.
    """
    prefix = ip_prefix(actor.origin.ip or UNKNOWN_IP)
    pair = (actor.id, prefix)
    is_new = pair not in _seen
    is_stale = last_used_at is None or ctx.now() - last_used_at >= SPARSE
    if is_stale:
        await _touch(ctx, UUID(actor.id))
    if is_new:
        await _store_network(ctx, actor, prefix)
    if is_stale or is_new:
        await ctx.save()
    if is_new:
        _seen[pair] = None
        if len(_seen) > _REMEMBERED:
            _seen.popitem(last=False)


async def _touch(ctx: Context, token_id: UUID) -> None:
    await ctx.db.execute(
        update(Credential)
        .where(
            col(Credential.id) == token_id,
            or_(
                col(Credential.last_used_at).is_(None),
                col(Credential.last_used_at) <= ctx.now() - SPARSE,
            ),
        )
        .values(last_used_at=ctx.now())
        .execution_options(synchronize_session=False)
    )


async def _store_network(ctx: Context, actor: Actor, prefix: str) -> None:
    token_id = UUID(actor.id)
    there = select(col(CredentialAddress.id)).where(
        col(CredentialAddress.credential_id) == token_id,
        col(CredentialAddress.ip_prefix) == prefix,
    )
    if await ctx.db.scalar(there) is not None:
        return
    # The token's row is locked so that two first uses cannot both be the very first.
    token = await ctx.db.get_one(Credential, token_id, with_for_update=True)
    others = await ctx.db.scalar(
        select(func.count())
        .select_from(CredentialAddress)
        .where(col(CredentialAddress.credential_id) == token_id)
    )
    values = {
        "id": new_id(),
        "credential_id": token_id,
        "ip_prefix": prefix,
        "first_seen_at": ctx.now(),
    }
    insert = insert_or_ignore(ctx, CredentialAddress, values, "credential_id", "ip_prefix")
    if await ctx.db.scalar(insert.returning(col(CredentialAddress.id))) is None:
        return
    if actor.kind is ActorKind.VENDOR_TOKEN:
        await _tell(ctx, actor, token, prefix, others or 0)


async def _tell(ctx: Context, actor: Actor, token: Credential, prefix: str, others: int) -> None:
    at = to_rfc3339(ctx.now())
    body: dict[str, object] = {
        "token_id": str(token.id),
        "ip": actor.origin.ip,
        "ip_prefix": prefix,
        "first_seen_at": at,
        "previous_prefix_count": others,
        "user_agent_sha256": hashlib.sha256(actor.origin.user_agent.encode()).hexdigest(),
    }
    if others == 0:
        body["initial"] = True
    before, ctx.actor = ctx.actor, replace(actor)
    ctx.audit(
        "vendor_token_used_from_new_ip",
        tenant_id=token.tenant_id,
        subject=("token", token.id),
        body=body,
    )
    ctx.actor = before
    tenant = await ctx.db.get(Tenant, token.tenant_id)
    if others and tenant is not None:
        await notices.to_vendor(
            ctx,
            "token_new_ip",
            tenant,
            key=f"token_new_ip:{token.id}:{prefix}",
            tenant=tenant.display_name or tenant.email,
            token=f"{token.label} ({token.prefix}…)",
            ip=actor.origin.ip,
            at=ctx.now(),
            url="/vendor/tokens",
        )
