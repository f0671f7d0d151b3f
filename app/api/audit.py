"""A vendor's audit feed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.deps import VendorCtx
from app.api.lists import Cursor, Instant, InstantIn, Limit, ListOut, answers, page_of
from app.services import audit
from models.audit import AuditEvent

router = APIRouter(prefix="/v1/vendor/audit", tags=["audit"])


class AuditOut(BaseModel):
    """One act or refusal."""

    id: UUID
    at: Instant
    kind: str
    result: str
    actor_kind: str
    actor_id: str
    subject_kind: str
    subject_id: str
    ip: str
    request_id: str
    body: dict[str, Any]


@router.get("", responses=answers(401, 403, 422, 429))
async def list_audit(
    ctx: VendorCtx,
    kind: Annotated[
        str, Query(max_length=64, description="Exactly, or all that begin with `device.`")
    ] = "",
    since: InstantIn | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ListOut[AuditOut]:
    """List what was done and refused, newest first."""
    search = audit.Search(kind=kind, since=since)
    return page_of(await audit.list_page(ctx, search, cursor=cursor, limit=limit), _out)


def _out(row: AuditEvent) -> AuditOut:
    return AuditOut(
        id=row.id,
        at=row.at,
        kind=row.kind,
        result=row.result,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        ip=row.ip,
        request_id=row.request_id,
        body=row.body,
    )
