"""What a signed-in vendor downloads from its screens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app import runtime
from app.api.deps import PersonCtx
from app.api.errors import Envelope
from app.rules.statuses import DeviceStatus
from app.services import device_lists
from app.services.context import Actor
from app.services.device_lists import Search

router = APIRouter(prefix="/files/vendor", tags=["files"])

LONGEST_WINDOW = 3_660


@router.get(
    "/devices.csv",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {}}},
        **{
            status: {"model": Envelope, "description": description}
            for status, description in (
                (400, "The address cannot be read."),
                (401, "Not signed in."),
                (403, "The account is no vendor's."),
                (422, "Some parameters are not valid."),
            )
        },
    },
)
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
    return StreamingResponse(
        _lines(ctx.actor, search),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="devices.csv"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _lines(actor: Actor, search: Search) -> AsyncGenerator[str]:
    """Read in a unit of work of its own: the request's ends before its answer begins."""
    async with runtime.current().context(actor, readonly=True) as ctx:
        async for chunk in device_lists.export_csv(ctx, search):
            yield chunk
