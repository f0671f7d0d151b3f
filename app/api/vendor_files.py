"""What a signed-in vendor downloads from its screens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.api.deps import PersonCtx
from app.api.files import ANSWERS, csv_file
from app.rules.statuses import DeviceStatus
from app.services import device_lists
from app.services.device_lists import Search

router = APIRouter(prefix="/files/vendor", tags=["files"])

LONGEST_WINDOW = 3_660


@router.get("/devices.csv", response_class=StreamingResponse, responses=ANSWERS)
async def devices_csv(
    ctx: PersonCtx,
    q: Annotated[str, Query(max_length=128)] = "",
    status: DeviceStatus | None = None,
    active_within: Annotated[
        int | None, Query(ge=1, le=LONGEST_WINDOW, description="Days.")
    ] = None,
    sort: Annotated[str, Query(max_length=32)] = "-registered_at",
) -> StreamingResponse:
    """Give the acting vendor's devices as CSV: exactly those that the list shows, all pages."""
    search = Search(q, status, active_within, sort)
    await device_lists.list_page(ctx, search, limit=1)  # refuses what the stream no longer can
    return csv_file(ctx.actor, "devices", lambda own: device_lists.export_csv(own, search))
