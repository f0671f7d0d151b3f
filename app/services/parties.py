"""Both sides of a document, frozen into it when it opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.invoice_document import Brand, Party
from app.services.context import Context
from models.stored_file import StoredFile
from models.tenant import Tenant


def seller(ctx: Context) -> dict[str, object]:
    """Return ourselves, as the installation's settings say now."""
    settings = ctx.settings
    return {
        "name": settings.seller_name,
        "address": settings.seller_address,
        "country": settings.seller_country,
        "email": settings.seller_email,
        "tax_id": settings.seller_tax_id,
    }


def buyer(tenant: Tenant) -> dict[str, object]:
    """Return a tenant as it stands now, with its brand."""
    return {
        "name": tenant.legal_name or tenant.display_name or tenant.email,
        "address": tenant.address,
        "country": tenant.country,
        "email": tenant.email,
        "tax_id": tenant.tax_id,
        "brand": tenant.display_name or tenant.legal_name or tenant.email,
        "logo_id": str(tenant.logo_id or ""),
    }


def party(frozen: Mapping[str, Any]) -> Party:
    """Return a frozen side as a document prints it."""
    return Party(
        name=str(frozen.get("name", "")),
        address=tuple(line for line in str(frozen.get("address", "")).splitlines() if line.strip()),
        country=str(frozen.get("country", "")),
        email=str(frozen.get("email", "")),
        tax_id=str(frozen.get("tax_id", "")),
    )


async def brand(ctx: Context, frozen: Mapping[str, Any]) -> Brand:
    """Return a frozen side's name and logo; the logo's file is never changed, so it stays the same."""
    name = str(frozen.get("brand") or frozen.get("name", ""))
    logo_id = str(frozen.get("logo_id") or "")
    file = await ctx.db.get(StoredFile, UUID(logo_id)) if logo_id else None
    return Brand(name, file.content if file else None)
