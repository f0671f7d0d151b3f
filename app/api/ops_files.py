"""What operations download from their lists."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app import runtime
from app.api.deps import PersonCtx
from app.api.files import ANSWERS, csv_file
from app.services import ops_files
from app.services.ops_files import FileName
from app.services.ops_lists import LONGEST_TEXT, Search

router = APIRouter(prefix="/files/ops", tags=["files"])

Word = Annotated[str, Query(max_length=50)]


@router.get("/{name}.csv", response_class=StreamingResponse, responses=ANSWERS)
async def list_csv(
    ctx: PersonCtx,
    name: FileName,
    q: Annotated[str, Query(max_length=LONGEST_TEXT)] = "",
    status: Word = "",
    sort: Annotated[Word, Query(description="A column, `-` before it for descending.")] = "",
    tenant_id: Annotated[UUID | None, Query(description="One vendor only.")] = None,
    provider: Annotated[Word, Query(description="Webhooks only.")] = "",
    area: Annotated[Word, Query(description="Audit only: how kinds begin.")] = "",
    programme: Annotated[Word, Query(description="Tenants only: which kind of customer.")] = "",
    month: Annotated[Word, Query(description="Usage only: `YYYY-MM`, by default this one.")] = "",
) -> StreamingResponse:
    """Give one list of operations as CSV: exactly what the screen shows, all pages. It is audited."""
    search = Search(q, status, sort, tenant_id, provider, area, programme, month)
    async with runtime.current().context(ctx.actor) as writing:  # a GET's own is read-only
        await ops_files.announce(writing, name, search)
    return csv_file(ctx.actor, name.value, lambda own: ops_files.stream(own, name, search))
