"""Usage events from the platform, in batches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from app.api.deps import PlatformCtx
from app.api.errors import not_json, problem_of
from app.api.idempotency import OnceOnly
from app.api.lists import answers
from app.core.errors import InvalidInputError
from app.services import ingest

router = APIRouter(tags=["events"])

# Each shape names it as pydantic asks, which type checkers take for a key: hence the ignores.
_STRICT = ConfigDict(extra="forbid", strict=True)
Omni = Annotated[str, Field(pattern="^(0x)?[0-9a-f]{64}$")]
Reference = Annotated[str, Field(min_length=1, max_length=255)]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", examples=["10.00"])]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]
Instant = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})$",
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-20T09:00:00Z"],
    ),
]


class AuthorityData(TypedDict):
    """Which actor used its authority."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    actor_omni: Omni


class PaidData(TypedDict):
    """What a consumer paid for Pro."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    subscription_ref: Reference
    user_omni: Omni
    amount: Amount
    currency: Currency


class RefundedData(TypedDict):
    """What a consumer got back of one payment."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    subscription_ref: Reference
    payment_event_id: Reference
    amount: Amount
    currency: Currency


class AuthorityEvent(TypedDict):
    """An act of authority: what makes a device active."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    id: Reference
    type: Literal[
        "authority.cap_mint",
        "authority.permission_check",
        "authority.memory_read",
        "authority.credential_fetch",
        "authority.revocation",
    ]
    time: Instant
    data: AuthorityData


class PaidEvent(TypedDict):
    """A consumer paid for Pro."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    id: Reference
    type: Literal["pro.paid"]
    time: Instant
    data: PaidData


class RefundedEvent(TypedDict):
    """A consumer got money back."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    id: Reference
    type: Literal["pro.refunded"]
    time: Instant
    data: RefundedData


Event = Annotated[AuthorityEvent | PaidEvent | RefundedEvent, Field(discriminator="type")]


class BatchIn(TypedDict):
    """1 to 1,000 events, stored all or not at all."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]
    events: Annotated[list[Event], Field(min_length=1, max_length=1000)]


class BatchOut(BaseModel):
    """How many events were new, and how many were there already."""

    inserted: int
    duplicates: int


_batch: TypeAdapter[BatchIn] = TypeAdapter(BatchIn)


@router.post(
    "/v1/events",
    response_model=BatchOut,
    responses=answers(400, 401, 403, 409, 413, 415, 422, 429),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _batch.json_schema(ref_template="#/components/schemas/{model}")
                }
            },
        }
    },
)
async def store_events(request: Request, ctx: PlatformCtx, once: OnceOnly) -> Response:
    """Store a batch once it is whole and right; the answer comes when it is durable.

    An event repeated with the same content is counted as a duplicate; the same id with another
    content refuses the batch with 409 and its ``index``, a bad event with 422 and its ``index``.
    """
    try:
        batch = _batch.validate_python(request.state.json)
    except AttributeError as error:
        raise not_json() from error
    except ValidationError as error:
        raise _refused(error) from error

    async def work() -> tuple[int, BaseModel]:
        stored = await ingest.store(ctx, batch["events"])
        return 200, BatchOut(inserted=stored.inserted, duplicates=stored.duplicates)

    return await once.run(ctx, work)


def _refused(error: ValidationError) -> InvalidInputError:
    found: list[tuple[tuple[int | str, ...], str]] = [
        (_place(one["loc"]), problem_of(one)) for one in error.errors(include_url=False)
    ]
    numbers = [place[1] for place, _ in found if len(place) > 1 and isinstance(place[1], int)]
    index: dict[str, Any] = {"index": min(numbers)} if numbers else {}
    return InvalidInputError(
        f"Event {min(numbers)} is not valid." if numbers else "The batch is not valid.",
        fields=[(".".join(map(str, place)), problem) for place, problem in found[:20]],
        **index,
    )


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leave out the type by which an event's schema was chosen."""
    return loc[:2] + loc[3:] if len(loc) > 2 else loc
