"""Tokens: issue, recognise, rotate, revoke."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError
from app.core.ids import new_id, new_secret
from app.services.context import Actor, ActorKind, Context
from models.credential import Credential, CredentialKind

OVERLAP_HOURS: Final = 72
MAX_OVERLAP_HOURS: Final = 24 * 30
MAX_LIVE_TOKENS: Final = 50
_PREFIX_LENGTH: Final = 8
_ACTORS = {
    CredentialKind.VENDOR_TOKEN: ActorKind.VENDOR_TOKEN,
    CredentialKind.PLATFORM_TOKEN: ActorKind.PLATFORM_TOKEN,
}


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; ``secret`` exists nowhere else and is shown once."""

    secret: str
    row: Credential


async def issue(ctx: Context, label: str) -> IssuedToken:
    """Give the acting vendor another token; those it has stay valid."""
    label = _check_label(label)
    live = [row for row in await list_tokens(ctx) if is_live(row, ctx.now())]
    if len(live) >= MAX_LIVE_TOKENS:
        raise ConflictError(
            f"There are {MAX_LIVE_TOKENS} live tokens: revoke one first.", reason="too_many_tokens"
        )
    issued = _make(ctx, CredentialKind.VENDOR_TOKEN, "vnd_", label, ctx.tenant_id)
    _note(ctx, "vendor.token_issued", issued.row)
    await ctx.db.flush()
    return issued


async def rotate(
    ctx: Context, token_id: UUID, *, overlap_hours: int = OVERLAP_HOURS
) -> IssuedToken:
    """Replace a token; the old one stays valid for the overlap, so that nothing stops meanwhile."""
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        problem = f"must be 0 to {MAX_OVERLAP_HOURS}"
        raise InvalidInputError(
            f"The overlap {problem} hours.", fields=[("overlap_hours", problem)]
        )
    old = await _mine(ctx, token_id)
    now = ctx.now()
    if not is_live(old, now):
        raise ConflictError("This token is no longer valid.", reason="token_not_live")
    if old.replaced_by_id is not None:
        raise ConflictError("This token was rotated already.", reason="token_rotated")
    issued = _make(ctx, CredentialKind.VENDOR_TOKEN, "vnd_", old.label, ctx.tenant_id)
    await ctx.db.flush()
    old.replaced_by_id = issued.row.id
    old.expires_at = now + dt.timedelta(hours=overlap_hours)
    _note(ctx, "vendor.token_rotated", old, replaced_by=str(issued.row.id))
    return issued


async def revoke(ctx: Context, token_id: UUID) -> Credential:
    """End a token at once; ending it twice is no error."""
    row = await _mine(ctx, token_id)
    if row.revoked_at is None:
        row.revoked_at = ctx.now()
        _note(ctx, "vendor.token_revoked", row)
    return row


async def list_tokens(ctx: Context) -> list[Credential]:
    """Return the acting vendor's tokens, newest first, dead ones included."""
    rows = await ctx.db.scalars(
        ctx.mine(Credential)
        .where(col(Credential.kind) == CredentialKind.VENDOR_TOKEN)
        .order_by(col(Credential.created_at).desc(), col(Credential.id).desc())
    )
    return list(rows)


async def issue_platform_token(ctx: Context, label: str) -> IssuedToken:
    """Give the platform a token for sending events; for the command line and the demo."""
    ctx.require_system()
    issued = _make(ctx, CredentialKind.PLATFORM_TOKEN, "plt_", _check_label(label), None)
    _note(ctx, "platform.token_issued", issued.row)
    await ctx.db.flush()
    return issued


def is_live(row: Credential, now: dt.datetime) -> bool:
    """Tell whether a token is accepted."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


async def authenticate_token(ctx: Context, token: str, kind: CredentialKind) -> Actor:
    """Return whom a bearer token stands for; raises ``NotSignedInError``."""
    row = await ctx.db.scalar(
        select(Credential).where(
            col(Credential.lookup) == ctx.keyring.hash_token(token),
            col(Credential.kind) == kind,
        )
    )
    if row is None or not is_live(row, ctx.now()):
        raise NotSignedInError("This token is not valid.")
    return Actor(
        _ACTORS[kind], id=str(row.id), tenant_id=row.tenant_id, scopes=frozenset(row.scopes)
    )


def _check_label(label: str) -> str:
    label = label.strip()
    if not 1 <= len(label) <= 60 or not label.isprintable():
        problem = "must be 1 to 60 printable characters"
        raise InvalidInputError(f"The label {problem}.", fields=[("label", problem)])
    return label


def _make(
    ctx: Context, kind: CredentialKind, prefix: str, label: str, tenant_id: UUID | None
) -> IssuedToken:
    secret = new_secret(prefix)
    row = Credential(
        id=new_id(),
        tenant_id=tenant_id,
        kind=kind,
        lookup=ctx.keyring.hash_token(secret),
        prefix=secret[:_PREFIX_LENGTH],
        label=label,
        created_at=ctx.now(),
    )
    ctx.db.add(row)
    return IssuedToken(secret, row)


async def _mine(ctx: Context, token_id: UUID) -> Credential:
    row = await ctx.get_mine(Credential, token_id, lock=True)
    if row.kind is not CredentialKind.VENDOR_TOKEN:
        raise NotFoundError("There is no such thing here.")
    return row


def _note(ctx: Context, kind: str, row: Credential, **more: object) -> None:
    ctx.audit(
        kind,
        tenant_id=row.tenant_id,
        subject=("token", row.id),
        body={"token_id": str(row.id), "prefix": row.prefix, "label": row.label, **more},
    )
