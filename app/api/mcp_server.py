"""What the Model Context Protocol serves: what agents find, call and pay for, as tools of one address."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp

from app.api import mcp_tools
from app.settings import Settings

if TYPE_CHECKING:  # the protocol's library takes long to load: not before somebody speaks it
    from mcp.server import Server, ServerRequestContext
    from mcp_types import (
        CallToolRequestParams,
        CallToolResult,
        ListToolsResult,
        PaginatedRequestParams,
    )
    from starlette.requests import Request

INSTRUCTIONS: Final = """Tools of a metered API that agents use by themselves. Call `onboard` once, with agent_id and
the email of whoever answers for you: it answers an api_key, shown once. Send that as the header X-API-Key, or as Authorization: Bearer,
with everything else. `usage` tells what is left of the month's free calls, `upgrade` where the owner stores a card to go on."""


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[ASGIApp]:
    """Serve tools meanwhile: each request stands alone, so that any process may answer it."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    manager = StreamableHTTPSessionManager(
        _server(settings),
        json_response=True,
        stateless=True,
        max_request_body_size=settings.max_body_bytes,
    )
    async with manager.run():
        yield manager.handle_request


def _server(settings: Settings) -> Server[Any]:
    from mcp.server import Server

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
    from mcp_types import ListToolsResult

    return ListToolsResult(tools=mcp_tools.offered())


async def _call(
    rpc: ServerRequestContext[Any, Request], params: CallToolRequestParams
) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    assert rpc.request is not None  # noqa: S101 - it came over HTTP
    said = await mcp_tools.call(rpc.request, params.name, params.arguments or {})
    return CallToolResult(
        content=[TextContent(text=said.text)],
        structured_content=said.body,
        is_error=said.is_refusal,
    )
