"""The executor: what is done with provider secrets, for processes and runtimes that hold none."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, ValidationError

from app.api.deps import ServiceCtx
from app.api.errors import problem_of
from app.api.lists import Instant
from app.core.errors import DomainError, InvalidInputError
from app.core.money import Money
from app.metrics import EXECUTED
from app.providers import upstream, wire
from app.providers.verbs import VERBS
from app.services import allow_list, executor, runtime_invoices
from app.services.calling import caller, calling
from app.services.context import Context
from app.services.executor import CARDS, Order
from app.services.runtime_invoices import Claim
from app.vaulting import catalogue

router = APIRouter(tags=["executor"])

Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class TraceIn(BaseModel):
    """What the caller says of itself, for the record."""

    model_config = ConfigDict(strict=True)

    kernel_id: str = Field(default="", max_length=100)
    policy_decision_id: str = Field(default="", max_length=100)
    actor_id: str = Field(default="", max_length=100)


class OrderIn(BaseModel):
    """One action; ``tenant_id`` may be left out by a key that is limited to none."""

    tenant_id: UUID | None = None
    integration: Word = Field(examples=["stripe"])
    action: Word = Field(examples=["stripe.customers.create"])
    version: int = Field(default=allow_list.VERSION, strict=True)
    params: dict[str, Any] = Field(default={}, examples=[{}])
    idempotency_key: Key | None = None
    request_hash: str = Field(default="", max_length=64, pattern="^[0-9a-f]*$")
    trace: TraceIn = TraceIn()


class UpstreamOut(BaseModel):
    """The provider's newest answer, where there was one."""

    http_status: int
    request_id: str


class DoneOut(BaseModel):
    """What an action answered."""

    ok: bool = True
    status: str = "success"
    request_id: str
    data: Any = None
    upstream: UpstreamOut | None = None


class RefusalOut(BaseModel):
    """Why an action was not done, or what the provider said; ``result_meta`` has the ``reason``."""

    ok: bool
    status: str
    request_id: str
    error_code: str
    error_message_redacted: str
    result_meta: dict[str, Any]
    upstream: UpstreamOut | None = None


class CustomerIn(BaseModel):
    """A tenant's customer; the address, if one is given, must be the tenant's."""

    email: str = Field(default="", max_length=254)


class CustomerOut(BaseModel):
    """The provider's id of a tenant."""

    customer_id: str


class CheckoutIn(BaseModel):
    """Where the card page leads to."""

    success_url: HttpUrl
    cancel_url: HttpUrl


class CheckoutOut(BaseModel):
    """The page where a card is stored; nothing is charged there."""

    checkout_url: str
    expires_at: Instant


class InvoiceIn(BaseModel):
    """One invoice for a month that is over; the key may come as ``Idempotency-Key`` as well."""

    model_config = ConfigDict(strict=True)

    customer_id: str = Field(default="", max_length=100)
    amount: str = Field(max_length=40, examples=["1.23"])
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    description: str = Field(min_length=1, max_length=500, examples=["API calls of 2026-11"])
    period: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$", examples=["2026-11"])
    idempotency_key: Key | None = None


class InvoiceOut(BaseModel):
    """The invoice at the provider; where ``open``, it can be paid at ``hosted_url``."""

    invoice_id: str
    status: str
    amount: str
    currency: str
    period: str
    idempotency_key: str
    hosted_url: str


T = TypeVar("T", bound=BaseModel)
Work = Callable[[Context], Awaitable[Any]]
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": RefusalOut, "description": what}
    for status, what in (
        (400, "The request or its params are not valid."),
        (401, "There is no such key."),
        (403, "The key is not for that, or the action is switched off."),
        (404, "There is no such action, or no executor here."),
        (409, "It clashes with what is there."),
        (413, "The params are larger than 64 KB."),
        (422, "Some fields are not valid."),
        (429, "Too many calls; see Retry-After."),
        (502, "The provider said no."),
        (503, "The provider did not answer: repeat the same call."),
    )
}


@router.post("/functions/v1/execute", responses=REFUSALS)
async def execute(body: OrderIn, ctx: ServiceCtx, request: Request) -> DoneOut:
    """Have one action done with the vault's secrets; params and answers hold amounts as texts."""
    order = Order(
        body.integration,
        body.action,
        _size(body.params),
        body.tenant_id,
        body.version,
        body.request_hash,
        {name: value for name, value in body.trace.model_dump().items() if value},
    )
    work = _facade(order.name, body.params, body.idempotency_key) or _verb(order, body)
    return await _done(ctx, request, order, work)


@router.post("/api/tenants/{tenant_uuid}/stripe/customers.create", responses=REFUSALS)
async def create_customer(
    tenant_uuid: UUID, body: CustomerIn, ctx: ServiceCtx, request: Request
) -> DoneOut:
    """Make a tenant known to the provider; done once, it is the same customer for ever."""
    return await _by_pattern(ctx, request, tenant_uuid, "customers.create", body)


@router.post("/api/tenants/{tenant_uuid}/stripe/checkout.create", responses=REFUSALS)
async def create_checkout(
    tenant_uuid: UUID, body: CheckoutIn, ctx: ServiceCtx, request: Request
) -> DoneOut:
    """Open the page where a tenant stores its card; only the provider's notification upgrades it."""
    return await _by_pattern(ctx, request, tenant_uuid, "checkout.create", body)


@router.post("/api/tenants/{tenant_uuid}/stripe/invoices.create", responses=REFUSALS)
async def create_invoice(
    tenant_uuid: UUID,
    body: InvoiceIn,
    ctx: ServiceCtx,
    request: Request,
    idempotency_key: Annotated[Key | None, Header()] = None,
) -> DoneOut:
    """Invoice a tenant's month at the provider, once, and charge it; a month billed here is refused."""
    key = idempotency_key or body.idempotency_key
    return await _by_pattern(ctx, request, tenant_uuid, "invoices.create", body, key)


async def _by_pattern(
    ctx: Context,
    request: Request,
    tenant_id: UUID,
    name: str,
    body: BaseModel,
    key: str | None = None,
) -> DoneOut:
    params = body.model_dump(mode="json", exclude={"idempotency_key"})
    order = Order(CARDS, f"{CARDS}.{name}", _size(params), tenant_id)
    work = _facade(name, params, key)
    assert work is not None  # noqa: S101 - each address has its action
    return await _done(ctx, request, order, work)


async def _done(ctx: Context, request: Request, order: Order, work: Work) -> DoneOut:
    acting = await executor.admit(ctx, order, catalogue())
    with upstream.listening() as heard:
        try:
            data = await work(acting)
        except DomainError as error:
            EXECUTED.labels(order.action, error.reason).inc()
            request.state.upstream = _told(heard)
            raise
    EXECUTED.labels(order.action, "success").inc()
    return DoneOut(request_id=ctx.actor.origin.request_id, data=data, upstream=_told(heard))


def _told(heard: upstream.Upstream) -> Any:
    if not heard.http_status:
        return None
    return {"http_status": heard.http_status, "request_id": heard.request_id}


def _verb(order: Order, body: OrderIn) -> Work:
    """Return what asks a provider directly; its params are read when it is known who asks."""

    async def work(ctx: Context) -> Any:
        verb = VERBS[order.name]
        kinds = {name: kind for name, kind in verb.params.items() if name != "idempotency_key"}
        try:
            params = wire.read_params(kinds, body.params)
        except ValueError as error:
            raise InvalidInputError(f"The params are not valid: {error}.") from error
        if "idempotency_key" in verb.params:
            params["idempotency_key"] = _wanted(body.idempotency_key)
        trace = {"request_hash": order.request_hash, **order.trace}
        async with ctx.outside() as providers:
            by = replace(caller(), trace={name: said for name, said in trace.items() if said})
            with calling(by):
                call = getattr(providers.payment(order.integration), verb.name)
                return wire.write(await call(**params))

    return work


def _facade(name: str, params: dict[str, Any], key: str | None) -> Work | None:
    """Return what is done for a product runtime of its own; None for any other action."""

    async def customer(ctx: Context) -> Any:
        asked = _read(CustomerIn, params)
        made = await runtime_invoices.create_customer(ctx, asked.email)
        return CustomerOut(customer_id=made)

    async def checkout(ctx: Context) -> Any:
        asked = _read(CheckoutIn, params)
        page = await runtime_invoices.create_checkout(
            ctx, str(asked.success_url), str(asked.cancel_url)
        )
        return CheckoutOut(checkout_url=page.url, expires_at=page.expires_at)

    async def invoice(ctx: Context) -> Any:
        asked = _read(InvoiceIn, params)
        claim = Claim(
            asked.period,
            _amount(asked),
            asked.description,
            _wanted(key),
            asked.customer_id,
        )
        made = await runtime_invoices.create_invoice(ctx, claim)
        return InvoiceOut(
            invoice_id=made.provider_ref or "",
            status=made.status,
            amount=made.amount.text(),
            currency=made.currency,
            period=made.period,
            idempotency_key=made.key,
            hosted_url=made.hosted_url,
        )

    works: dict[str, Work] = {
        "customers.create": customer,
        "checkout.create": checkout,
        "invoices.create": invoice,
    }
    return works.get(name)


def _read(kind: type[T], params: dict[str, Any]) -> T:
    try:
        return kind.model_validate(params)
    except ValidationError as error:
        fields = [
            (".".join(map(str, one["loc"])) or "params", problem_of(dict(one)))
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputError("The params are not valid.", fields=fields) from error


def _amount(asked: InvoiceIn) -> Money:
    try:
        return Money.of(asked.amount, asked.currency)
    except ValueError as error:
        problem = "must be a decimal text such as 1.23, in a known currency"
        raise InvalidInputError(f"The amount {problem}.", fields=[("amount", problem)]) from error


def _wanted(key: str | None) -> str:
    if key is None:
        problem = "must be given"
        raise InvalidInputError(
            f"idempotency_key {problem}.", fields=[("idempotency_key", problem)]
        )
    return key


def _size(params: dict[str, Any]) -> int:
    return len(json.dumps(params, separators=(",", ":"), ensure_ascii=False).encode())
