"""What the command palette finds by a few letters: a vendor's own things, or everybody's for operations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from app.services.context import Context
from models.agent import Agent
from models.credential import Credential, CredentialKind
from models.device import Device
from models.invoice import Invoice
from models.tenant import Tenant

MOST_OF_A_KIND: Final = 5
LONGEST_TEXT: Final = 128


class FoundKind(StrEnum):
    """What was found."""

    TENANT = "tenant"
    DEVICE = "device"
    INVOICE = "invoice"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret


@dataclass(frozen=True, slots=True)
class Found:
    """One thing: its name and a word that tells it from others; ``id`` is of the page it is on."""

    kind: FoundKind
    id: UUID
    name: str
    hint: str


async def find(ctx: Context, text: str) -> list[Found]:
    """Return what of the acting vendor's begins with or holds the text, a few of each kind."""
    wanted = _wanted(text)
    if not wanted:
        return []
    devices = await ctx.db.scalars(
        ctx.mine(Device)
        .where(_is_device(wanted))
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


async def find_any(ctx: Context, text: str) -> list[Found]:
    """Return customers by name, address, agent or id, invoices by number and devices, a few of each.

    A device is found on its vendor's page, so its ``id`` is the vendor's.
    """
    ctx.require_ops()
    wanted = _wanted(text)
    if not wanted:
        return []
    tenants = await ctx.db.scalars(
        select(Tenant)
        .outerjoin(Agent, col(Agent.tenant_id) == Tenant.id)
        .where(
            or_(
                func.lower(col(Tenant.display_name)).contains(wanted, autoescape=True),
                func.lower(col(Tenant.email)).contains(wanted, autoescape=True),
                func.lower(col(Agent.agent_id)).contains(wanted, autoescape=True),
                col(Tenant.id) == _as_id(text),
            )
        )
        .order_by(func.lower(col(Tenant.display_name)), col(Tenant.id))
        .limit(MOST_OF_A_KIND)
    )
    invoices = await ctx.db.execute(
        select(Invoice.id, Invoice.number, Tenant.display_name)
        .join(Tenant, col(Tenant.id) == col(Invoice.tenant_id))
        .where(func.lower(col(Invoice.number)).contains(wanted, autoescape=True))
        .order_by(col(Invoice.number).desc())
        .limit(MOST_OF_A_KIND)
    )
    devices = await ctx.db.execute(
        select(Device.tenant_id, Device.device_id, Tenant.display_name)
        .join(Tenant, col(Tenant.id) == col(Device.tenant_id))
        .where(_is_device(wanted))
        .order_by(col(Device.device_id), col(Device.id))
        .limit(MOST_OF_A_KIND)
    )
    return [
        *(
            Found(FoundKind.TENANT, one.id, one.display_name or one.email, one.email)
            for one in tenants
        ),
        *(Found(FoundKind.INVOICE, id_, number or "", vendor) for id_, number, vendor in invoices),
        *(Found(FoundKind.DEVICE, id_, device_id, vendor) for id_, device_id, vendor in devices),
    ]


def _wanted(text: str) -> str:
    return text.strip().lower().removeprefix("0x")[:LONGEST_TEXT]


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _is_device(wanted: str) -> ColumnElement[bool]:
    return or_(
        func.lower(col(Device.device_id)).contains(wanted, autoescape=True),
        col(Device.user_omni).startswith(wanted, autoescape=True),
        col(Device.actor_omni).startswith(wanted, autoescape=True),
    )
