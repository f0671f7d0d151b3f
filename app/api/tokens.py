"""A vendor's tokens: their secrets appear once."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import VendorCtx
from app.api.idempotency import OnceOnly
from app.api.lists import Cursor, Instant, Limit, ListOut, answers, page_of
from app.services import credentials, paging
from app.services.context import Context
from models.credential import Credential

router = APIRouter(prefix="/v1/vendor/tokens", tags=["tokens"])


class TokenIn(BaseModel):
    """What the token is for."""

    model_config = ConfigDict(strict=True, extra="forbid")

    label: str = Field(default="API", min_length=1, max_length=60)


class RotationIn(BaseModel):
    """How long the old token goes on working."""

    model_config = ConfigDict(strict=True, extra="forbid")

    overlap_hours: int = Field(
        default=credentials.OVERLAP_HOURS, ge=0, le=credentials.MAX_OVERLAP_HOURS
    )


class TokenOut(BaseModel):
    """A token without its secret."""

    id: UUID
    prefix: str
    label: str
    is_live: bool
    created_at: Instant
    last_used_at: Instant | None
    expires_at: Instant | None
    revoked_at: Instant | None


class IssuedOut(TokenOut):
    """A new token; ``token`` is shown here and never again."""

    token: str


@router.get("", responses=answers(401, 403, 422, 429))
async def list_tokens(
    ctx: VendorCtx, limit: Limit = paging.DEFAULT_LIMIT, cursor: Cursor = None
) -> ListOut[TokenOut]:
    """List tokens, newest first, those that ended included."""
    page = await credentials.list_page(ctx, limit=limit, cursor=cursor)
    return page_of(page, lambda row: TokenOut(**facts(ctx, row)))


@router.post(
    "",
    status_code=201,
    response_model=IssuedOut,
    responses=answers(400, 401, 403, 409, 413, 415, 422, 429),
)
async def issue_token(
    ctx: VendorCtx, once: OnceOnly, body: Annotated[TokenIn | None, Body()] = None
) -> Response:
    """Issue another token; those there are stay valid."""

    async def work() -> tuple[int, BaseModel]:
        issued = await credentials.issue(ctx, (body or TokenIn()).label)
        return 201, IssuedOut(token=issued.secret, **facts(ctx, issued.row))

    return await once.run(ctx, work)


@router.post(
    "/{id}/rotate",
    status_code=201,
    response_model=IssuedOut,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 429),
)
async def rotate_token(
    id: UUID,  # noqa: A002 - the public name
    ctx: VendorCtx,
    once: OnceOnly,
    body: Annotated[RotationIn | None, Body()] = None,
) -> Response:
    """Replace a token; the old one works on for the overlap."""

    async def work() -> tuple[int, BaseModel]:
        hours = (body or RotationIn()).overlap_hours
        issued = await credentials.rotate(ctx, id, overlap_hours=hours)
        return 201, IssuedOut(token=issued.secret, **facts(ctx, issued.row))

    return await once.run(ctx, work)


@router.delete("/{id}", responses=answers(401, 403, 404, 422, 429))
async def revoke_token(id: UUID, ctx: VendorCtx) -> TokenOut:  # noqa: A002 - the public name
    """End a token at once; ending it twice is no error."""
    return TokenOut(**facts(ctx, await credentials.revoke(ctx, id)))


def facts(ctx: Context, row: Credential) -> dict[str, Any]:
    """Return what every answer says of a token."""
    return {
        "id": row.id,
        "prefix": row.prefix,
        "label": row.label,
        "is_live": credentials.is_live(row, ctx.now()),
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
