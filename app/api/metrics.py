"""The metrics' address, for whoever holds the metrics token."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response

from app import runtime
from app.api.deps import bearer
from app.core.errors import NotFoundError, NotSignedInError
from app.metrics import render
from app.services import gauges

router = APIRouter(tags=["operations"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {}}},
        401: {"description": "Not the metrics token."},
        404: {"description": "No METRICS_TOKEN is set."},
    },
)
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format."""
    process = runtime.current()
    wanted = process.settings.metrics_token.get_secret_value()
    if not wanted:
        raise NotFoundError("There is no such address.")
    if not hmac.compare_digest(bearer(request).encode(), wanted.encode()):
        raise NotSignedInError("This is not the metrics token.")
    async with process.as_system(readonly=True) as ctx:
        body = render(await gauges.read(ctx))
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")
