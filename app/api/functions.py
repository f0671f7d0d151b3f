"""The control plane for product runtimes of their own, at the addresses they know."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.agents import OnboardingIn
from app.api.deps import KernelCtx
from app.api.idempotency import OnceOnly
from app.api.lists import Instant, InstantIn, MoneyOut, answers
from app.rules.quota import PRICE, Tier
from app.rules.statuses import RunStatus
from app.services import control_plane
from app.services.context import Context

router = APIRouter(prefix="/functions/v1", tags=["control plane"])


class TenantOut(BaseModel):
    """A new tenant."""

    tenant_uuid: UUID
    tier: Tier
    created_at: Instant


class UsageIn(BaseModel):
    """Whose usage of which half-open period."""

    tenant_id: UUID
    period_start: InstantIn
    period_end: InstantIn


class UsageOut(BaseModel):
    """Successful billable calls, and how many there may be a month."""

    tier: Tier
    calls_used: int
    calls_limit: int | None


class AuditQueryIn(BaseModel):
    """Which calls to count; ``action_prefix`` narrows the report only."""

    tenant_ids: list[UUID] = Field(min_length=1, max_length=1000)
    start: InstantIn
    end: InstantIn
    action_prefix: str = Field(default="", max_length=128)


class TenantCallsOut(BaseModel):
    """How one tenant's calls ended."""

    tenant_id: UUID
    successful: int
    failed: int
    total: int


class AuditQueryOut(BaseModel):
    """The counts in the order asked for."""

    tenants: list[TenantCallsOut]


class OrganizationIn(BaseModel):
    """Which organisation, as its agents named it, and which half-open period."""

    organization_name: str = Field(min_length=1, max_length=120, examples=["Example Ltd"])
    period_start: InstantIn
    period_end: InstantIn


class TenantCostOut(TenantCallsOut):
    """How one tenant's calls ended, and what the charged ones cost."""

    charged: int
    cost: MoneyOut


class OrganizationOut(BaseModel):
    """An organisation over all of its tenants; ``cost`` is exact, each tenant is invoiced by itself."""

    organization_name: str
    successful: int
    failed: int
    total: int
    charged: int
    cost: MoneyOut
    tenants: list[TenantCostOut]


class BillingRunIn(BaseModel):
    """Which month; without one the month before this."""

    model_config = ConfigDict(strict=True)

    period: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}$", examples=["2026-11"])


class BillingRunOut(BaseModel):
    """How far a month's billing has come."""

    period: str
    status: RunStatus
    tenants: int
    done: int
    failed: int
    invoices: int
    claimed: list[MoneyOut]
    started_at: Instant
    finished_at: Instant | None


@router.post(
    "/tenants-create",
    status_code=201,
    response_model=TenantOut,
    responses=answers(400, 401, 403, 409, 413, 415, 422, 429),
)
async def create_tenant(body: OnboardingIn, ctx: KernelCtx, once: OnceOnly) -> Response:
    """Open an agent's account; its keys are the runtime's own."""

    async def work() -> tuple[int, BaseModel]:
        made = await control_plane.create_tenant(
            ctx, agent_id=body.agent_id, email=body.email, organisation=body.organization_name
        )
        return 201, TenantOut(
            tenant_uuid=made.tenant_id, tier=made.tier, created_at=made.onboarded_at
        )

    return await once.run(ctx, work)


@router.post("/usage", responses=answers(400, 401, 403, 404, 413, 415, 422, 429))
async def show_usage(body: UsageIn, ctx: KernelCtx) -> UsageOut:
    """Tell what a tenant used."""
    quota = await control_plane.usage(ctx, body.tenant_id, body.period_start, body.period_end)
    return UsageOut(tier=quota.tier, calls_used=quota.used, calls_limit=quota.limit)


@router.post("/audit-query", responses=answers(400, 401, 403, 413, 415, 422, 429))
async def query_audit(body: AuditQueryIn, ctx: KernelCtx) -> AuditQueryOut:
    """Count successful, failed and all calls of tenants in a period."""
    return await _counted(ctx, body.tenant_ids, body.start, body.end, body.action_prefix)


@router.get("/audit-query", responses=answers(400, 401, 403, 422, 429))
async def query_audit_by_address(
    ctx: KernelCtx,
    tenant_ids: Annotated[list[UUID], Query(min_length=1, max_length=100)],
    start: InstantIn,
    end: InstantIn,
    action_prefix: Annotated[str, Query(max_length=128)] = "",
) -> AuditQueryOut:
    """Do the same for whoever asks by address."""
    return await _counted(ctx, tenant_ids, start, end, action_prefix)


@router.post("/organizations-usage", responses=answers(400, 401, 403, 404, 413, 415, 422, 429))
async def show_organization(body: OrganizationIn, ctx: KernelCtx) -> OrganizationOut:
    """Tell what all agents of an organisation called, together and each."""
    found = await control_plane.organisation_usage(
        ctx, body.organization_name, body.period_start, body.period_end
    )
    charged = sum(calls.charged for calls in found.values())
    return OrganizationOut(
        organization_name=body.organization_name,
        successful=sum(calls.successful for calls in found.values()),
        failed=sum(calls.failed for calls in found.values()),
        total=sum(calls.total for calls in found.values()),
        charged=charged,
        cost=MoneyOut.of(PRICE.times(charged)),
        tenants=[
            TenantCostOut(
                tenant_id=tenant_id,
                successful=calls.successful,
                failed=calls.failed,
                total=calls.total,
                charged=calls.charged,
                cost=MoneyOut.of(PRICE.times(calls.charged)),
            )
            for tenant_id, calls in found.items()
        ],
    )


@router.post("/billing-run", responses=answers(400, 401, 403, 409, 413, 415, 422, 429))
async def run_billing(
    ctx: KernelCtx,
    idempotency_key: Annotated[
        str, Header(min_length=1, max_length=255, examples=["billing-2026-12-01"])
    ],
    body: Annotated[BillingRunIn | None, Body()] = None,
) -> BillingRunOut:
    """Begin or resume a month's billing; the month itself makes a repetition harmless, whatever the key."""
    del idempotency_key  # wanted of every caller, so that none forgets that this moves money
    now = await control_plane.run_billing(ctx, (body or BillingRunIn()).period)
    return BillingRunOut(
        period=now.period,
        status=now.status,
        tenants=now.total,
        done=now.counts.get(RunStatus.DONE, 0),
        failed=now.counts.get(RunStatus.FAILED, 0),
        invoices=now.invoices,
        claimed=[MoneyOut.of(one) for one in now.claimed],
        started_at=now.started_at,
        finished_at=now.finished_at,
    )


async def _counted(
    ctx: Context,
    tenant_ids: list[UUID],
    start: dt.datetime,
    end: dt.datetime,
    action_prefix: str,
) -> AuditQueryOut:
    found = await control_plane.audit_query(
        ctx, tenant_ids, start, end, action_prefix=action_prefix
    )
    return AuditQueryOut(
        tenants=[
            TenantCallsOut(
                tenant_id=tenant_id,
                successful=calls.successful,
                failed=calls.failed,
                total=calls.total,
            )
            for tenant_id, calls in found.items()
        ]
    )
