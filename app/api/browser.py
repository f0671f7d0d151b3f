"""What browser forms need: proof that our own page posted, fields from a form or JSON, a way back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile

from app.api.deps import AnyoneCtx
from app.api.errors import Envelope
from app.core.errors import DomainError, ForbiddenError, InvalidInputError, MalformedError
from app.rules.redirects import local_path

M = TypeVar("M", bound=BaseModel)

CODES: Final = frozenset(
    {
        "agreement_changed",
        "email_taken",
        "failed",
        "invalid_code",
        "invalid_email",
        "invalid_logo",
        "invalid_name",
        "invalid_password",
        "link_invalid",
        "rate_limited",
        "sign_in_expired",
        "step_not_open",
        "too_large",
        "unauthorized",
        "wrong_code",
        "wrong_credentials",
    }
)
"""Every ``?error=`` a page may be called with; each has its sentence in the page."""


class Moved(BaseModel):
    """Where the browser goes next; scripts get it as JSON, plain forms as a redirect."""

    redirect: str = Field(description="A path of this site.")


ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    303: {"description": "A plain form: the way on, or back with `?error=<code>`."},
    **{
        status: {"model": Envelope, "description": description}
        for status, description in (
            (400, "The body cannot be read."),
            (401, "Not signed in, or the credentials are not right."),
            (403, "The request does not come from a page of this site."),
            (404, "The link is not valid any more."),
            (409, "It clashes with what is already there."),
            (413, "The body is too large."),
            (422, "Some fields are not valid."),
            (429, "Too many tries: wait as `Retry-After` says."),
        )
    },
}


async def same_origin(request: Request, ctx: AnyoneCtx) -> None:
    """Refuse what another site's page, or no page at all, makes a browser post.

    Raises ``ForbiddenError`` ``foreign_origin`` when ``Origin`` is missing, ``null`` or foreign.
    """
    ours = urlsplit(ctx.site_url)
    if request.headers.getlist("origin") != [f"{ours.scheme}://{ours.netloc}"]:
        raise ForbiddenError("This did not come from a page of this site.", reason="foreign_origin")


SameOrigin = Depends(same_origin, scope="function")


def wants_json(request: Request) -> bool:
    """Tell a script from a plain form: the script names JSON before HTML in ``Accept``."""
    accept = request.headers.get("accept", "").lower()
    html = accept.find("text/html")
    return 0 <= accept.find("application/json") < (html if html >= 0 else len(accept))


def posted(
    model: type[M], page: str, *, keep: Sequence[str] = (), also: Mapping[str, str] | None = None
) -> Callable[[Request], Awaitable[M]]:
    """Return a dependency that reads a body, form or JSON, into a model.

    A refusal on the way sends a plain form back to its page, with the fields in ``keep`` and what
    stands in ``also``; the secret of a mailed link goes back in the fragment it came in.
    """

    async def read(request: Request) -> M:
        back = dict(also or {})
        come_back_to(request, page, back)
        values = await _values(request)
        back |= {name: kept for name in keep if (kept := _kept(name, values.get(name, "")))}
        come_back_to(request, page, back, values.get("token", "")[:100])
        try:
            return model.model_validate(values)
        except ValidationError as error:
            fields = [
                (".".join(map(str, one["loc"])), one["msg"])
                for one in error.errors(include_url=False)
            ]
            raise InvalidInputError("Some fields are not valid.", fields=fields) from error

    return read


def come_back_to(
    request: Request, page: str, keep: Mapping[str, str] | None = None, token: str = ""
) -> None:
    """Have refusals send a plain form back to a page; a script gets the envelope as ever."""
    if not wants_json(request):
        request.state.come_back = partial(_come_back, page, keep or {}, token)


def accepts(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that may be a form or JSON, for the OpenAPI document."""
    schema = model.model_json_schema()
    types = ("application/x-www-form-urlencoded", "application/json")
    return {
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in types}}
    }


def go(
    request: Request, path: str, query: Mapping[str, str] | None = None, *, status: int = 200
) -> Response:
    """Send the browser on: a redirect for a plain form, the path as JSON for a script."""
    where = _with_query(path, query or {})
    if wants_json(request):
        return JSONResponse({"redirect": where}, status)
    return RedirectResponse(where, 303)


async def _values(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith("json"):
        try:
            body = json.loads(await request.body())
        except ValueError as error:
            raise MalformedError("The body is not valid JSON.") from error
        if not isinstance(body, dict):
            raise MalformedError("The body must be a JSON object.")
        return {
            key: value
            for key, value in cast("dict[str, Any]", body).items()
            if isinstance(value, str)
        }
    form = await request.form()
    return {key: value for key, value in form.items() if not isinstance(value, UploadFile)}


def _kept(name: str, value: str) -> str:
    """Return what goes back into a page's address: a place of ours, or the beginning of a text."""
    return local_path(value, "") if name == "next" else value[:320]


def _come_back(page: str, keep: Mapping[str, str], token: str, error: Exception) -> Response:
    """Answer a refusal to a plain form: back to its page, which says it in its own words."""
    query = dict(keep)
    code = _code(error)
    if code == "sign_in_expired":
        query.pop("step", None)
    query["error"] = code
    headers: dict[str, str] = {}
    if isinstance(error, DomainError) and error.retry_after is not None:
        query["wait"] = headers["Retry-After"] = str(error.retry_after)
    fragment = f"#{token}" if token and code != "link_invalid" else ""
    return RedirectResponse(_with_query(page, query) + fragment, 303, headers)


def _code(error: Exception) -> str:
    code = error.reason if isinstance(error, DomainError) else "failed"
    if isinstance(error, InvalidInputError) and error.fields:
        code = f"invalid_{error.fields[0][0]}"
    return code if code in CODES else "failed"


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
