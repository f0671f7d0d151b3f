"""Single-use links sent by mail: only a keyed hash is stored, and using one is one statement."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from typing import Final

from sqlalchemy import update
from sqlmodel import col, select

from app.core.errors import NotFoundError
from app.core.ids import new_secret
from app.services.context import Context
from models.person import LinkPurpose, MailedLink, Person
from models.tenant import Tenant

Owner = Person | Tenant
"""Whom a link lets do something: a person, or a tenant that has none."""

HOURS: Final = {
    LinkPurpose.CONFIRM_EMAIL: 24,
    LinkPurpose.CHANGE_EMAIL: 24,
    LinkPurpose.RESET_PASSWORD: 1,
}
"""How long each kind of link works; one that lets its owner in works ``ENTER_MINUTES``."""
ENTER_MINUTES: Final = 15

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


async def issue(
    ctx: Context, owner: Owner, purpose: LinkPurpose, email: str
) -> tuple[MailedLink, str]:
    """Return a new link and its secret; older ones of the same purpose stop working."""
    await void(ctx, owner, {purpose})
    token = new_secret()
    now = ctx.now()
    link = MailedLink(
        person_id=owner.id if isinstance(owner, Person) else None,
        tenant_id=owner.id if isinstance(owner, Tenant) else None,
        purpose=purpose,
        token_hash=ctx.keyring.hash_token(token),
        email=email,
        created_at=now,
        expires_at=now + _life(purpose),
    )
    ctx.db.add(link)
    await ctx.db.flush()
    return link, token


async def find(ctx: Context, token: str, purposes: Collection[LinkPurpose]) -> MailedLink:
    """Return the link a secret opens, without using it; raises ``NotFoundError``."""
    link = None
    if _is_token(token):
        link = await ctx.db.scalar(
            select(MailedLink).where(
                col(MailedLink.token_hash) == ctx.keyring.hash_token(token),
                col(MailedLink.purpose).in_(purposes),
                col(MailedLink.used_at).is_(None),
                col(MailedLink.expires_at) > ctx.now(),
            )
        )
    if link is None:
        raise _invalid()
    return link


async def use(ctx: Context, token: str, purposes: Collection[LinkPurpose]) -> MailedLink:
    """Use up the link; of two who come at once, one gets ``NotFoundError`` ``link_invalid``."""
    link = await find(ctx, token, purposes)
    won = await ctx.db.execute(
        update(MailedLink)
        .where(col(MailedLink.id) == link.id, col(MailedLink.used_at).is_(None))
        .values(used_at=ctx.now())
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        raise _invalid()
    return link


async def void(
    ctx: Context, owner: Owner, purposes: Collection[LinkPurpose] = tuple(LinkPurpose)
) -> None:
    """Make the owner's unused links useless."""
    owned = MailedLink.person_id if isinstance(owner, Person) else MailedLink.tenant_id
    await ctx.db.execute(
        update(MailedLink)
        .where(
            col(owned) == owner.id,
            col(MailedLink.purpose).in_(purposes),
            col(MailedLink.used_at).is_(None),
        )
        .values(used_at=ctx.now())
    )


def _life(purpose: LinkPurpose) -> dt.timedelta:
    if purpose is LinkPurpose.ENTER:
        return dt.timedelta(minutes=ENTER_MINUTES)
    return dt.timedelta(hours=HOURS[purpose])


def _is_token(token: object) -> bool:
    return isinstance(token, str) and _TOKEN.fullmatch(token) is not None


def _invalid() -> NotFoundError:
    return NotFoundError(
        "This link was used already, or it has expired. Ask for a new one.", reason="link_invalid"
    )
