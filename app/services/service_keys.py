"""Service keys: who may have the executor act, and for which tenants."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import InvalidInputError, NotFoundError, NotSignedInError
from app.core.ids import new_id, new_secret
from app.services import throttle, vault
from app.services.context import Actor, ActorKind, Context
from app.services.vault import OWN, Keys
from models.tenant import Tenant
from models.vault import ServiceKey

PREFIX: Final = "exe_"
_PEPPER: Final = "pepper"
_SHOWN: Final = 10


async def issue(ctx: Context, keys: Keys, label: str, tenant_ids: Sequence[UUID] = ()) -> str:
    """Return a new key for the executor, shown once; with tenants named it acts for no others.

    Its hash is peppered with a secret of the vault, so that nobody without the vault's key can make one.
    """
    ctx.require_system()
    label = label.strip()
    if not 1 <= len(label) <= 60 or not label.isprintable():
        problem = "must be 1 to 60 printable characters"
        raise InvalidInputError(f"The label {problem}.", fields=[("label", problem)])
    for tenant_id in tenant_ids:
        if await ctx.db.get(Tenant, tenant_id) is None:
            raise NotFoundError(f"There is no tenant {tenant_id}.")
    secret = new_secret(PREFIX)
    row = ServiceKey(
        id=new_id(),
        lookup=_hash(await _pepper(ctx, keys, make=True), secret),
        prefix=secret[:_SHOWN],
        label=label,
        tenant_ids=[str(one) for one in tenant_ids],
        created_at=ctx.now(),
    )
    ctx.db.add(row)
    ctx.audit(
        "executor.key_issued",
        subject=("service_key", row.id),
        body={"prefix": row.prefix, "label": label, "tenants": row.tenant_ids},
    )
    await ctx.db.flush()
    return secret


async def issued(ctx: Context) -> list[ServiceKey]:
    """Return all keys, newest first, ended ones included."""
    ctx.require_system()
    return list(await ctx.db.scalars(select(ServiceKey).order_by(col(ServiceKey.id).desc())))


async def revoke(ctx: Context, prefix: str) -> int:
    """End the keys that begin so, at once; returns how many, raises ``NotFoundError`` for none."""
    ctx.require_system()
    rows = await ctx.db.scalars(
        select(ServiceKey).where(
            col(ServiceKey.prefix) == prefix, col(ServiceKey.revoked_at).is_(None)
        )
    )
    ended = list(rows)
    if not ended:
        raise NotFoundError("No live key begins so.")
    for row in ended:
        row.revoked_at = ctx.now()
        ctx.audit(
            "executor.key_revoked", subject=("service_key", row.id), body={"prefix": row.prefix}
        )
    await ctx.db.flush()
    return len(ended)


async def authenticate(ctx: Context, keys: Keys, token: str) -> Actor:
    """Return whom a key stands for; its scopes are the tenants it is limited to.

    Raises ``NotSignedInError`` and ``RateLimitedError``.
    """
    pepper = await _pepper(ctx, keys)
    row = None
    if pepper and token.startswith(PREFIX):
        row = await ctx.db.scalar(
            select(ServiceKey).where(col(ServiceKey.lookup) == _hash(pepper, token))
        )
    if row is None or row.revoked_at is not None:
        raise NotSignedInError("This service key is not valid.")
    await throttle.count(ctx, ctx.settings.limit_platform_token, "service_key", str(row.id))
    if row.last_used_at is None or ctx.now() - row.last_used_at >= vault.LOOK:
        row.last_used_at = ctx.now()
    scopes = frozenset(row.tenant_ids)
    return Actor(ActorKind.SERVICE_KEY, str(row.id), scopes=scopes, origin=ctx.actor.origin)


async def _pepper(ctx: Context, keys: Keys, *, make: bool = False) -> str:
    found = await vault.opened(ctx, keys, OWN)
    if _PEPPER not in found and make:
        found[_PEPPER] = new_secret()
        await vault.put(ctx, keys, OWN, _PEPPER, found[_PEPPER])
    return found.get(_PEPPER, "")


def _hash(pepper: str, token: str) -> str:
    return hmac.new(pepper.encode(), token.encode(), hashlib.sha256).hexdigest()
