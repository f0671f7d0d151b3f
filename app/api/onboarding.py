"""The vendor's logo: uploaded by a form, shown to its owner."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from starlette.datastructures import UploadFile

from app.api.browser import ANSWERS, Moved, SameOrigin, come_back_to, go
from app.api.deps import PersonCtx
from app.core.errors import InvalidInputError
from app.rules.redirects import local_path
from app.services import branding

router = APIRouter(prefix="/auth", tags=["branding"], responses=ANSWERS)

_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["logo"],
                    "properties": {
                        "logo": {"type": "string", "format": "binary"},
                        "next": {"type": "string", "description": "A path of this site."},
                    },
                }
            }
        },
    }
}


@router.post("/logo", response_model=Moved, dependencies=[SameOrigin], openapi_extra=_UPLOAD)
async def upload_logo(request: Request, ctx: PersonCtx) -> Response:
    """Take a PNG, JPEG or WebP of at most 1 MiB; what it is is seen by decoding it, not by its name."""
    come_back_to(request, "/vendor/onboarding")
    async with request.form(max_files=1, max_fields=4) as form:
        onward = local_path(form.get("next"), "/vendor/onboarding")
        come_back_to(request, onward)
        file = form.get("logo")
        if not isinstance(file, UploadFile):
            raise InvalidInputError("Choose a picture.", fields=[("logo", "is missing")])
        content = await file.read(branding.MAX_LOGO_BYTES + 1)
    await branding.save_logo(ctx, content)
    return go(request, onward)


@router.get(
    "/logo/{tenant_id}",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, 304: {"description": "Not changed."}},
)
async def show_logo(
    tenant_id: UUID, ctx: PersonCtx, if_none_match: Annotated[str, Header()] = ""
) -> Response:
    """Show a vendor's logo to the vendor and to operations."""
    logo = await branding.logo(ctx, tenant_id)
    headers = {
        "ETag": f'"{logo.sha256}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline; filename=logo.png",
    }
    if headers["ETag"] in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(logo.content, media_type=logo.media_type, headers=headers)
