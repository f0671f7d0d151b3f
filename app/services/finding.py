"""What the command palette finds: the vendor's devices, invoices and tokens by a few letters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col

from app.services.context import Context
from models.credential import Credential, CredentialKind
from models.device import Device
from models.invoice import Invoice

MOST_OF_A_KIND: Final = 5
LONGEST_TEXT: Final = 128


class FoundKind(StrEnum):
    """What was found."""

    DEVICE = "device"
    INVOICE = "invoice"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret


@dataclass(frozen=True, slots=True)
class Found:
    """One thing: its name and a word that tells it from others."""

    kind: FoundKind
    id: UUID
    name: str
    hint: str


async def find(ctx: Context, text: str) -> list[Found]:
    """Return what of the acting vendor's begins with or holds the text, a few of each kind."""
    wanted = text.strip().lower().removeprefix("0x")[:LONGEST_TEXT]
    if not wanted:
        return []
    devices = await ctx.db.scalars(
        ctx.mine(Device)
        .where(
            or_(
                func.lower(col(Device.device_id)).contains(wanted, autoescape=True),
                col(Device.user_omni).startswith(wanted, autoescape=True),
                col(Device.actor_omni).startswith(wanted, autoescape=True),
            )
        )
        .order_by(col(Device.device_id), col(Device.id))
        .limit(MOST_OF_A_KIND)
    )
    invoices = await ctx.db.scalars(
        ctx.mine(Invoice)
        .where(func.lower(col(Invoice.number)).contains(wanted, autoescape=True))
        .order_by(col(Invoice.number).desc())
        .limit(MOST_OF_A_KIND)
    )
    tokens = await ctx.db.scalars(
        ctx.mine(Credential)
        .where(
            col(Credential.kind) == CredentialKind.VENDOR_TOKEN,
            or_(
                func.lower(col(Credential.label)).contains(wanted, autoescape=True),
                col(Credential.prefix).startswith(text.strip(), autoescape=True),
            ),
        )
        .order_by(col(Credential.created_at).desc(), col(Credential.id).desc())
        .limit(MOST_OF_A_KIND)
    )
    return [
        *(Found(FoundKind.DEVICE, one.id, one.device_id, one.actor_omni) for one in devices),
        *(Found(FoundKind.INVOICE, one.id, one.number or "", one.status) for one in invoices),
        *(Found(FoundKind.TOKEN, one.id, one.label, f"{one.prefix}…") for one in tokens),
    ]
