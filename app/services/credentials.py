"""Tokens: issue, recognise, rotate, revoke."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from app.core.ids import new_id, new_secret
from app.services import notices, paging, throttle, token_watch
from app.services.context import Actor, ActorKind, Context
from models.credential import Credential, CredentialKind
from models.person import Person
from models.tenant import Tenant

OVERLAP_HOURS: Final = 72
MAX_OVERLAP_HOURS: Final = 24 * 30
MAX_LIVE_TOKENS: Final = 50
_PREFIX_LENGTH: Final = 8
_SORT: Final = "tokens"
_ACTORS = {
    CredentialKind.VENDOR_TOKEN: ActorKind.VENDOR_TOKEN,
    CredentialKind.PLATFORM_TOKEN: ActorKind.PLATFORM_TOKEN,
    CredentialKind.API_KEY: ActorKind.API_KEY,
    CredentialKind.KERNEL_TOKEN: ActorKind.KERNEL_TOKEN,
}


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; ``secret`` exists nowhere else and is shown once."""

    secret: str
    row: Credential


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of token that customers handle themselves, and where they do."""

    kind: CredentialKind
    prefix: str
    mail: str
    page: str
    issued: str
    rotated: str
    revoked: str


VENDOR: Final = Family(
    CredentialKind.VENDOR_TOKEN,
    "vnd_",
    "token_issued",
    "/vendor/tokens",
    "vendor.token_issued",
    "vendor.token_rotated",
    "vendor.token_revoked",
)
AGENT: Final = Family(
    CredentialKind.API_KEY,
    "agk_",
    "key_issued",
    "/agent/keys",
    "agent.key_issued",
    "agent.key_rotated",
    "agent.key_revoked",
)


async def issue(
    ctx: Context, label: str, *, family: Family = VENDOR, scopes: Sequence[str] = ()
) -> IssuedToken:
    """Give the acting customer another token; those it has stay valid."""
    label = _check_label(label)
    live = [row for row in await list_tokens(ctx, family) if is_live(row, ctx.now())]
    if len(live) >= MAX_LIVE_TOKENS:
        raise ConflictError(
            f"There are {MAX_LIVE_TOKENS} live tokens: revoke one first.", reason="too_many_tokens"
        )
    issued = make(ctx, family, label, ctx.tenant_id, scopes=scopes)
    await ctx.db.flush()
    await _tell(ctx, issued.row, family)
    return issued


async def rotate(
    ctx: Context, token_id: UUID, *, overlap_hours: int = OVERLAP_HOURS, family: Family = VENDOR
) -> IssuedToken:
    """Replace a token; the old one stays valid for the overlap, so that nothing stops meanwhile."""
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        problem = f"must be 0 to {MAX_OVERLAP_HOURS}"
        raise InvalidInputError(
            f"The overlap {problem} hours.", fields=[("overlap_hours", problem)]
        )
    old = await _mine(ctx, token_id, family)
    now = ctx.now()
    if not is_live(old, now):
        raise ConflictError("This token is no longer valid.", reason="token_not_live")
    if old.replaced_by_id is not None:
        raise ConflictError("This token was rotated already.", reason="token_rotated")
    issued = _new(ctx, family.kind, family.prefix, old.label, ctx.tenant_id, scopes=old.scopes)
    await ctx.db.flush()
    old.replaced_by_id = issued.row.id
    old.expires_at = now + dt.timedelta(hours=overlap_hours)
    _note(ctx, family.rotated, old, replaced_by=str(issued.row.id))
    await _tell(ctx, issued.row, family)
    return issued


async def revoke(ctx: Context, token_id: UUID, *, family: Family = VENDOR) -> Credential:
    """End a token at once; ending it twice is no error."""
    row = await _mine(ctx, token_id, family)
    if row.revoked_at is None:
        row.revoked_at = ctx.now()
        _note(ctx, family.revoked, row)
    return row


async def list_tokens(ctx: Context, family: Family = VENDOR) -> list[Credential]:
    """Return the acting customer's tokens, newest first, dead ones included."""
    rows = await ctx.db.scalars(
        ctx.mine(Credential)
        .where(col(Credential.kind) == family.kind)
        .order_by(col(Credential.created_at).desc(), col(Credential.id).desc())
    )
    return list(rows)


async def list_page(
    ctx: Context, *, limit: int, cursor: str | None, family: Family = VENDOR
) -> paging.Page[Credential]:
    """Return one page of the acting customer's tokens, newest first, dead ones included."""
    query = ctx.mine(Credential).where(col(Credential.kind) == family.kind)
    if cursor:
        _, id_ = paging.decode_cursor(cursor, _SORT)
        query = query.where(col(Credential.id) < id_)
    # Their ids tell the order in which they were made.
    found = (await ctx.db.scalars(query.order_by(col(Credential.id).desc()).limit(limit + 1))).all()
    rows = found[:limit]
    more = len(found) > limit
    return paging.Page(rows, paging.encode_cursor(_SORT, None, rows[-1].id) if more else None)


async def issue_platform_token(ctx: Context, label: str) -> IssuedToken:
    """Give the platform a token for sending events; for the command line and the demo."""
    ctx.require_system()
    issued = _new(ctx, CredentialKind.PLATFORM_TOKEN, "plt_", _check_label(label), None)
    _note(ctx, "platform.token_issued", issued.row)
    await ctx.db.flush()
    return issued


async def issue_kernel_token(ctx: Context, label: str) -> IssuedToken:
    """Give a product runtime a token for the control plane; for the command line."""
    ctx.require_system()
    issued = _new(ctx, CredentialKind.KERNEL_TOKEN, "acp_kernel_", _check_label(label), None)
    _note(ctx, "kernel.token_issued", issued.row)
    await ctx.db.flush()
    return issued


def make(
    ctx: Context, family: Family, label: str, tenant_id: UUID, *, scopes: Sequence[str] = ()
) -> IssuedToken:
    """Add a token to a tenant's, without telling anybody: whoever asks is handed it."""
    issued = _new(ctx, family.kind, family.prefix, label, tenant_id, scopes=scopes)
    _note(ctx, family.issued, issued.row)
    return issued


def is_live(row: Credential | _Found, now: dt.datetime) -> bool:
    """Tell whether a token is accepted."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


async def authenticate_token(ctx: Context, token: str, kind: CredentialKind) -> Actor:
    """Return whom a bearer token stands for, and note where it was used from.

    Raises ``NotSignedInError``, ``ForbiddenError`` for a good token of another kind, and
    ``RateLimitedError`` for one used too often.
    """
    lookup = ctx.keyring.hash_token(token)
    found = await _look_up(ctx, lookup, kind)
    if found is None:
        await _refuse_another_kind(ctx, lookup, kind)
    if found is None or not is_live(found, ctx.now()):
        raise NotSignedInError("This token is not valid.")
    actor = Actor(
        _ACTORS[kind],
        id=str(found.id),
        tenant_id=found.tenant_id,
        scopes=frozenset(found.scopes),
        origin=ctx.actor.origin,
    )
    await throttle.count(ctx, _limit(ctx, kind), kind, actor.id)
    await token_watch.note(ctx, actor, found.last_used_at)
    return actor


async def _refuse_another_kind(ctx: Context, lookup: str, wanted: CredentialKind) -> None:
    """Say to whoever holds a good token that it is none for this address."""
    for kind in _ACTORS.keys() - {wanted}:
        found = await _look_up(ctx, lookup, kind)
        if found is not None and is_live(found, ctx.now()):
            await throttle.count(ctx, _limit(ctx, kind), kind, str(found.id))
            raise ForbiddenError("This token is not for this address.", reason="wrong_token_kind")


def _limit(ctx: Context, kind: CredentialKind) -> str:
    match kind:
        case CredentialKind.VENDOR_TOKEN:
            return ctx.settings.limit_vendor_token
        case CredentialKind.API_KEY:
            return ctx.settings.limit_api_key
        case _:
            return ctx.settings.limit_platform_token


class _Found(NamedTuple):
    """What the door needs to know of a token."""

    id: UUID
    tenant_id: UUID | None
    scopes: list[str]
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None


_LOOK_UP: Final = """
SELECT id, tenant_id, scopes, expires_at, revoked_at, last_used_at
FROM credential WHERE lookup = %s AND kind = %s
"""


async def _look_up(ctx: Context, lookup: str, kind: CredentialKind) -> _Found | None:
    if ctx.express is not None:
        rows = await ctx.express.run(_LOOK_UP, (lookup, kind.value))
        return _Found(*rows[0]) if rows else None
    row = await ctx.db.scalar(
        select(Credential).where(col(Credential.lookup) == lookup, col(Credential.kind) == kind)
    )
    if row is None:
        return None
    return _Found(
        row.id, row.tenant_id, row.scopes, row.expires_at, row.revoked_at, row.last_used_at
    )


def _check_label(label: str) -> str:
    label = label.strip()
    if not 1 <= len(label) <= 60 or not label.isprintable():
        problem = "must be 1 to 60 printable characters"
        raise InvalidInputError(f"The label {problem}.", fields=[("label", problem)])
    return label


def _new(
    ctx: Context,
    kind: CredentialKind,
    prefix: str,
    label: str,
    tenant_id: UUID | None,
    *,
    scopes: Sequence[str] = (),
) -> IssuedToken:
    secret = new_secret(prefix)
    row = Credential(
        id=new_id(),
        tenant_id=tenant_id,
        kind=kind,
        lookup=ctx.keyring.hash_token(secret),
        prefix=secret[:_PREFIX_LENGTH],
        label=label,
        scopes=list(scopes),
        created_at=ctx.now(),
    )
    ctx.db.add(row)
    return IssuedToken(secret, row)


async def _mine(ctx: Context, token_id: UUID, family: Family) -> Credential:
    row = await ctx.get_mine(Credential, token_id, lock=True)
    if row.kind is not family.kind:
        raise NotFoundError("There is no such thing here.")
    return row


async def _tell(ctx: Context, row: Credential, family: Family) -> None:
    """Mail the customer that there is a new token, and who made it."""
    tenant = await ctx.db.get_one(Tenant, row.tenant_id)
    by = tenant.email if ctx.actor.kind is ActorKind.CUSTOMER else "API"
    if ctx.actor.kind is ActorKind.PERSON:
        person = await ctx.db.get(Person, UUID(ctx.actor.id))
        by = person.email if person else by
    await notices.to_vendor(
        ctx,
        family.mail,
        tenant,
        key=f"{family.mail}:{row.id}",
        tenant=tenant.display_name or tenant.email,
        token=f"{row.label} ({row.prefix}…)",
        at=ctx.now(),
        by=by,
        url=family.page,
    )


def _note(ctx: Context, kind: str, row: Credential, **more: object) -> None:
    ctx.audit(
        kind,
        tenant_id=row.tenant_id,
        subject=("token", row.id),
        body={"token_id": str(row.id), "prefix": row.prefix, "label": row.label, **more},
    )
