"""What the executor did, on whose behalf: rows of the audit stream, with no param and no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.services.calling import Caller
from app.services.context import Actor, ActorKind, Context, Origin
from models.invoice import Invoice
from models.payment import Checkout, Payment, PaymentMethod, PayoutAccount
from models.tenant import Tenant

_HOLDERS: Mapping[str, tuple[Any, ...]] = {
    "customer_ref": (PaymentMethod.customer_ref,),
    "method_ref": (PaymentMethod.method_ref,),
    "payment_ref": (Payment.provider_ref,),
    "account_ref": (PayoutAccount.account_ref,),
    "provider_ref": (Checkout.provider_ref, Invoice.provider_ref),
}
"""Whose thing a call is about, where it names no tenant."""


async def whose(
    ctx: Context, provider: str, by: Caller, arguments: Mapping[str, Any]
) -> UUID | None:
    """Return the tenant that a provider's call is about, if there is one."""
    named = by.tenant_id or _uuid(arguments.get("tenant_id"))
    if named is not None:
        return named if await ctx.db.get(Tenant, named) is not None else None
    for name, columns in _HOLDERS.items():
        ref = arguments.get(name)
        for column in columns if isinstance(ref, str) and ref else ():
            table = column.class_
            query = select(table.tenant_id).where(column == ref).limit(1)
            if hasattr(table, "provider"):
                query = query.where(table.provider == provider)
            if (tenant_id := await ctx.db.scalar(query)) is not None:
                return tenant_id
    return None


def note(
    ctx: Context,
    kind: str,
    by: Caller,
    tenant_id: UUID | None,
    subject: tuple[str, str],
    body: Mapping[str, Any],
    *,
    result: str = "success",
) -> None:
    """Write a row down under the name of whoever had it done."""
    body = {**body, "trace": dict(by.trace)} if by.trace else body
    actor = Actor(ActorKind(by.kind), by.id, origin=Origin(ip=by.ip, request_id=by.request_id))
    replace(ctx, actor=actor).audit(
        kind, tenant_id=tenant_id, subject=subject, body=body, result=result
    )


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
