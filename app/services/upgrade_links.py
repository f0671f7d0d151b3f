"""The link by which whoever pays for an agent upgrades it: signed, and good for a week."""

from __future__ import annotations

import datetime as dt
import hmac
from typing import Final
from uuid import UUID

from app.core.errors import NotFoundError
from app.services.context import Context

LIFE: Final = dt.timedelta(days=7)


def url(ctx: Context, tenant_id: UUID) -> str:
    """Return an address that leads to the upgrade of one agent and to nothing else of it."""
    return f"{ctx.site_url}/v1/upgrade/{token(ctx, tenant_id)}"


def token(ctx: Context, tenant_id: UUID) -> str:
    """Return the secret of such an address."""
    ends = int((ctx.now() + LIFE).timestamp())
    return f"{tenant_id.hex}-{ends:x}-{_mac(ctx, tenant_id, ends)}"


def tenant_of(ctx: Context, secret: str) -> UUID:
    """Return whom a secret upgrades; raises ``NotFoundError`` ``link_invalid``, also for an old one."""
    try:
        who, when, mac = secret.split("-")
        tenant_id, ends = UUID(who), int(when, 16)
    except ValueError:
        raise _invalid() from None
    is_ours = hmac.compare_digest(_mac(ctx, tenant_id, ends).encode(), mac.encode())
    if not is_ours or ctx.now().timestamp() >= ends:
        raise _invalid()
    return tenant_id


def _mac(ctx: Context, tenant_id: UUID, ends: int) -> str:
    return ctx.keyring.hash_token(f"upgrade:{tenant_id}:{ends}")


def _invalid() -> NotFoundError:
    return NotFoundError(
        "This link is not valid any more. Ask the agent for a new one.", reason="link_invalid"
    )
