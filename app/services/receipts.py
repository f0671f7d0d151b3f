"""Binding receipts: lasting, signed evidence of which actor a device was bound to."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from app.rules.omni import DeviceActor
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.installation import SigningKey

TYPE: Final = "binding-receipt+jwt"


def sign(
    ctx: Context,
    *,
    binding_id: UUID,
    tenant_id: UUID,
    device_id: str,
    actor: DeviceActor,
    policy: Mapping[str, Any],
    bound_at: dt.datetime,
) -> str:
    """Return the receipt of one binding (contracts/identity.md section 2); store it, never sign twice."""
    return ctx.signer.sign(
        {
            "iss": ctx.site_url,
            "sub": f"actor:{actor.actor_omni}",
            "aud": f"vendor:{tenant_id}",
            "iat": int(bound_at.timestamp()),
            "jti": str(binding_id),
            "binding": {
                "ver": 1,
                "vendor_id": str(tenant_id),
                "vendor_omni": actor.vendor_omni,
                "user_omni": actor.user_omni,
                "device_id_sha256": hashlib.sha256(device_id.encode("ascii")).hexdigest(),
                "actor_omni": actor.actor_omni,
                "derivation_path": actor.derivation_path,
                "generation": actor.generation,
                "policy_template": policy["template"],
                "policy_template_version": policy["version"],
            },
        },
        typ=TYPE,
    )


async def publish_key(ctx: Context) -> None:
    """Store the public half of the current signing key; called at every start."""
    ctx.require_system()
    now = ctx.now()
    values = {"kid": ctx.signer.kid, "public_jwk": ctx.signer.public_jwk(), "created_at": now}
    await ctx.db.execute(insert_or_ignore(ctx, SigningKey, values, "kid"))
    others = await ctx.db.scalars(
        select(SigningKey).where(
            col(SigningKey.kid) < ctx.signer.kid, col(SigningKey.retired_at).is_(None)
        )
    )
    for key in others:
        key.retired_at = now


async def jwks(ctx: Context) -> dict[str, list[dict[str, Any]]]:
    """Return every key that ever signed a receipt, newest first, retired ones included."""
    rows = await ctx.db.scalars(select(SigningKey).order_by(col(SigningKey.kid).desc()))
    return {"keys": [dict(row.public_jwk) for row in rows]}
