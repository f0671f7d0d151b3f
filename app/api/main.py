"""The REST application: every file beside this one that has a ``router`` is mounted."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

import app.api as package
from app.api import docs, errors
from app.core.discover import import_all
from app.metrics import Measure


def create_api() -> FastAPI:
    """Return the application with all its routes; unknown API paths answer JSON, never HTML."""
    api = FastAPI(
        title="Turnpike",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    errors.install(api)
    api.add_middleware(Measure)
    for module in import_all(package):
        router = getattr(module, "router", None)
        if isinstance(router, APIRouter):
            api.include_router(router)
    for prefix in ("/api", "/v1", "/functions"):
        api.add_api_route(
            prefix + "/{rest:path}",
            _unknown,
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            include_in_schema=False,
        )
    docs.describe(api)
    return api


async def _unknown(request: Request) -> JSONResponse:
    return errors.refusal(request, 404, "There is no such address.", "not_found")
