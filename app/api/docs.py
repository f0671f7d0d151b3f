"""The API's description: complete as OpenAPI, and readable as one page without scripts or network."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi import APIRouter, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts

from app.api import deps
from app.services import sessions

router = APIRouter(tags=["operations"])

_DOORS = {
    deps.vendor: ("vendorToken", "A vendor's token, `vnd_...`."),
    deps.platform: ("platformToken", "The platform's token, `plt_...`."),
    deps.kernel: ("kernelToken", "A product runtime's token, `acp_kernel_...`."),
    deps.service: ("serviceKey", "A key of the executor, `exe_...`."),
    deps.agent: ("apiKey", "An agent's key, `agk_...`; `X-API-Key: agk_...` does as well."),
}
_COOKIE = "session"


@router.get("/api/docs", response_class=HTMLResponse)
async def show_docs(request: Request) -> HTMLResponse:
    """Show this description as a page."""
    return HTMLResponse(_page(request.app))


def describe(api: FastAPI) -> None:
    """Make the OpenAPI document say which credential each endpoint wants."""

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _with_security(api)
        return api.openapi_schema

    api.openapi = openapi


def _with_security(api: FastAPI) -> dict[str, Any]:
    # A copy: the generator hands out the very objects that endpoints declare.
    document = deepcopy(
        get_openapi(
            title=api.title, version=api.version, description=api.description, routes=api.routes
        )
    )
    schemes: dict[str, Any] = {
        name: {"type": "http", "scheme": "bearer", "description": text}
        for name, text in _DOORS.values()
    }
    schemes[_COOKIE] = {
        "type": "apiKey",
        "in": "cookie",
        "name": sessions.COOKIE,
        "description": "A signed-in browser.",
    }
    document.setdefault("components", {})["securitySchemes"] = schemes
    for route in endpoints(api):
        wanted = _wanted(route.dependant)
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            operation["security"] = [{wanted: []}] if wanted else []
            for media in operation.get("requestBody", {}).get("content", {}).values():
                defined = media.get("schema", {}).pop("$defs", {})
                document["components"]["schemas"].update(defined)
    return document


def endpoints(api: FastAPI) -> list[APIRoute]:
    """Return every documented route, of included routers as well."""
    routes = (context.original_route for context in iter_route_contexts(api.routes))
    return [route for route in routes if isinstance(route, APIRoute) and route.include_in_schema]


def _wanted(dependant: Dependant) -> str | None:
    for door, (name, _) in _DOORS.items():
        if dependant.call is door:
            return name
    if dependant.call in (deps.signed_in, deps.member, deps.customer):
        return _COOKIE
    return next((name for inner in dependant.dependencies if (name := _wanted(inner))), None)


@cache
def _page(api: FastAPI) -> str:
    document = api.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(_operation(document, method, path, operation))
    schemes = document["components"]["securitySchemes"]
    return _template().render(
        title=document["info"]["title"], groups=sorted(groups.items()), schemes=schemes
    )


def _operation(
    document: dict[str, Any], method: str, path: str, operation: dict[str, Any]
) -> dict[str, Any]:
    bodies = operation.get("requestBody", {}).get("content", {})
    answers = [
        {
            "status": status,
            "meaning": answer.get("description", ""),
            "fields": _first_fields(document, answer.get("content", {})),
        }
        for status, answer in operation["responses"].items()
    ]
    return {
        "method": method.upper(),
        "path": path,
        "id": operation.get("operationId", path),
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "security": [name for one in operation.get("security", []) for name in one],
        "parameters": [
            {
                "name": one["name"],
                "type": _type(document, one.get("schema", {})),
                "where": one["in"],
                "required": one.get("required", False),
                "description": one.get("description", ""),
            }
            for one in operation.get("parameters", [])
        ],
        "body": _first_fields(document, bodies),
        "answers": answers,
    }


def _first_fields(document: dict[str, Any], content: dict[str, Any]) -> list[dict[str, Any]]:
    for media in content.values():
        return _fields(document, media.get("schema", {}))
    return []


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    schema = _resolved(document, schema)
    for option in schema.get("anyOf", []):
        if option.get("type") != "null":
            return _fields(document, option)
    required = set(schema.get("required", []))
    return [
        {
            "name": name,
            "type": _type(document, one),
            "required": name in required,
            "description": one.get("description", ""),
        }
        for name, one in schema.get("properties", {}).items()
    ]


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """Say a type in few words."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " or ".join(dict.fromkeys(_type(document, one) for one in options))
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(document, schema.get('items', {}))}"
    return schema.get("format") or schema.get("const") or schema.get("type", "anything")


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    ref = schema.get("$ref", "")
    if not ref:
        return schema
    return document["components"]["schemas"].get(ref.rsplit("/", 1)[1], {})


@cache
def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True
    )
    return environment.get_template("docs.html.jinja")
