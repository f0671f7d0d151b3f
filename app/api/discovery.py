"""Where agents that have never heard of this installation find out how to use it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from app.api.deps import AnyoneCtx
from app.services import discovery

router = APIRouter(tags=["agents"])
KEPT = "public, max-age=300"


@router.get("/llms.txt", response_class=PlainTextResponse)
async def show_llms(ctx: AnyoneCtx) -> PlainTextResponse:
    """Tell agents in words how to onboard, call and pay."""
    return PlainTextResponse(discovery.text(ctx), headers={"Cache-Control": KEPT})


@router.get("/.well-known/agent-onboarding.json")
async def show_onboarding(ctx: AnyoneCtx, response: Response) -> dict[str, Any]:
    """Tell agents as data how to onboard, call and pay."""
    response.headers["Cache-Control"] = KEPT
    return discovery.document(ctx)
