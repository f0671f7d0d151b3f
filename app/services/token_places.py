"""Where a customer's tokens were used from, as its owner sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from app.services.context import Context
from models.credential import Credential, CredentialAddress, CredentialKind


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """A network one token was used from: /32 of IPv4, /64 of IPv6."""

    ip_prefix: str
    first_seen_at: dt.datetime


async def of_tenant(
    ctx: Context, kind: CredentialKind = CredentialKind.VENDOR_TOKEN
) -> Mapping[UUID, Sequence[TokenPlace]]:
    """Return the networks of each of the acting customer's tokens, the newest first."""
    rows = await ctx.db.execute(
        select(
            col(CredentialAddress.credential_id),
            col(CredentialAddress.ip_prefix),
            col(CredentialAddress.first_seen_at),
        )
        .join(Credential, col(Credential.id) == CredentialAddress.credential_id)
        .where(
            col(Credential.tenant_id) == ctx.tenant_id,
            col(Credential.kind) == kind,
        )
        .order_by(col(CredentialAddress.first_seen_at).desc(), col(CredentialAddress.id).desc())
    )
    places: dict[UUID, list[TokenPlace]] = {}
    for token_id, prefix, at in rows:
        places.setdefault(token_id, []).append(TokenPlace(prefix, at))
    return places
