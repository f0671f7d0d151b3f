"""The executor's allow-list: an action without a line, or one switched off, is not done for anybody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.ids import new_id
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.person import Role
from models.vault import AllowedAction

VERSION: Final = 1
"""Of the params and answers of every action there is."""


async def publish(ctx: Context, actions: Iterable[tuple[str, str]]) -> None:
    """Give every action this program can do its line; one that is there stays as it was switched."""
    ctx.require_system()
    found = await ctx.db.execute(
        select(col(AllowedAction.integration), col(AllowedAction.action)).where(
            col(AllowedAction.version) == VERSION
        )
    )
    there = {(one[0], one[1]) for one in found}
    for integration, action in sorted(set(actions) - there):
        values = {
            "id": new_id(),
            "integration": integration,
            "action": action,
            "version": VERSION,
            "is_enabled": True,
            "changed_at": ctx.now(),
        }
        await ctx.db.execute(
            insert_or_ignore(ctx, AllowedAction, values, "integration", "action", "version")
        )


async def is_allowed(ctx: Context, integration: str, action: str) -> bool:
    """Tell whether an action may be done."""
    return bool(
        await ctx.db.scalar(
            select(col(AllowedAction.is_enabled)).where(
                col(AllowedAction.integration) == integration,
                col(AllowedAction.action) == action,
                col(AllowedAction.version) == VERSION,
            )
        )
    )


async def lines(ctx: Context) -> list[AllowedAction]:
    """Return the whole list, for operations."""
    ctx.require_ops()
    rows = await ctx.db.scalars(
        select(AllowedAction).order_by(
            col(AllowedAction.integration), col(AllowedAction.action), col(AllowedAction.version)
        )
    )
    return list(rows)


async def switch(ctx: Context, line_id: UUID, *, enabled: bool) -> None:
    """Switch an action on or off, for administrators; as it is already, it stays without a trace."""
    ctx.require_ops(Role.OPS_ADMIN)
    row = await ctx.get_any(AllowedAction, line_id, lock=True)
    if row.is_enabled is enabled:
        return
    row.is_enabled, row.changed_at = enabled, ctx.now()
    ctx.audit(
        "ops.action_switched",
        subject=("allowed_action", row.id),
        body={"action": f"{row.integration}.{row.action}", "enabled": enabled},
    )
    await ctx.db.flush()
