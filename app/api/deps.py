"""What endpoints depend on: a unit of work for whoever proved to be who."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from fastapi import Depends, Request

from app import runtime
from app.core.errors import NotFoundError, NotSignedInError
from app.rules.addresses import client_ip
from app.services import credentials, service_keys, sessions
from app.services.context import Actor, ActorKind, Context, Origin
from models.credential import CredentialKind

READS = frozenset({"GET", "HEAD", "OPTIONS"})


def origin_of(request: Request) -> Origin:
    """Return where a request came from, behind trusted proxies only."""
    settings = runtime.current().settings
    return Origin(
        ip=client_ip(
            request.client.host if request.client else "",
            ",".join(request.headers.getlist("x-forwarded-for")),
            settings.proxy_networks,
        ),
        user_agent=request.headers.get("user-agent", "")[:300],
        request_id=getattr(request.state, "request_id", ""),
    )


def bearer(request: Request) -> str:
    """Return the bearer token; raises ``NotSignedInError`` without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedInError("Send the token as Authorization: Bearer <token>.")
    return token.strip()


async def anonymous(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to nobody in particular; services decide what that may do."""
    actor = Actor(ActorKind.ANONYMOUS, origin=origin_of(request))
    async with runtime.current().context(actor) as ctx:
        yield ctx


async def vendor(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to the vendor whose token came along."""
    token = bearer(request)

    async def authenticate(ctx: Context) -> Actor:
        return await credentials.authenticate_token(ctx, token, CredentialKind.VENDOR_TOKEN)

    async with runtime.current().authenticated(authenticate, origin_of(request)) as ctx:
        yield ctx


async def platform(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to the platform."""
    token = bearer(request)

    async def authenticate(ctx: Context) -> Actor:
        return await credentials.authenticate_token(ctx, token, CredentialKind.PLATFORM_TOKEN)

    async with runtime.current().authenticated(authenticate, origin_of(request)) as ctx:
        yield ctx


async def kernel(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to the product runtime whose token came along."""
    token = bearer(request)

    async def authenticate(ctx: Context) -> Actor:
        return await credentials.authenticate_token(ctx, token, CredentialKind.KERNEL_TOKEN)

    async with runtime.current().authenticated(authenticate, origin_of(request)) as ctx:
        yield ctx


def api_key(request: Request) -> str:
    """Return the key that came as ``X-API-Key`` or as a bearer token; raises ``NotSignedInError``."""
    return request.headers.get("x-api-key", "").strip() or bearer(request)


async def service(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to whoever may have the executor act; where there is no vault, nobody may."""
    process = runtime.current()
    desk = process.desk
    if desk is None:
        raise NotFoundError("There is no such address.")
    token = bearer(request)

    async def authenticate(ctx: Context) -> Actor:
        return await service_keys.authenticate(ctx, desk.keys, token)

    async with process.authenticated(authenticate, origin_of(request)) as ctx:
        yield ctx


async def agent(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to the agent whose key came along, as ``X-API-Key`` or as a bearer token."""
    key = api_key(request)

    async def authenticate(ctx: Context) -> Actor:
        return await credentials.authenticate_token(ctx, key, CredentialKind.API_KEY)

    async with runtime.current().authenticated(authenticate, origin_of(request)) as ctx:
        yield ctx


async def signed_in(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to the person whose session cookie came along."""
    async with _by_cookie(request, (ActorKind.PERSON,)) as ctx:
        yield ctx


async def member(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to whoever's session cookie came along: a person, or a tenant itself."""
    async with _by_cookie(request, sessions.ANYBODY) as ctx:
        yield ctx


async def customer(request: Request) -> AsyncGenerator[Context]:
    """Give a unit of work to the tenant itself whose session cookie came along."""
    async with _by_cookie(request, (ActorKind.CUSTOMER,)) as ctx:
        yield ctx


def _by_cookie(
    request: Request, kinds: Collection[ActorKind]
) -> AbstractAsyncContextManager[Context]:
    token = request.cookies.get(sessions.COOKIE, "")

    async def authenticate(ctx: Context) -> Actor:
        return await sessions.authenticate(ctx, token, kinds)

    readonly = request.method in READS
    return runtime.current().authenticated(authenticate, origin_of(request), readonly=readonly)


# scope="function": the commit comes before the answer leaves, never after.
AnyoneCtx = Annotated[Context, Depends(anonymous, scope="function")]
VendorCtx = Annotated[Context, Depends(vendor, scope="function")]
PlatformCtx = Annotated[Context, Depends(platform, scope="function")]
KernelCtx = Annotated[Context, Depends(kernel, scope="function")]
ServiceCtx = Annotated[Context, Depends(service, scope="function")]
AgentCtx = Annotated[Context, Depends(agent, scope="function")]
PersonCtx = Annotated[Context, Depends(signed_in, scope="function")]
MemberCtx = Annotated[Context, Depends(member, scope="function")]
CustomerCtx = Annotated[Context, Depends(customer, scope="function")]
