"""The vault: provider secrets, sealed at rest, opened for one call at a time and never without a trace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.errors import InvalidInputError, NotFoundError, UnavailableError
from app.core.ids import new_id
from app.core.sealing import MasterKeys, Sealed, UnknownKeyError
from app.services import tracing
from app.services.calling import Caller
from app.services.context import Context
from models.vault import VaultSecret

MOST_BYTES: Final = 16 << 10
OWN: Final = "executor"
"""The provider under which the vault keeps what it needs itself; no list shows it."""
LOOK: Final = dt.timedelta(minutes=1)
"""How precisely the last use is kept, so that calls do not wait for one another's rows."""


class Keys(Protocol):
    """Whoever holds the master keys."""

    async def holding(self, key_id: str = "") -> MasterKeys:
        """Return the keys, with this one among them if it can be had; raises ``UnavailableError``."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """What may be told of a secret: everything but the secret."""

    provider: str
    name: str
    version: int
    key_id: str
    created_at: dt.datetime
    rotated_at: dt.datetime
    last_used_at: dt.datetime | None


async def put(ctx: Context, keys: Keys, provider: str, name: str, value: str) -> int:
    """Seal a secret, a new one or in another's place; returns its version. For the command line."""
    ctx.require_system()
    value = value.strip()
    if not value or len(value.encode()) > MOST_BYTES:
        raise InvalidInputError(f"A secret has 1 to {MOST_BYTES} bytes.")
    row = await _row(ctx, provider, name)
    now = ctx.now()
    version = row.version + 1 if row else 1
    sealed = (await keys.holding()).seal(value.encode(), provider, name, str(version))
    if row is None:
        row = VaultSecret(
            id=new_id(),
            provider=provider,
            name=name,
            key_id=sealed.key_id,
            sealed=sealed.data,
            created_at=now,
            rotated_at=now,
        )
        ctx.db.add(row)
    else:
        row.key_id, row.sealed, row.version, row.rotated_at = (
            sealed.key_id,
            sealed.data,
            version,
            now,
        )
    _note(ctx, "vault.secret_put", provider, name, version=version)
    await ctx.db.flush()
    return version


async def remove(ctx: Context, provider: str, name: str) -> None:
    """Forget a secret; raises ``NotFoundError``."""
    ctx.require_system()
    row = await _row(ctx, provider, name)
    if row is None or provider == OWN:
        raise NotFoundError("The vault holds no such secret.")
    await ctx.db.delete(row)
    _note(ctx, "vault.secret_removed", provider, name, version=row.version)
    await ctx.db.flush()


async def entries(ctx: Context) -> list[Entry]:
    """Return what the vault holds, by name, for operations; never a secret."""
    ctx.require_ops()
    rows = await ctx.db.scalars(
        select(VaultSecret)
        .where(col(VaultSecret.provider) != OWN)
        .order_by(col(VaultSecret.provider), col(VaultSecret.name))
    )
    return [
        Entry(
            row.provider,
            row.name,
            row.version,
            row.key_id,
            row.created_at,
            row.rotated_at,
            row.last_used_at,
        )
        for row in rows
    ]


async def reseal(ctx: Context, keys: Keys) -> int:
    """Seal everything anew under the newest master key; returns how much that was.

    All of it in one transaction: either every secret is under the new key or none is.
    """
    ctx.require_system()
    rows = await ctx.db.scalars(select(VaultSecret).order_by(col(VaultSecret.id)).with_for_update())
    held = await keys.holding()
    moved = 0
    for row in rows:
        if row.key_id == held.newest:
            continue
        plain = await _plain(keys, row)
        sealed = held.seal(plain, row.provider, row.name, str(row.version))
        row.key_id, row.sealed = sealed.key_id, sealed.data
        moved += 1
    if moved:
        ctx.audit("vault.master_rotated", body={"secrets": moved, "key_id": held.newest})
    await ctx.db.flush()
    return moved


async def opened(ctx: Context, keys: Keys, provider: str) -> dict[str, str]:
    """Return secrets by name, for checks that call nobody; raises ``UnavailableError`` for a shut one."""
    rows = await _of(ctx, provider)
    return {row.name: (await _plain(keys, row)).decode() for row in rows}


async def use(
    ctx: Context, keys: Keys, provider: str, action: str, by: Caller, tenant_id: UUID | None
) -> dict[str, str]:
    """Return a provider's secrets for one call, and write down whose call it is.

    The trace must be durable before the secret is used: the caller saves first.
    """
    rows = await _of(ctx, provider)
    values = {row.name: (await _plain(keys, row)).decode() for row in rows}
    if not rows:
        return values
    now = ctx.now()
    for row in rows:
        if row.last_used_at is None or now - row.last_used_at >= LOOK:
            row.last_used_at = now
    body = {"action": action, "versions": {row.name: row.version for row in rows}}
    tracing.note(ctx, "vault.opened", by, tenant_id, ("provider", provider), body)
    return values


async def _row(ctx: Context, provider: str, name: str) -> VaultSecret | None:
    return await ctx.db.scalar(
        select(VaultSecret)
        .where(col(VaultSecret.provider) == provider, col(VaultSecret.name) == name)
        .with_for_update()
    )


async def _of(ctx: Context, provider: str) -> list[VaultSecret]:
    rows = await ctx.db.scalars(
        select(VaultSecret)
        .where(col(VaultSecret.provider) == provider)
        .order_by(col(VaultSecret.name))
    )
    return list(rows)


async def _plain(keys: Keys, row: VaultSecret) -> bytes:
    sealed = Sealed(row.key_id, row.sealed)
    try:
        held = await keys.holding(row.key_id)
        return held.open(sealed, row.provider, row.name, str(row.version))
    except UnknownKeyError as error:
        raise UnavailableError(
            f"{row.provider} {row.name} is sealed under the master key {row.key_id}, which is not here.",
            reason="vault_locked",
        ) from error
    except ValueError as error:
        raise UnavailableError(
            f"{row.provider} {row.name} does not open: it was changed.", reason="vault_locked"
        ) from error


def _note(ctx: Context, kind: str, provider: str, name: str, **more: Any) -> None:
    said: Mapping[str, Any] = {"provider": provider, "name": name, **more}
    ctx.audit(kind, subject=("vault_secret", f"{provider} {name}"), body=said)
