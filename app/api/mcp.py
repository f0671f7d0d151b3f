"""The Model Context Protocol: what agents find, call and pay for, as tools of one address."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.api import errors, mcp_tools
from app.settings import Settings

INSTRUCTIONS: Final = """Tools of a metered API that agents use by themselves. Call `onboard` once, with agent_id and
the email of whoever answers for you: it answers an api_key, shown once. Send that as the header X-API-Key, or as Authorization: Bearer,
with everything else. `usage` tells what is left of the month's free calls, `upgrade` where the owner stores a card to go on."""


class Door:
    """The ASGI endpoint: lets in what comes from no foreign page, while the server runs."""

    def __init__(self) -> None:
        self.manager: StreamableHTTPSessionManager | None = None
        self.origin = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        # A page whose host was rebound to us says where it came from; what is no browser says nothing.
        if request.headers.getlist("origin") not in ([], [self.origin]):
            refused = errors.refusal(
                request, 403, "This did not come from a page of this site.", "foreign_origin"
            )
            await refused(scope, receive, send)
        elif self.manager is None:
            down = errors.refusal(
                request, 503, "The server is starting.", "unavailable", retry_after=1
            )
            await down(scope, receive, send)
        else:
            await self.manager.handle_request(scope, receive, send)


door = Door()
router = APIRouter(tags=["agents"])
router.routes.append(Route(errors.MCP, door, methods=["POST"], include_in_schema=False))


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[None]:
    """Serve tools meanwhile: each request stands alone, so that any process may answer it."""
    own = urlsplit(settings.public_url)
    manager = StreamableHTTPSessionManager(
        _server(settings),
        json_response=True,
        stateless=True,
        max_request_body_size=settings.max_body_bytes,
    )
    async with manager.run():
        door.manager, door.origin = manager, f"{own.scheme}://{own.netloc}"
        try:
            yield
        finally:
            door.manager = None


def _server(settings: Settings) -> Server[Any]:
    return Server(
        settings.seller_name,
        version="1",
        instructions=INSTRUCTIONS,
        website_url=settings.public_url,
        get_tool_input_schema=mcp_tools.input_schema,
        on_list_tools=_list,
        on_call_tool=_call,
    )


async def _list(
    _: ServerRequestContext[Any, Request], __: PaginatedRequestParams | None
) -> ListToolsResult:
    return ListToolsResult(tools=mcp_tools.offered())


async def _call(
    rpc: ServerRequestContext[Any, Request], params: CallToolRequestParams
) -> CallToolResult:
    assert rpc.request is not None  # noqa: S101 - it came over HTTP
    said = await mcp_tools.call(rpc.request, params.name, params.arguments or {})
    return CallToolResult(
        content=[TextContent(text=said.text)],
        structured_content=said.body,
        is_error=said.is_refusal,
    )
