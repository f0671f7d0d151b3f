"""Where providers post their notifications: verified and stored before they are acknowledged."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from app.api.deps import AnyoneCtx
from app.core.clock import wall_now
from app.services import inbox

router = APIRouter(tags=["webhooks"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Stored; some providers expect these exact words.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    400: {"description": "The signature or the body is not genuine."},
    404: {"description": "No secret is set for this provider."},
    413: {"description": "The body is larger than allowed."},
}


@router.post(
    "/v1/webhook/{provider}",
    response_class=PlainTextResponse,
    responses=_ANSWERS,
    openapi_extra={"security": []},
)
async def receive(provider: str, request: Request, ctx: AnyoneCtx) -> PlainTextResponse:
    """Take a provider's signed notification."""
    body = await request.body()
    return PlainTextResponse(await inbox.receive(ctx, provider, body, request.headers, wall_now()))


@router.post(
    "/api/webhooks/stripe",
    response_class=PlainTextResponse,
    responses=_ANSWERS,
    openapi_extra={"security": []},
)
async def receive_card(request: Request, ctx: AnyoneCtx) -> PlainTextResponse:
    """Take the card provider's notification at its older address."""
    body = await request.body()
    return PlainTextResponse(await inbox.receive(ctx, "stripe", body, request.headers, wall_now()))
