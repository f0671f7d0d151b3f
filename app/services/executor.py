"""What the executor lets whom do: known actions, switched on, for tenants in the key's scope."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from app.core.errors import ForbiddenError, InvalidInputError, NotFoundError, TooLargeError
from app.services import allow_list
from app.services.context import ActorKind, Context
from app.services.rails import PROVIDER_OF
from models.tenant import Rail, Tenant

CARDS: Final = PROVIDER_OF[Rail.CARD]
FACADE: Final = ("customers.create", "invoices.create", "checkout.create")
"""What product runtimes of their own may have done for a tenant; the rest is our own processes'."""
LARGEST: Final = 64 << 10
"""Bytes of params, as compact JSON."""


@dataclass(frozen=True, slots=True)
class Order:
    """One action as it was asked for; ``trace`` is what the caller says of itself, for the record."""

    integration: str
    action: str
    size: int
    tenant_id: UUID | None = None
    version: int = allow_list.VERSION
    request_hash: str = ""
    trace: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """The action without its integration."""
        return self.action.removeprefix(f"{self.integration}.")


async def admit(ctx: Context, order: Order, known: Collection[tuple[str, str]]) -> Context:
    """Return the unit of work as it acts for the order's tenant, or refuse and write that down.

    A key that is limited to tenants names one of them, and is served the actions of ``FACADE`` only:
    those find what they are about by the tenant, never by an id that somebody sent.
    """
    if ctx.actor.kind is not ActorKind.SERVICE_KEY:
        raise ForbiddenError("This needs a service key.")
    tenant = await ctx.db.get(Tenant, order.tenant_id) if order.tenant_id else None
    problem = await _problem(ctx, order, known, tenant)
    if problem is not None:
        ctx.audit_refusal(
            "executor.refused",
            tenant_id=tenant.id if tenant else None,
            subject=("provider", order.integration[:32]),
            body={
                "action": order.action[:100],
                "version": order.version,
                "reason": problem.reason,
                "request_hash": order.request_hash,
                "trace": dict(order.trace),
            },
        )
        raise problem
    return replace(ctx, actor=replace(ctx.actor, tenant_id=tenant.id if tenant else None))


async def _problem(
    ctx: Context, order: Order, known: Collection[tuple[str, str]], tenant: Tenant | None
) -> InvalidInputError | NotFoundError | ForbiddenError | TooLargeError | None:
    is_known = (order.integration, order.name) in known and order.action != order.name
    if not is_known or order.version != allow_list.VERSION:
        return NotFoundError("There is no such action in this version.")
    if ctx.actor.scopes and (
        str(order.tenant_id) not in ctx.actor.scopes or order.name not in FACADE
    ):
        return ForbiddenError("This key is not for that.", reason="scope_denied")
    if tenant is None and (order.tenant_id is not None or order.name in FACADE):
        return ForbiddenError("This key is not for that.", reason="scope_denied")
    if not await allow_list.is_allowed(ctx, order.integration, order.name):
        return ForbiddenError("This action is switched off.", reason="action_not_allowed")
    if order.size > LARGEST:
        return TooLargeError(f"The params are larger than {LARGEST} bytes.")
    return None
