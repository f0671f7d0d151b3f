"""Mails about money: who gets them, in which language, with which link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from app.core.money import Money
from app.core.phrases import Text, to_json
from app.services import outbox, pay_links
from app.services.context import Context
from models.invoice import Invoice
from models.tenant import Programme, Tenant

OF_AGENTS: Final = {
    "payment_failed_final": "agent_payment_failed_final",
    "payment_overdue": "agent_payment_overdue",
    "registration_blocked": "agent_payment_missing",
}
"""What is said to agents instead: they have no devices, and what they lose is not the same."""


async def about_invoice(
    ctx: Context,
    template: str,
    invoice: Invoice,
    /,
    *,
    key: str,
    total: Money | None = None,
    to_pay: bool = False,
    attachments: Sequence[UUID] = (),
    **params: Any,
) -> None:
    """Mail the customer about an invoice; one mail a key.

    ``to_pay`` links to the payment page, which is also where whoever has no login sees the invoice.
    """
    tenant = await ctx.db.get_one(Tenant, invoice.tenant_id)
    has_login = tenant.programme is Programme.VENDOR
    by_login = f"/vendor/invoices/{invoice.id}"
    if tenant.programme is Programme.AGENT:
        template = OF_AGENTS.get(template, template)
    url = by_login if has_login and not to_pay else pay_links.path(ctx, invoice.id)
    await outbox.mail(
        ctx,
        template,
        to=tenant.email,
        key=key,
        params={
            "number": invoice.number or "",
            "total": str(total or invoice.outstanding),
            "url": url,
            **{name: plain(value) for name, value in params.items()},
        },
        tenant_id=tenant.id,
        locale=tenant.locale,
        attachments=attachments,
    )


async def to_vendor(
    ctx: Context,
    template: str,
    vendor: Tenant,
    /,
    *,
    key: str,
    attachments: Sequence[UUID] = (),
    **params: Any,
) -> None:
    """Mail the vendor about anything else; one mail a key."""
    await outbox.mail(
        ctx,
        template,
        to=vendor.email,
        key=key,
        params={name: plain(value) for name, value in params.items()},
        tenant_id=vendor.id,
        locale=vendor.locale,
        attachments=attachments,
    )


def plain(value: Money | dt.date | Text | Sequence[dt.date] | int) -> Any:
    """Return a mail's parameter in the form JSON keeps and the templates read."""
    match value:
        case Money():
            return str(value)
        case dt.date():
            return value.isoformat()
        case int():
            return value
        case tuple() | list():
            return [plain(one) for one in value]
        case _:
            return to_json(value)  # type: ignore[arg-type]
