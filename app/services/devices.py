"""Devices of a vendor: bind them to their actors once and for ever, bind anew, let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import NotFoundError
from app.core.ids import new_id
from app.rules import omni, policies
from app.rules.statuses import DeviceState, move
from app.services import device_store, preflight, receipts
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.device import Acquisition, Device, DeviceBinding
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Registered:
    """A device with the binding now in force; ``created`` only for the call that made it."""

    device: Device
    binding: DeviceBinding
    created: bool = False


async def register(
    ctx: Context, device_id: str, user_omni: str, *, at_once: bool = True
) -> Registered:
    """Return the device of a (vendor, device id, user) triple, bound at its very first call.

    However often and however concurrently it is called, one triple has one row and one actor.
    ``at_once`` allows it to be durable before the rest of the unit of work, which is fastest.
    Raises ``InvalidInputError`` and what ``rules.onboarding.can_register`` raises.
    """
    actor = omni.derive_device(ctx.tenant_id, user_omni, device_id)
    if at_once and (done := await _register_at_once(ctx, device_id, actor)) is not None:
        return done
    tenant = await preflight.check(ctx, device_id=device_id, user_omni=actor.user_omni)
    known = await _find(ctx, device_id, actor.user_omni)
    if known is not None:
        return known
    device = _new(ctx, device_id, actor)
    won = await ctx.db.scalar(
        insert_or_ignore(
            ctx, Device, device.model_dump(), "tenant_id", "device_id", "user_omni"
        ).returning(col(Device.id))
    )
    if won is None:  # another call was faster, and has committed by now
        known = await _find(ctx, device_id, actor.user_omni)
        if known is None:
            raise NotFoundError("There is no such device here.")
        return known
    binding = _bind(ctx, device, suggested_policy(tenant), actor)
    ctx.db.add(binding)
    acquired = {
        "user_omni": actor.user_omni,
        "tenant_id": tenant.id,
        "device_pk": device.id,
        "acquired_at": ctx.now(),
    }
    await ctx.db.execute(insert_or_ignore(ctx, Acquisition, acquired, "user_omni"))
    if tenant.first_device_at is None:
        tenant.first_device_at = ctx.now()
    _note(ctx, "device.registered", device)
    await ctx.db.flush()
    return Registered(device, binding, created=True)


async def rekey(ctx: Context, device_pk: UUID) -> Registered:
    """Bind a device to a new actor: its generation rises, the old actor is superseded.

    For a device that was sold or lost its key; it also brings back a released one.
    """
    device = await ctx.get_mine(Device, device_pk, lock=True)
    tenant = await preflight.check(ctx, device_id=device.device_id, user_omni=device.user_omni)
    old = await _binding(ctx, device.id)
    old.superseded_at = ctx.now()
    actor = omni.derive_device(
        device.tenant_id, device.user_omni, device.device_id, device.generation + 1
    )
    device.generation, device.actor_omni = actor.generation, actor.actor_omni
    device.released_at = None
    binding = _bind(ctx, device, suggested_policy(tenant), actor)
    ctx.db.add(binding)
    _note(ctx, "device.rekeyed", device, before=old.actor_omni)
    await ctx.db.flush()
    return Registered(device, binding)


async def release(ctx: Context, device_pk: UUID) -> Registered:
    """Let a device go: nothing it does from now on counts. Binding and receipt stay as evidence."""
    device = await ctx.get_mine(Device, device_pk, lock=True)
    if device.released_at is None:
        move(DeviceState.REGISTERED, DeviceState.RELEASED)
        device.released_at = ctx.now()
        _note(ctx, "device.released", device)
    return Registered(device, await _binding(ctx, device.id))


async def get(ctx: Context, device_pk: UUID) -> Registered:
    """Return one device of the acting tenant with its binding."""
    device = await ctx.get_mine(Device, device_pk)
    return Registered(device, await _binding(ctx, device.id))


async def bindings(ctx: Context, device_pk: UUID) -> list[DeviceBinding]:
    """Return every binding a device ever had, the one in force first."""
    device = await ctx.get_mine(Device, device_pk)
    rows = await ctx.db.scalars(
        select(DeviceBinding)
        .where(col(DeviceBinding.device_pk) == device.id)
        .order_by(col(DeviceBinding.generation).desc())
    )
    return list(rows)


def suggested_policy(tenant: Tenant) -> dict[str, Any]:
    """Return the cap-policy template as the vendor's settings narrow it."""
    return _narrowed(tenant.policy, tenant.namespaces_allowed)


def _narrowed(chosen: Mapping[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    return policies.narrow(
        # What is allowed may have shrunk since the vendor chose.
        namespaces=[one for one in chosen.get("namespaces", allowed) if one in allowed],
        allowed=allowed,
        ttl_seconds=chosen.get("ttl_seconds", {}),
    )


async def _register_at_once(
    ctx: Context, device_id: str, actor: omni.DeviceActor
) -> Registered | None:
    """Read, and where needed write, by one statement each; None leaves it to the ordinary way."""
    found = await device_store.recall(ctx, device_id, actor.user_omni)
    if found is None:
        return None
    if found.device is not None and found.binding is not None:
        return Registered(found.device, found.binding)
    device = _new(ctx, device_id, actor)
    binding = _bind(ctx, device, _narrowed(found.policy, found.namespaces_allowed), actor)
    note = ctx.audit_row(
        "device.registered", device.tenant_id, ("device", device.id), _facts(device), "success"
    )
    if not await device_store.insert(ctx, device, binding, note):
        return None
    return Registered(device, binding, created=True)


def _new(ctx: Context, device_id: str, actor: omni.DeviceActor) -> Device:
    return Device(
        id=new_id(),
        tenant_id=ctx.tenant_id,
        device_id=device_id,
        user_omni=actor.user_omni,
        actor_omni=actor.actor_omni,
        registered_at=ctx.now(),
    )


def _bind(
    ctx: Context, device: Device, policy: dict[str, Any], actor: omni.DeviceActor
) -> DeviceBinding:
    now = ctx.now()
    binding = DeviceBinding(
        tenant_id=device.tenant_id,
        device_pk=device.id,
        actor_omni=actor.actor_omni,
        generation=actor.generation,
        receipt="",
        policy_template=policy,
        bound_at=now,
    )
    binding.receipt = receipts.sign(
        ctx,
        binding_id=binding.id,
        tenant_id=device.tenant_id,
        device_id=device.device_id,
        actor=actor,
        policy=policy,
        bound_at=now,
    )
    return binding


async def _find(ctx: Context, device_id: str, user_omni: str) -> Registered | None:
    found = (
        await ctx.db.execute(
            select(Device, DeviceBinding)
            .join(DeviceBinding, _is_in_force())
            .where(
                col(Device.tenant_id) == ctx.tenant_id,
                col(Device.device_id) == device_id,
                col(Device.user_omni) == user_omni,
            )
        )
    ).first()
    return Registered(*found) if found else None


async def _binding(ctx: Context, device_pk: UUID) -> DeviceBinding:
    found = await ctx.db.execute(
        select(DeviceBinding).join(Device, _is_in_force()).where(col(Device.id) == device_pk)
    )
    return found.scalar_one()


def _is_in_force() -> Any:
    return (col(DeviceBinding.device_pk) == Device.id) & (
        col(DeviceBinding.generation) == Device.generation
    )


def _note(ctx: Context, kind: str, device: Device, **more: object) -> None:
    ctx.audit(
        kind,
        tenant_id=device.tenant_id,
        subject=("device", device.id),
        body={**_facts(device), **more},
    )


def _facts(device: Device) -> dict[str, Any]:
    return {
        "device_id": device.device_id,
        "user_omni": device.user_omni,
        "actor_omni": device.actor_omni,
        "generation": device.generation,
    }
