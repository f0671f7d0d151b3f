"""What the human behind an agent downloads from its screens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.api.deps import CustomerCtx
from app.api.files import ANSWERS, csv_file
from app.rules.gateway import CallStatus
from app.services import calls
from app.services.calls import CallSearch

router = APIRouter(prefix="/files/agent", tags=["files"])


@router.get("/calls.csv", response_class=StreamingResponse, responses=ANSWERS)
async def calls_csv(
    ctx: CustomerCtx,
    days: Annotated[int, Query(ge=1, le=calls.LONGEST.days)] = 30,
    status: CallStatus | None = None,
    action: Annotated[str, Query(max_length=128)] = "",
) -> StreamingResponse:
    """Give the acting agent's calls as CSV: exactly those that the list shows, all pages."""
    search = CallSearch(days, status, action)
    await calls.list_page(ctx, search, size=1)  # refuses what the stream no longer can
    return csv_file(ctx.actor, "calls", lambda own: calls.export_csv(own, search))
