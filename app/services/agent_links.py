"""Links for the human behind an agent, to confirm its address or to upgrade it: signed, good for a week."""

from __future__ import annotations

import datetime as dt
import hmac
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.core.errors import NotFoundError
from app.services.context import Context

LIFE: Final = dt.timedelta(days=7)


class Purpose(StrEnum):
    """What a link is good for, and the word of it in its address."""

    UPGRADE = "upgrade"
    CONFIRM = "confirm"


def upgrade_url(ctx: Context, tenant_id: UUID) -> str:
    """Return an address that leads to the upgrade of one agent and to nothing else of it."""
    return ctx.site_url + path(ctx, tenant_id, Purpose.UPGRADE)


def path(ctx: Context, tenant_id: UUID, purpose: Purpose) -> str:
    """Return the path of a link on our site."""
    return f"/v1/{purpose}/{token(ctx, tenant_id, purpose)}"


def token(ctx: Context, tenant_id: UUID, purpose: Purpose) -> str:
    """Return the secret of a link."""
    ends = int((ctx.now() + LIFE).timestamp())
    return f"{tenant_id.hex}-{ends:x}-{_mac(ctx, tenant_id, purpose, ends)}"


def tenant_of(ctx: Context, secret: str, purpose: Purpose) -> UUID:
    """Return whose a secret is; raises ``NotFoundError`` ``link_invalid``, also for an old one."""
    try:
        who, when, mac = secret.split("-")
        tenant_id, ends = UUID(who), int(when, 16)
    except ValueError:
        raise _invalid() from None
    is_ours = hmac.compare_digest(_mac(ctx, tenant_id, purpose, ends).encode(), mac.encode())
    if not is_ours or ctx.now().timestamp() >= ends:
        raise _invalid()
    return tenant_id


def _mac(ctx: Context, tenant_id: UUID, purpose: Purpose, ends: int) -> str:
    return ctx.keyring.hash_token(f"{purpose}:{tenant_id}:{ends}")


def _invalid() -> NotFoundError:
    return NotFoundError(
        "This link is not valid any more. Ask the agent for a new one.", reason="link_invalid"
    )
