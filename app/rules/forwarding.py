"""Actions that another service does: how a file defines them, and what of its answers is told on."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, cast
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as ShapeError
from referencing import Registry

from app.rules.gateway import ActionDef, Code, Scope, Unit, redact

MOST_SECONDS: Final = 30
"""Of one call: half of the time after which a request is taken for dead (``idempotency.STALE``)."""
MOST_BYTES: Final = 8 << 20
LONGEST_TEXT: Final = 300
OURS: Final = frozenset(
    (
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-request-id",
        "x-tenant-id",
    )
)
"""Headers that every call has from us."""
BESIDE: Final = frozenset(("dry_run", "idempotency_key"))
"""Names that mean something else where a call's arguments and its params are one document."""
_FORMATS: Final = frozenset(Draft202012Validator.FORMAT_CHECKER.checkers)
_PLAIN: Final = ("string", "integer", "number", "boolean")
_EMBEDDED: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that a gateway turns into the IPv4 address at their end."""


class Method(StrEnum):
    """How the other service is asked; ``GET`` carries the params in the address."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Host(_Shape):
    """A host that may be called, and what is allowed of it beyond the usual."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)
    port: int | None = Field(default=None, ge=1, le=65535)
    allow_http: bool = False
    allow_private: bool = False


class _ActionIn(_Shape):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=128)
    scope: Scope
    description: str = Field(min_length=1, max_length=2_000)
    billable: bool
    unit: Unit | None = None
    params: dict[str, Any]
    method: Method
    url: str
    headers: dict[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")], str
    ] = Field(default={}, description="A header, and the environment variable that holds it.")
    timeout_seconds: int = Field(default=10, ge=1, le=MOST_SECONDS)
    max_response_bytes: int = Field(default=1 << 20, ge=1, le=MOST_BYTES)


class _FileIn(_Shape):
    hosts: list[Host] = []
    actions: list[_ActionIn] = []


@dataclass(frozen=True, slots=True)
class Forward:
    """An action's other end: where it goes and what limits it; ``headers`` hold secrets."""

    definition: ActionDef
    method: Method
    url: str
    host: Host
    headers: Mapping[str, str] = field(repr=False)
    timeout_seconds: int
    max_response_bytes: int


def parse(document: object, environment: Mapping[str, str]) -> tuple[Forward, ...]:
    """Return the actions that a file defines; raises ``ValueError`` that says what is wrong where."""
    try:
        file = _FileIn.model_validate(document)
    except ShapeError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
    hosts = {(one.name, one.port): one for one in file.hosts}
    found = tuple(_forward(one, hosts, environment) for one in file.actions)
    names = [one.definition.name for one in found]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{double}: defined twice")
    return found


def _forward(
    one: _ActionIn, hosts: Mapping[tuple[str, int | None], Host], environment: Mapping[str, str]
) -> Forward:
    if one.name.startswith("meta."):
        raise ValueError(f"{one.name}: names that begin with meta. are the gateway's own")
    if one.billable != (one.unit is not None):
        raise ValueError(f"{one.name}: a unit goes with what is billable")
    return Forward(
        ActionDef(
            name=one.name,
            scope=one.scope,
            description=one.description.strip(),
            params_schema=_schema(one),
            is_billable=one.billable,
            unit=one.unit,
        ),
        one.method,
        one.url,
        _host(one, hosts),
        _headers(one, environment),
        one.timeout_seconds,
        one.max_response_bytes,
    )


def _host(one: _ActionIn, hosts: Mapping[tuple[str, int | None], Host]) -> Host:
    """Return the entry of the allow-list that an address is under."""
    try:
        url = urlsplit(one.url)
        port = url.port
    except ValueError as error:
        raise ValueError(f"{one.name}: url is no address: {error}") from error
    if url.scheme not in ("https", "http") or not url.hostname:
        raise ValueError(f"{one.name}: url must begin with https://")
    if url.username is not None or url.password is not None or url.fragment:
        raise ValueError(f"{one.name}: url must carry neither a user nor a fragment")
    if url.query and one.method is Method.GET:
        raise ValueError(f"{one.name}: the query of a GET is made from the params")
    if not re.fullmatch(r"[\x21-\x7e]+", one.url):
        raise ValueError(f"{one.name}: url must be plain ASCII")
    host = hosts.get((url.hostname, port))
    if host is None:
        told = url.hostname if port is None else f"{url.hostname} with port {port}"
        raise ValueError(f"{one.name}: hosts does not list {told}")
    if url.scheme == "http" and not host.allow_http:
        raise ValueError(f"{one.name}: url must begin with https://, or its host allow_http")
    return host


def _headers(one: _ActionIn, environment: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for header, variable in one.headers.items():
        value = environment.get(variable, "")
        if header.lower() in OURS:
            raise ValueError(f"{one.name}: the header {header} is not yours to set")
        if not value:
            raise ValueError(f"{one.name}: the header {header} needs {variable} to be set")
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise ValueError(f"{one.name}: {variable} is no value of a header")
        found[header] = value
    return found


def _schema(one: _ActionIn) -> Mapping[str, Any]:
    usual: dict[str, Any] = {"additionalProperties": False, "properties": {}}
    schema = usual | one.params
    if schema.get("type") != "object":
        raise ValueError(f"{one.name}: params must be a JSON schema with type = object")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"{one.name}: params is no JSON schema: {error.message}") from error
    if unknown := sorted(set(_all(schema, "format")) - _FORMATS):
        raise ValueError(f"{one.name}: params have a format that nothing here checks: {unknown[0]}")
    refs = _all(schema, "$ref", "$dynamicRef")
    if foreign := [ref for ref in refs if not ref.startswith("#")]:
        raise ValueError(f"{one.name}: params must not refer elsewhere: {foreign[0]}")
    properties: Mapping[str, Any] = schema["properties"]
    if taken := sorted(BESIDE & properties.keys()):
        raise ValueError(f"{one.name}: {taken[0]} is no name for a param: calls have one")
    if one.method is Method.GET:
        for name, kind in properties.items():
            if not isinstance(kind, Mapping) or cast("Any", kind).get("type") not in _PLAIN:
                raise ValueError(f"{one.name}: {name} must be of a plain type to be in an address")
    return schema


def _all(schema: Any, *keys: str) -> list[str]:
    """Return every text under one of these keys, however deep."""
    if isinstance(schema, Mapping):
        pairs = cast("Mapping[str, Any]", schema)
        own = [pairs[key] for key in keys if isinstance(pairs.get(key), str)]
        return own + [found for one in pairs.values() for found in _all(one, *keys)]
    if isinstance(schema, list):
        return [found for one in cast("list[Any]", schema) for found in _all(one, *keys)]
    return []


def problems(schema: Mapping[str, Any], params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with params, as ``(path, problem)``, without telling their values."""
    nowhere: Registry[Any] = Registry()  # what is not in the schema itself is looked up nowhere
    checking: Any = Draft202012Validator(
        schema, registry=nowhere, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [_problem(one) for one in checking.iter_errors(dict(params))]


def _problem(error: ValidationError) -> tuple[str, str]:
    path = ".".join(map(str, error.absolute_path)) or "params"
    if error.validator in ("required", "additionalProperties"):  # both name keys only
        return path, str(error.message)[:LONGEST_TEXT]
    limit = json.dumps(error.validator_value, default=str)
    return path, f"must satisfy {error.validator} {limit}"[:LONGEST_TEXT]


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the internet's, and none that stands for another network."""
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        if one in _EMBEDDED:
            return is_public(str(ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)))
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo[1] if one.teredo else None)
        if inner is not None:
            return is_public(str(inner))
    return one.is_global and not one.is_multicast and not one.is_reserved


def refusal_of(status: int) -> Code:
    """Return what another service's 4xx means to the agent; what is our fault is ``UNAVAILABLE``."""
    match status:
        case 404 | 410:
            return Code.NOT_FOUND
        case 409 | 412:
            return Code.CONFLICT
        case 400 | 405 | 413 | 414 | 415 | 422:
            return Code.VALIDATION_ERROR
        case _:  # 401, 403 and 407 are about our credentials, 429 about all of us together
            return Code.UNAVAILABLE


def complaint_of(answer: Any) -> str:
    """Return what another service says is wrong, fit to be told on; empty where it says nothing plain."""
    if not isinstance(answer, Mapping):
        return ""
    said = cast("Mapping[str, Any]", answer)
    for key in ("error", "message", "detail", "title"):
        text = said.get(key)
        if isinstance(text, Mapping):
            text = cast("Mapping[str, Any]", text).get("message")
        if isinstance(text, str) and text.strip():
            plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
            return str(redact(plain))[:LONGEST_TEXT]
    return ""
