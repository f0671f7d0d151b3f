"""What every answer carries and which doors of the UI server stay shut."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.guard import is_rest
from app.settings import Settings

CLOSED = ("/_upload", "/auth-codespace", "/_all_routes")
"""Addresses of Reflex that this product does not use; its upload has no limit and no login."""
EVENTS = "/_event"


class Shield:
    """ASGI middleware: security headers, caching, and same-origin event sockets.

    ``pages`` are the addresses of prebuilt pages. Each is a folder with an ``index.html``, and is answered as it is
    asked for: a redirect to the folder would cost every visit a round trip.
    """

    def __init__(self, app: ASGIApp, settings: Settings, pages: Collection[str] = ()) -> None:
        self.app = app
        self._pages = frozenset(pages) - {"/"}
        self._is_sandbox = settings.is_sandbox
        own = urlsplit(settings.public_url)
        self._origin = f"{own.scheme}://{own.netloc}"
        self._is_secure = own.scheme == "https"
        outside = f" {settings.sandbox_url}" if settings.is_sandbox else ""
        socket = self._origin.replace("http", "ws", 1)
        # Reflex evaluates code in the page and starts it from an inline script.
        self._policy = "; ".join(
            (
                "default-src 'self'",
                "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src 'self' {socket}",
                "frame-ancestors 'none'",
                "base-uri 'self'",
                "object-src 'none'",
                f"form-action 'self' https:{outside}",
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            # Browsers always send an origin; what sends none is a script, and gets no socket.
            if Headers(scope=scope).get("origin") != self._origin:
                await send({"type": "websocket.close", "code": 1008, "reason": "foreign origin"})
                return
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith((*CLOSED, EVENTS)):
            answer = PlainTextResponse("There is no such address.", 404)
            await answer(scope, receive, send)
            return

        if path in self._pages:
            scope = {**scope, "path": f"{path}/", "raw_path": f"{path}/".encode()}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(MutableHeaders(scope=message), path, message["status"])
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _dress(self, headers: MutableHeaders, path: str, status: int) -> None:
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Content-Security-Policy", self._policy)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if self._is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if headers.get("content-type", "").startswith("text/html"):
            # A page names the hashed files of its build, so an old copy may name files that are gone.
            headers.setdefault("Cache-Control", "no-cache")
            if self._is_sandbox:
                # Read by the page before it is painted: it leaves room for the strip on top.
                headers.setdefault("Server-Timing", "sandbox")
        if is_rest(path):
            headers.setdefault("Cache-Control", "no-store")
        elif status != 200:
            return
        elif path.startswith("/assets/"):
            headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
        elif path.startswith("/fonts/"):
            headers.setdefault(
                "Cache-Control", "public, max-age=86400, stale-while-revalidate=604800"
            )
        elif path.startswith(("/css/", "/ui/", "/locales/", "/favicon.")):
            headers.setdefault("Cache-Control", "public, max-age=3600")
