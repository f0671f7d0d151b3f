"""Agents: onboard in one call, see what is used, handle keys."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import AgentCtx, AnyoneCtx
from app.api.idempotency import OnceOnly
from app.api.lists import Cursor, Instant, Limit, ListOut, answers, page_of
from app.api.tokens import RotationIn, TokenOut, facts
from app.core.errors import NotFoundError
from app.rules.gateway import Scope
from app.rules.periods import BillingMonth
from app.rules.quota import PRICE, Quota, Tier
from app.rules.statuses import InvoiceStatus
from app.services import agent_links, agents, call_usage, credentials, paging, quotas, upgrades
from app.services.agents import Onboarded
from app.services.context import Context
from app.services.credentials import AGENT
from models.agent import PaymentState

router = APIRouter(prefix="/api", tags=["agents"])

Product = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$", examples=["leadscoring"])]


class OnboardingIn(BaseModel):
    """Who the agent is, and the address of whoever answers for it."""

    model_config = ConfigDict(strict=True)

    agent_id: str = Field(min_length=1, max_length=128, examples=["my-agent"])
    email: str = Field(min_length=3, max_length=254, examples=["owner@example.com"])
    organization_name: str = Field(default="", max_length=120, examples=["Example Ltd"])


class ExampleOut(BaseModel):
    """A complete request that works as it stands."""

    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any]


class InstructionsOut(BaseModel):
    """How to go on."""

    steps: list[str]
    example: ExampleOut
    documentation_url: str


class UpgradeOut(BaseModel):
    """How to go on when the free calls are used up."""

    message: str
    upgrade_url: str


class PricingOut(BaseModel):
    """What a call costs after the upgrade."""

    per_call: str
    currency: str
    billing: str


class OnboardedOut(BaseModel):
    """A new agent; ``api_key`` is shown here and never again."""

    onboarded: bool
    tier: Tier
    api_key: str
    tenant_uuid: UUID
    free_calls_remaining: int
    instructions: InstructionsOut
    upgrade: UpgradeOut
    pricing: PricingOut


class KnownOut(BaseModel):
    """What is said of an address that has its free calls already, or may have."""

    onboarded: bool
    message: str


class AgentUsageOut(BaseModel):
    """What is used of the running month."""

    tier: Tier
    calls_used: int
    calls_limit: int | None
    calls_remaining: int | None
    period_start: Instant
    period_end: Instant
    payment_method_status: PaymentState


class CallsOut(BaseModel):
    """How calls ended."""

    total: int
    successful: int
    failed: int


class ChargesOut(BaseModel):
    """What the calls after the upgrade cost; ``total`` is exact, an invoice claims whole cents of it."""

    per_call: str
    calls: int
    total: str
    currency: str


class BillOut(BaseModel):
    """One month of an agent; without an invoice nothing is due, or not yet."""

    period: str
    usage: CallsOut
    charges: ChargesOut
    invoice_id: UUID | None
    status: InvoiceStatus | None


class CheckoutIn(BaseModel):
    """Which agent is to be upgraded: the asking one."""

    tenant_uuid: UUID


class CheckoutOut(BaseModel):
    """Where its owner stores a card."""

    checkout_url: str
    expires_at: Instant


class KeyIn(BaseModel):
    """What the key is for and may do; without scopes it may do what the asking key may."""

    model_config = ConfigDict(strict=True)

    label: str = Field(default="API", min_length=1, max_length=60)
    scopes: list[str] | None = Field(default=None, max_length=10, examples=[[Scope.READ.value]])


class KeyOut(TokenOut):
    """A key without its secret."""

    scopes: list[str]


class IssuedKeyOut(KeyOut):
    """A new key; ``api_key`` is shown here and never again."""

    api_key: str


@router.post(
    "/onboard/{product}",
    status_code=201,
    response_model=OnboardedOut,
    responses={
        202: {"model": KnownOut, "description": "The address has its free calls already."},
        **answers(400, 404, 413, 415, 422, 429),
    },
)
async def onboard(product: Product, body: OnboardingIn, ctx: AnyoneCtx) -> Any:
    """Open an agent's account and give it a key and a hundred free calls a month."""
    made = await onboarded(ctx, product, body)
    if isinstance(made, KnownOut):
        return Response(made.model_dump_json(), 202, media_type="application/json")
    return made


@router.get("/usage", responses=answers(401, 403, 429))
async def usage(ctx: AgentCtx) -> AgentUsageOut:
    """Tell what is used of the running month."""
    return await used(ctx)


async def used(ctx: Context) -> AgentUsageOut:
    """Return what the acting agent used of the running month."""
    agent = await agents.acting(ctx)
    month = BillingMonth.containing(ctx.now())
    quota: Quota = await quotas.current(ctx, agent)
    return AgentUsageOut(
        tier=quota.tier,
        calls_used=quota.used,
        calls_limit=quota.limit,
        calls_remaining=quota.remaining,
        period_start=month.start,
        period_end=month.end,
        payment_method_status=agent.payment_state,
    )


@router.get("/billing/invoice", responses=answers(401, 403, 404, 422, 429))
async def monthly_bill(
    ctx: AgentCtx,
    tenant_uuid: UUID,
    period: Annotated[str, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", examples=["2026-11"])],
) -> BillOut:
    """Tell what a month was used for, what it costs, and its invoice once there is one."""
    if tenant_uuid != ctx.tenant_id:
        raise NotFoundError("There is no such thing here.")
    found = await call_usage.bill(ctx, period)
    calls, invoice = found.calls, found.invoice
    return BillOut(
        period=str(found.month),
        usage=CallsOut(total=calls.total, successful=calls.successful, failed=calls.failed),
        charges=ChargesOut(
            per_call=PRICE.text(),
            calls=calls.charged,
            total=found.amount.text(),
            currency=found.amount.currency,
        ),
        invoice_id=invoice.id if invoice else None,
        status=invoice.status if invoice else None,
    )


@router.post(
    "/upgrade/checkout",
    status_code=201,
    response_model=CheckoutOut,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 429, 502, 503),
)
async def start_upgrade(body: CheckoutIn, ctx: AgentCtx, once: OnceOnly) -> Response:
    """Open the page where a card is stored; nothing is charged there."""

    async def work() -> tuple[int, BaseModel]:
        return 201, await upgrading(ctx, body.tenant_uuid)

    return await once.run(ctx, work)


async def upgrading(ctx: Context, tenant_id: UUID) -> CheckoutOut:
    """Return the page where a card of the acting agent's is stored."""
    await agents.acting(ctx)
    page = await upgrades.start(ctx, tenant_id)
    return CheckoutOut(checkout_url=page.url, expires_at=page.expires_at)


@router.get("/keys", responses=answers(401, 403, 422, 429))
async def list_keys(
    ctx: AgentCtx, limit: Limit = paging.DEFAULT_LIMIT, cursor: Cursor = None
) -> ListOut[KeyOut]:
    """List keys, newest first, those that ended included."""
    await agents.acting(ctx, Scope.READ)
    page = await credentials.list_page(ctx, limit=limit, cursor=cursor, family=AGENT)
    return page_of(page, lambda row: KeyOut(scopes=row.scopes, **facts(ctx, row)))


@router.post(
    "/keys",
    status_code=201,
    response_model=IssuedKeyOut,
    responses=answers(400, 401, 403, 409, 413, 415, 422, 429),
)
async def issue_key(
    ctx: AgentCtx, once: OnceOnly, body: Annotated[KeyIn | None, Body()] = None
) -> Response:
    """Issue another key; those there are stay valid. Needs the scope ``manage.iam``."""
    wanted = body or KeyIn()

    async def work() -> tuple[int, BaseModel]:
        await agents.acting(ctx, Scope.IAM)
        scopes = agents.narrowed(ctx, wanted.scopes)
        issued = await credentials.issue(ctx, wanted.label, family=AGENT, scopes=scopes)
        return 201, IssuedKeyOut(
            api_key=issued.secret, scopes=issued.row.scopes, **facts(ctx, issued.row)
        )

    return await once.run(ctx, work)


@router.post(
    "/keys/{id}/rotate",
    status_code=201,
    response_model=IssuedKeyOut,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 429),
)
async def rotate_key(
    id: UUID,  # noqa: A002 - the public name
    ctx: AgentCtx,
    once: OnceOnly,
    body: Annotated[RotationIn | None, Body()] = None,
) -> Response:
    """Replace a key; the old one works on for the overlap. Needs the scope ``manage.iam``."""

    async def work() -> tuple[int, BaseModel]:
        await agents.acting(ctx, Scope.IAM)
        hours = (body or RotationIn()).overlap_hours
        issued = await credentials.rotate(ctx, id, overlap_hours=hours, family=AGENT)
        return 201, IssuedKeyOut(
            api_key=issued.secret, scopes=issued.row.scopes, **facts(ctx, issued.row)
        )

    return await once.run(ctx, work)


@router.delete("/keys/{id}", responses=answers(401, 403, 404, 422, 429))
async def revoke_key(id: UUID, ctx: AgentCtx) -> KeyOut:  # noqa: A002 - the public name
    """End a key at once; ending it twice is no error. Needs the scope ``manage.iam``."""
    await agents.acting(ctx, Scope.IAM)
    row = await credentials.revoke(ctx, id, family=AGENT)
    return KeyOut(scopes=row.scopes, **facts(ctx, row))


async def onboarded(ctx: Context, product: str, wanted: OnboardingIn) -> OnboardedOut | KnownOut:
    """Onboard an agent and return how it goes on, or that its address has its free calls."""
    made = await agents.onboard(
        ctx,
        product,
        agent_id=wanted.agent_id,
        email=wanted.email,
        organisation=wanted.organization_name,
    )
    if made is None:
        message = (
            "This address has its free calls already. We have mailed it how to go on; "
            "an existing key is never shown again."
        )
        return KnownOut(onboarded=False, message=message)
    return _welcome(ctx, made)


def _welcome(ctx: Context, made: Onboarded) -> OnboardedOut:
    url = f"{ctx.site_url}/api/manage"
    example = ExampleOut(
        method="POST",
        url=url,
        headers={"X-API-Key": made.api_key, "Content-Type": "application/json"},
        body={"action": "meta.actions"},
    )
    return OnboardedOut(
        onboarded=True,
        tier=made.agent.tier,
        api_key=made.api_key,
        tenant_uuid=made.agent.tenant_id,
        free_calls_remaining=made.quota.remaining or 0,
        instructions=InstructionsOut(
            steps=[
                "Keep api_key: it is shown only now.",
                "Send it as X-API-Key, or as Authorization: Bearer.",
                f"POST an action to {url}; meta.actions lists them all and costs nothing.",
                f"See what is left with GET {ctx.site_url}/api/usage.",
            ],
            example=example,
            documentation_url=f"{ctx.site_url}/api/docs",
        ),
        upgrade=UpgradeOut(
            message=f"After {made.quota.limit} calls a month, open this page to go on.",
            upgrade_url=agent_links.upgrade_url(ctx, made.agent.tenant_id),
        ),
        pricing=PricingOut(per_call=PRICE.text(), currency=PRICE.currency, billing="monthly"),
    )
