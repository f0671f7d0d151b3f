"""The door of the Model Context Protocol: opened when somebody first knocks, for its library takes long to load."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import errors, mcp_server
from app.settings import Settings


class Door:
    """The ASGI endpoint: lets in what comes from no foreign page, while the server runs."""

    def __init__(self) -> None:
        self.origin = ""
        self._settings: Settings | None = None
        self._opening: asyncio.Task[None] | None = None
        self._tools: asyncio.Future[ASGIApp] | None = None
        self._over = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        # A page whose host was rebound to us says where it came from; what is no browser says nothing.
        if request.headers.getlist("origin") not in ([], [self.origin]):
            refused = errors.refusal(
                request, 403, "This did not come from a page of this site.", "foreign_origin"
            )
            await refused(scope, receive, send)
        elif self._settings is None:
            down = errors.refusal(
                request, 503, "The server is starting.", "unavailable", retry_after=1
            )
            await down(scope, receive, send)
        else:
            tools = await asyncio.shield(self._opened(self._settings))
            await tools(scope, receive, send)

    def _opened(self, settings: Settings) -> asyncio.Future[ASGIApp]:
        if self._tools is None:
            self._tools = asyncio.get_running_loop().create_future()
            self._opening = asyncio.create_task(self._serve(settings, self._tools))
        return self._tools

    async def _serve(self, settings: Settings, tools: asyncio.Future[ASGIApp]) -> None:
        """Run the tools in a task of their own: what the library opens in one, it closes in the same."""
        try:
            async with mcp_server.running(settings) as app:
                tools.set_result(app)
                await self._over.wait()
        except BaseException as error:
            if not tools.done():
                tools.set_exception(error)
            raise

    @asynccontextmanager
    async def ajar(self, settings: Settings) -> AsyncGenerator[None]:
        """Serve whoever knocks meanwhile."""
        own = urlsplit(settings.public_url)
        self._settings, self.origin = settings, f"{own.scheme}://{own.netloc}"
        self._over.clear()
        try:
            yield
        finally:
            self._settings = None
            self._over.set()
            if self._opening is not None:
                await self._opening
            self._opening = self._tools = None


door = Door()
running = door.ajar
router = APIRouter(tags=["agents"])
router.routes.append(Route(errors.MCP, door, methods=["POST"], include_in_schema=False))
