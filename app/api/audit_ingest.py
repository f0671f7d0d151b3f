"""Calls of runtimes of their own, told to us one by one or many at once."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from app.api.deps import KernelCtx
from app.api.errors import not_json, problem_of
from app.api.idempotency import OnceOnly
from app.api.lists import answers
from app.core.errors import InvalidInputError
from app.rules.gateway import CallerType, CallStatus, Unit
from app.services import audit_ingest
from app.services.audit_ingest import AuditEvent

router = APIRouter(prefix="/functions/v1", tags=["control plane"])

_LAST = 253_402_300_799_999
"""The last millisecond that a calendar has."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Short = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$")]
Text = Annotated[str, Field(max_length=2000)]


class ActorIn(BaseModel):
    """Who called; ``id`` is a key's prefix or id, never the key."""

    type: Annotated[CallerType, Field(strict=False)]
    id: Short


class AuditEventIn(BaseModel):
    """One call that a runtime let through, or refused; fields that we do not know are passed over."""

    model_config = ConfigDict(strict=True)

    event_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{8,64}$")]
    schema_version: Literal[1] = 1
    ts: int = Field(ge=0, le=_LAST, description="Milliseconds since 1970 in UTC.")
    tenant_id: Annotated[UUID, Field(strict=False)]
    integration: str = Field(default="", max_length=128)
    pack: Short
    action: Name
    actor: ActorIn
    request_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    status: Annotated[CallStatus, Field(strict=False)]
    billable: bool
    billing_unit: Annotated[Unit | None, Field(strict=False)] = None
    policy_decision_id: str | None = Field(default=None, max_length=128)
    result_meta: dict[str, Any] | None = None
    latency_ms: int | None = Field(default=None, ge=0, le=2**31 - 1)
    error_code: Annotated[str | None, Field(max_length=32)] = None
    error_message_redacted: Text | None = None
    idempotency_key: Annotated[str | None, Field(max_length=200)] = None
    ip_address: Annotated[str | None, Field(max_length=64)] = None
    dry_run: bool = False

    def event(self) -> AuditEvent:
        """Return it as the service takes it."""
        return AuditEvent(
            event_id=self.event_id,
            at=dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=self.ts),
            tenant_id=self.tenant_id,
            pack=self.pack,
            action=self.action,
            actor_id=self.actor.id,
            actor_type=self.actor.type,
            request_hash=self.request_hash,
            status=self.status,
            is_billable=self.billable,
            is_dry_run=self.dry_run,
            unit=self.billing_unit.value if self.billing_unit else "",
            error_code=self.error_code or "",
            error=self.error_message_redacted or "",
            idempotency_key=self.idempotency_key or "",
            ip=self.ip_address or "",
            latency_ms=self.latency_ms or 0,
            result_meta=self.result_meta,
        )


class IngestedOut(BaseModel):
    """``accepted`` events are kept, of which ``duplicates`` were before."""

    ok: bool
    accepted: int
    duplicates: int


_events: TypeAdapter[list[AuditEventIn]] = TypeAdapter(
    Annotated[list[AuditEventIn], Field(min_length=1, max_length=1000)]
)


def _whole(node: Any, parts: dict[str, Any]) -> Any:
    """Return a schema with what it refers to in its place: the document knows none of its parts."""
    if isinstance(node, list):
        return [_whole(one, parts) for one in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    given = cast("dict[str, Any]", node)
    if name := str(given.get("$ref", "")).rpartition("/")[2]:
        return _whole(parts[name], parts)
    return {key: _whole(one, parts) for key, one in given.items() if key != "$defs"}


_LIST: dict[str, Any] = _events.json_schema()
_SCHEMA = _whole(_LIST, _LIST["$defs"])


@router.post(
    "/audit-ingest",
    status_code=202,
    response_model=IngestedOut,
    responses=answers(400, 401, 403, 409, 413, 415, 422, 429),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [_SCHEMA["items"], _SCHEMA],
                        "description": "One event, or 1 to 1,000 of them.",
                    }
                }
            },
        }
    },
)
async def ingest_audit(request: Request, ctx: KernelCtx, once: OnceOnly) -> Response:
    """Write calls of a runtime of its own down, count them and charge for them like ours.

    Durable when answered; each event once, however often it is sent; with a bad one none of them.
    """
    try:
        body: Any = request.state.json
    except AttributeError as error:
        raise not_json() from error
    given = cast("list[Any]", body) if isinstance(body, list) else [body]
    try:
        events = [one.event() for one in _events.validate_python(given)]
    except ValidationError as error:
        raise _refused(error) from error

    async def work() -> tuple[int, BaseModel]:
        done = await audit_ingest.store(ctx, events)
        return 202, IngestedOut(ok=True, accepted=done.accepted, duplicates=done.duplicates)

    return await once.run(ctx, work)


def _refused(error: ValidationError) -> InvalidInputError:
    found = [(one["loc"], problem_of(one)) for one in error.errors(include_url=False)]
    numbers = [place[0] for place, _ in found if place and isinstance(place[0], int)]
    index: dict[str, Any] = {"index": min(numbers)} if numbers else {}
    return InvalidInputError(
        f"Event {min(numbers)} is not valid." if numbers else "The batch is not valid.",
        fields=[(".".join(map(str, place)) or "events", problem) for place, problem in found[:20]],
        **index,
    )
