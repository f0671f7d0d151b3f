"""The REST application: every file beside this one that has a ``router`` is mounted."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import cast

from fastapi import APIRouter, FastAPI, Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

import app.api as package
from app.api import docs, errors
from app.api.guard import API_PREFIXES, PROBES
from app.core.discover import import_all
from app.metrics import Measure


def create_api(modules: Sequence[ModuleType] | None = None) -> FastAPI:
    """Return the application with all its routes, or with those of some modules only.

    Unknown API paths answer JSON, never HTML.
    """
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
    known: list[BaseRoute] = []
    for module in import_all(package) if modules is None else modules:
        router = getattr(module, "router", None)
        if isinstance(router, APIRouter):
            api.include_router(router)
            known += router.routes
    folders = [one + "/{rest:path}" for one in API_PREFIXES]
    api.router.routes += [
        Route(path, Unknown(known), include_in_schema=False)
        for path in (*PROBES, *API_PREFIXES, *folders)
    ]
    docs.describe(api)
    return api


class Unknown:
    """Answers what no route took: 405 with the methods the address knows, or 404."""

    def __init__(self, known: list[BaseRoute]) -> None:
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, whatever the method is."""
        request = Request(scope, receive)
        methods = {
            method
            for route in self._known
            if route.matches(scope)[0] is Match.PARTIAL
            for method in cast("Route", route).methods or ()
        }
        if methods:
            methods |= {"HEAD"} if "GET" in methods else set()
            answer = errors.refusal(
                request, 405, "This address knows other methods.", "method_not_allowed"
            )
            answer.headers["Allow"] = ", ".join(sorted(methods))
        else:
            answer = errors.refusal(request, 404, "There is no such address.", "not_found")
        await answer(scope, receive, send)
