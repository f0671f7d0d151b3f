"""What every request passes before it is routed: its id, its size, and whether its JSON is JSON."""

from __future__ import annotations

import re
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import refusal
from app.core.errors import MalformedError
from app.core.ids import new_id
from app.core.plain_json import read_json
from app.settings import Settings

API_PREFIXES = ("/api", "/v1", "/functions", "/auth", "/files", "/mcp", "/.well-known")
BATCHES = ("/v1/events", "/functions/v1/audit-ingest")
"""Addresses that take many events at once."""
PROBES = ("/healthz", "/readyz", "/metrics")
FORM_BYTES = 64 << 10
"""What a multipart form may add around the largest file in it."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Guard:
    """ASGI middleware around the REST surface; other paths pass untouched but for their id."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else f"req_{new_id().hex}"
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        request = Request(scope, receive)
        is_ours = is_rest(scope["path"])
        if is_ours and (problem := _unreadable(scope)):
            await problem(request)(scope, receive, send_with_id)
            return
        if is_ours and scope["method"] == "HEAD":
            await self.app({**scope, "method": "GET"}, receive, _bodiless(send_with_id))
            return
        if not is_ours or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send_with_id)
            return
        limit = self.settings.max_body_bytes
        if scope["path"] in BATCHES:
            limit = self.settings.max_batch_bytes
        elif scope["path"] == "/auth/logo":
            limit += FORM_BYTES
        body = await _read(receive, headers, limit)
        if body is None:
            answer = refusal(request, 413, f"The body is larger than {limit} bytes.", "too_large")
            await answer(scope, receive, send_with_id)
            return
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.endswith("json") and body:
            try:
                # Endpoints for large bodies take it from here instead of parsing it again.
                scope["state"]["json"] = read_json(body)
            except MalformedError as error:
                answer = refusal(request, 400, error.message, "malformed")
                await answer(scope, receive, send_with_id)
                return
        await self.app(scope, _replay(body, receive), send_with_id)


def is_rest(path: str) -> bool:
    """Tell whether an address belongs to the REST surface, where no answer is a page."""
    return path in PROBES or path.startswith(API_PREFIXES)


def _bodiless(send: Send) -> Send:
    """Pass an answer on without its body: what a HEAD request is told of a GET."""

    async def bodiless(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return bodiless


def _unreadable(scope: Scope) -> Callable[[Request], ASGIApp] | None:
    """Return what refuses an address that no reader behind could take."""
    if _CONTROL.search(scope["path"]):  # no route's pattern spans lines
        return lambda request: refusal(request, 404, "There is no such address.", "not_found")
    if b"%00" in scope["query_string"]:
        return lambda request: refusal(request, 400, "The address holds NUL.", "malformed")
    return None


async def _read(receive: Receive, headers: Headers, limit: int) -> bytes | None:
    """Read a body up to the limit; None when it is larger."""
    declared = headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand the body over once, then pass on what the connection says."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
