"""The public keys that verify binding receipts."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.api.deps import AnyoneCtx
from app.services import receipts

router = APIRouter(tags=["devices"])


class KeyOut(BaseModel):
    """One P-256 key."""

    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str
    y: str


class KeySetOut(BaseModel):
    """All keys that ever signed a receipt, retired ones included, newest first."""

    keys: list[KeyOut]


@router.get("/.well-known/jwks.json")
async def show_keys(ctx: AnyoneCtx, response: Response) -> KeySetOut:
    """Return the keys; they may be kept for five minutes."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return KeySetOut.model_validate(await receipts.jwks(ctx))
