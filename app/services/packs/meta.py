"""What the gateway tells about itself; never charged for."""

from __future__ import annotations

from app.rules.gateway import API_VERSION, Result, Scope
from app.services.actions import ACTIONS, Params, action
from app.services.context import Context


@action("meta.actions", Scope.READ, billable=False)
async def list_actions(ctx: Context, params: Params) -> Result:  # noqa: ARG001 - every action takes both
    """List every action with its scope, its params and whether it is charged for."""
    offered = [ACTIONS[name].definition.document() for name in sorted(ACTIONS)]
    return Result(
        {"api_version": API_VERSION, "total_actions": len(offered), "actions": offered},
        resource="action",
        count=len(offered),
    )


@action("meta.version", Scope.READ, billable=False)
async def version(ctx: Context, params: Params) -> Result:  # noqa: ARG001 - every action takes both
    """Tell the version of the gateway."""
    return Result({"api_version": API_VERSION}, resource="version", count=1)
