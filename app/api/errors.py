"""The one place that turns a refusal into a JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.core.errors import DomainError, InvalidInputError, UnsupportedMediaError
from app.rules import gateway

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    path: str
    problem: str


class Envelope(BaseModel):
    """How every refusal reads."""

    error: str
    reason: str
    request_id: str
    fields: list[FieldProblem] | None = None
    index: int | None = None


GATEWAY = "/api/manage"
"""Where refusals are told in the gateway's own envelope (``contracts/identity.md``, section 11)."""
MCP = "/mcp"
"""Where they are errors of JSON-RPC; those of a tool are told in its result instead."""
PARSE_ERROR, INVALID_REQUEST = -32700, -32600
"""The numbers that JSON-RPC has for a body that is no JSON, and for whatever else is wrong with a request."""
EXECUTOR = ("/functions/v1/execute", "/api/tenants/")
"""Where refusals are told in the executor's envelope."""
PROVIDER_CODES = {502: "PROVIDER_REFUSED", 503: "PROVIDER_DOWN"}
REASONS = {401: "unauthorized", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def refusal(request: Request, status: int, message: str, reason: str, **extra: Any) -> JSONResponse:
    """Return the family's envelope."""
    request_id = getattr(request.state, "request_id", "")
    headers: dict[str, str] = {}
    if (retry_after := extra.pop("retry_after", None)) is not None:
        headers["Retry-After"] = str(retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body: dict[str, Any]
    if request.url.path == GATEWAY:
        code = gateway.code_for(status, reason)
        body = {"ok": False, "code": code.value, "error": message, "request_id": request_id}
        return JSONResponse(body | extra, gateway.HTTP_STATUS[code], headers)
    if request.url.path.startswith(EXECUTOR):
        return _executors(request, status, message, reason, extra, headers)
    body = {"error": message, "reason": reason, "request_id": request_id, **extra}
    if request.url.path == MCP:
        code = PARSE_ERROR if reason == "malformed" else INVALID_REQUEST
        error = {"code": code, "message": body.pop("error"), "data": body}
        body = {"jsonrpc": "2.0", "id": None, "error": error}
    return JSONResponse(body, status, headers)


def _executors(
    request: Request,
    status: int,
    message: str,
    reason: str,
    told: Mapping[str, Any],
    headers: Mapping[str, str],
) -> JSONResponse:
    """Return the executor's envelope (``contracts/identity.md``, section 11)."""
    code = PROVIDER_CODES.get(status) or gateway.code_for(status, reason).value
    body: dict[str, Any] = {
        "ok": False,
        "status": "denied" if status in (401, 403, 404, 429) else "error",
        "request_id": getattr(request.state, "request_id", ""),
        "error_code": code,
        "error_message_redacted": str(gateway.redact(message))[: gateway.LONGEST_ERROR],
        "result_meta": {"reason": reason, **told},
    }
    if (heard := getattr(request.state, "upstream", None)) is not None:
        body["upstream"] = heard
    return JSONResponse(body, status, dict(headers))


def install(api: FastAPI) -> None:
    """Register the handlers."""
    api.add_exception_handler(DomainError, _domain)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _unexpected)


async def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for it
    if (back := _way_back(request, error)) is not None:
        return back
    return refusal_of(request, error)


def refusal_of(request: Request, error: DomainError) -> JSONResponse:
    """Return a refusal as it is answered."""
    told = {name: value for name, value in error.details.items() if isinstance(value, str | int)}
    extra: dict[str, Any] = {"retry_after": error.retry_after, **told}
    if isinstance(error, InvalidInputError) and error.fields:
        extra["fields"] = [{"path": path, "problem": problem} for path, problem in error.fields]
    return refusal(request, error.status, error.message, error.reason, **extra)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    found = error.errors()
    is_unread = any(one["loc"] == ("body",) for one in found) and await request.body()
    if is_unread and not hasattr(request.state, "json"):
        return refusal_of(request, not_json())
    fields = [
        {"path": ".".join(map(str, one["loc"][1:])) or "body", "problem": problem_of(one)}
        for one in found
    ]
    return refusal(request, 422, "Some fields are not valid.", "invalid_input", fields=fields)


def not_json() -> DomainError:
    """Return the refusal of a body that does not say that it is JSON."""
    return UnsupportedMediaError("Send JSON, with Content-Type: application/json.")


def problem_of(found: Mapping[str, Any]) -> str:
    """Say what is wrong with a field, without the validator's own prefix."""
    return str(found["msg"]).removeprefix("Value error, ")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if (back := _way_back(request, error)) is not None:
        return back
    reason = REASONS.get(error.status_code, "invalid_input")
    return refusal(request, error.status_code, str(error.detail), reason)


def _way_back(request: Request, error: Exception) -> Response | None:
    """Return where a browser's form goes on a refusal; None for everybody else."""
    come_back = getattr(request.state, "come_back", None)
    return come_back(error) if come_back else None


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", path=request.url.path, exc_info=error)
    return refusal(
        request, 500, "Something failed on our side. Nothing was changed.", "internal_error"
    )
