"""Devices: bind, list, look at, bind anew, let go."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import VendorCtx
from app.api.idempotency import OnceOnly
from app.api.lists import Cursor, Instant, Limit, ListOut, answers, page_of
from app.rules.activity import device_status
from app.rules.statuses import DeviceStatus
from app.services import device_lists, devices
from app.services.context import Context
from models.device import Device

router = APIRouter(prefix="/v1/vendor/devices", tags=["devices"])


class RegistrationIn(BaseModel):
    """Which device of which user."""

    model_config = ConfigDict(strict=True)

    device_id: str = Field(
        min_length=1,
        max_length=128,
        pattern=r"^[\x20-\x7e]*$",
        description="Printable ASCII, compared byte for byte.",
        examples=["SN-0001"],
    )
    user_omni: str = Field(
        pattern="^(0x)?[0-9a-f]{64}$", description="The user's root actor id.", examples=["ab" * 32]
    )


class DeviceOut(BaseModel):
    """One device as it stands."""

    id: UUID
    device_id: str
    user_omni: str
    actor_omni: str
    generation: int
    status: DeviceStatus
    registered_at: Instant
    last_active_at: Instant | None
    released_at: Instant | None


class BindingOut(BaseModel):
    """A device with the actor it is bound to, its receipt and a suggested policy."""

    actor_omni: str
    receipt: str
    policy_template: dict[str, Any]
    created: bool
    device: DeviceOut


class DeviceDetailOut(DeviceOut):
    """A device with its receipt and a suggested policy; ``device`` is it once more, as registering answers it."""

    receipt: str
    policy_template: dict[str, Any]
    device: DeviceOut


@router.post(
    "/register",
    status_code=201,
    response_model=BindingOut,
    responses={
        200: {"model": BindingOut, "description": "This triple was registered before."},
        **answers(400, 401, 402, 403, 404, 409, 413, 415, 422, 429),
    },
)
async def register_device(body: RegistrationIn, ctx: VendorCtx, once: OnceOnly) -> Response:
    """Bind a device to its actor; the same triple always gives the same actor."""

    async def work() -> tuple[int, BaseModel]:
        # An answer kept under a key is stored together with the change it reports.
        done = await devices.register(ctx, body.device_id, body.user_omni, at_once=once.key is None)
        return 201 if done.created else 200, _bound(ctx, done)

    return await once.run(ctx, work)


@router.get("", responses=answers(401, 403, 422, 429))
async def list_devices(
    ctx: VendorCtx,
    status: DeviceStatus | None = None,
    q: Annotated[
        str, Query(max_length=200, description="Part of a device id, a user or an actor.")
    ] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ListOut[DeviceOut]:
    """List devices, newest first."""
    search = device_lists.Search(q=q, status=status)
    page = await device_lists.list_page(ctx, search, cursor=cursor, limit=limit)
    return page_of(page, lambda row: _out(ctx, row))


@router.get("/{id}", responses=answers(401, 403, 404, 422, 429))
async def show_device(id: UUID, ctx: VendorCtx) -> DeviceDetailOut:  # noqa: A002 - the public name
    """Show one device with its receipt."""
    return _detail(ctx, await devices.get(ctx, id))


@router.post(
    "/{id}/rekey",
    response_model=DeviceDetailOut,
    responses=answers(400, 401, 402, 403, 404, 409, 413, 415, 422, 429),
)
async def rekey_device(id: UUID, ctx: VendorCtx, once: OnceOnly) -> Response:  # noqa: A002
    """Bind a device to a new actor, one generation higher, after it was sold or lost its key."""

    async def work() -> tuple[int, BaseModel]:
        return 200, _detail(ctx, await devices.rekey(ctx, id))

    return await once.run(ctx, work)


@router.post(
    "/{id}/release",
    response_model=DeviceDetailOut,
    responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 429),
)
async def release_device(id: UUID, ctx: VendorCtx, once: OnceOnly) -> Response:  # noqa: A002
    """Let a device go: nothing it does from now on counts."""

    async def work() -> tuple[int, BaseModel]:
        return 200, _detail(ctx, await devices.release(ctx, id))

    return await once.run(ctx, work)


def _out(ctx: Context, row: Device) -> DeviceOut:
    return DeviceOut(
        id=row.id,
        device_id=row.device_id,
        user_omni=row.user_omni,
        actor_omni=row.actor_omni,
        generation=row.generation,
        status=device_status(row.last_active_at, row.released_at, ctx.now()),
        registered_at=row.registered_at,
        last_active_at=row.last_active_at,
        released_at=row.released_at,
    )


def _detail(ctx: Context, done: devices.Registered) -> DeviceDetailOut:
    device = _out(ctx, done.device)
    return DeviceDetailOut(
        **device.model_dump(),
        receipt=done.binding.receipt,
        policy_template=done.binding.policy_template,
        device=device,
    )


def _bound(ctx: Context, done: devices.Registered) -> BindingOut:
    return BindingOut(
        actor_omni=done.device.actor_omni,
        receipt=done.binding.receipt,
        policy_template=done.binding.policy_template,
        created=done.created,
        device=_out(ctx, done.device),
    )
