"""Customers in the words of operations: in the list and on their page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.rules.quota import Tier
from app.services.ops_tenants import TenantDetail, TenantLine
from models.tenant import Programme, Rail, Tenant
from state.moments import moment
from state.ops.words import LOCALE, several, span

RAILS = {Rail.CARD: "Card", Rail.INVOICE: "Alipay, by invoice"}


PROGRAMMES = {Programme.VENDOR: "Vendor", Programme.AGENT: "Agent"}


@dataclass(frozen=True)
class TenantRow:
    """A customer in the list; ``uses`` are a vendor's devices or an agent's calls of the month."""

    id: str
    name: str
    programme: str
    email: str
    status: str
    rail: str
    uses: str
    created: str
    created_exact: str
    first_device: str


@dataclass(frozen=True)
class TenantView:
    """A vendor on its page."""

    id: str = ""
    name: str = ""
    legal_name: str = ""
    email: str = ""
    person: str = ""
    status: str = ""
    status_reason: str = ""
    country: str = ""
    address: str = ""
    tax: str = ""
    locale: str = ""
    rail: str = ""
    method: str = ""
    payout: str = ""
    created: str = ""
    activated: str = ""
    to_first_device: str = ""
    devices: str = ""
    notes: str = ""
    logo_url: str = ""


def to_row(line: TenantLine, now: dt.datetime) -> TenantRow:
    """Say a customer in the words of the list."""
    one = line.tenant
    is_vendor = one.programme is Programme.VENDOR
    created = moment(one.created_at, now, LOCALE)
    took = one.first_device_at - one.created_at if one.first_device_at else None
    return TenantRow(
        id=str(one.id),
        name=called(one),
        programme=PROGRAMMES.get(one.programme, one.programme.value.capitalize()),
        email=one.email,
        status=one.status.value,
        rail=_pays_by(line),
        uses=several(line.devices, "device") if is_vendor else several(line.calls, "call"),
        created=created.text,
        created_exact=created.exact,
        first_device=span(took) if took else ("Not yet" if is_vendor else "–"),
    )


def _pays_by(line: TenantLine) -> str:
    if line.agent is not None:
        return "By the call" if line.agent.tier is Tier.PAID else "Free calls"
    return RAILS[line.tenant.rail] if line.tenant.rail else "–"


def called(tenant: Tenant) -> str:
    """Return what a vendor is called; before it chose a name, its address."""
    return tenant.display_name or tenant.email


def to_view(found: TenantDetail, now: dt.datetime) -> TenantView:
    """Say a vendor in the words of its page."""
    one = found.tenant
    owner = found.people[0] if found.people else None
    method = next((each for each in found.methods if each.is_default), None) or next(
        iter(found.methods), None
    )
    account = next((each for each in found.payout_accounts if each.is_ready), None)
    took = one.first_device_at - one.created_at if one.first_device_at else None
    rate = f"Tax rate {one.tax_rate}" if one.tax_rate != "0" else "No tax"
    return TenantView(
        id=str(one.id),
        name=called(one),
        legal_name=one.legal_name or "–",
        email=one.email,
        person=f"{owner.name or 'Owner'}, {owner.email}" if owner else "Nobody",
        status=one.status.value,
        status_reason=one.status_reason,
        country=one.country or "–",
        address=one.address or "–",
        tax=f"{one.tax_id or 'No tax id'}, {'reverse charge' if one.is_reverse_charge else rate}",
        locale=one.locale,
        rail=f"{RAILS[one.rail]}, {one.currency}" if one.rail else "Not chosen",
        method=f"{method.label or method.provider}, {method.status}" if method else "None",
        payout=(account.label or account.provider) if account else "No ready account",
        created=moment(one.created_at, now, LOCALE).exact,
        activated=moment(one.activated_at, now, LOCALE, "Not yet").exact or "Not yet",
        to_first_device=span(took) if took else "Not yet",
        devices=f"{found.active:,} active, {found.registered:,} registered",
        notes=one.notes,
        logo_url=f"/auth/logo/{one.id}" if one.logo_id else "",
    )
