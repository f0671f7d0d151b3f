"""What a vendor's users see: its name and its logo."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.core.errors import NotFoundError, TooLargeError
from app.rules.fields import one_line
from app.rules.onboarding import Step
from app.services import onboarding, people
from app.services.context import Context
from models.stored_file import StoredFile
from models.tenant import Tenant

LONGEST_NAME: Final = 60
MAX_LOGO_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture decoded and encoded anew."""

    content: bytes
    media_type: str
    sha256: str


async def save_branding(ctx: Context, display_name: object) -> None:
    """Set the acting vendor's display name; raises ``InvalidInputError``."""
    await people.me(ctx)
    name = one_line(display_name, "display_name", longest=LONGEST_NAME)
    await onboarding.require_step(ctx, Step.BRANDING)
    tenant = await onboarding.own_tenant(ctx, lock=True)
    old, tenant.display_name = tenant.display_name, name
    tenant.branding_done_at = tenant.branding_done_at or ctx.now()
    ctx.audit("vendor.branding_saved", body={"display_name": name, "before": old})
    await ctx.db.flush()
    await onboarding.activate_if_ready(ctx, tenant.id)


async def save_logo(ctx: Context, content: bytes) -> None:
    """Set the acting vendor's logo from an uploaded PNG, JPEG or WebP.

    Only what its pixels say is kept. Raises ``TooLargeError``, ``InvalidInputError``.
    """
    await people.me(ctx)
    if len(content) > MAX_LOGO_BYTES:
        raise TooLargeError("The logo is larger than 1 MiB.")
    await onboarding.require_step(ctx, Step.BRANDING)
    await ctx.save()  # nothing may be locked while the picture is decoded
    clean = await asyncio.to_thread(ctx.documents.logo, content)
    tenant = await onboarding.own_tenant(ctx, lock=True)
    file = StoredFile(
        tenant_id=tenant.id,
        name="logo.png",
        media_type="image/png",
        sha256=hashlib.sha256(clean).hexdigest(),
        content=clean,
        created_at=ctx.now(),
    )
    ctx.db.add(file)
    await ctx.db.flush()
    await _put(ctx, tenant, file.id)
    ctx.audit("vendor.logo_saved", subject=("stored_file", file.id), body={"sha256": file.sha256})


async def remove_logo(ctx: Context) -> None:
    """Take the acting vendor's logo away; none there already is success."""
    await people.me(ctx)
    tenant = await onboarding.own_tenant(ctx, lock=True)
    if tenant.logo_id is not None:
        await _put(ctx, tenant, None)
        ctx.audit("vendor.logo_removed")


async def logo(ctx: Context, tenant_id: UUID) -> Logo:
    """Return a vendor's logo to itself, to operations and to the system; raises ``NotFoundError``."""
    if ctx.actor.tenant_id != tenant_id:
        if ctx.actor.tenant_id is not None:
            raise NotFoundError("There is no such logo.")
        ctx.require_ops()
    tenant = await ctx.db.get(Tenant, tenant_id)
    file = await ctx.db.get(StoredFile, tenant.logo_id) if tenant and tenant.logo_id else None
    if file is None:
        raise NotFoundError("There is no such logo.")
    return Logo(file.content, file.media_type, file.sha256)


async def _put(ctx: Context, tenant: Tenant, file_id: UUID | None) -> None:
    """Point to the new picture and forget the old one; documents carry their own copy."""
    old, tenant.logo_id = tenant.logo_id, file_id
    await ctx.db.flush()
    if old and (file := await ctx.db.get(StoredFile, old)):
        await ctx.db.delete(file)
        await ctx.db.flush()
