"""One agent's calls on its page, and what it used of which action: the address says which."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError
from app.services import ops_agents
from state.ops.agent_rows import CallRow, to_call
from state.ops.listing import Listing
from state.ops.single import wanted
from state.session import acting

SHOWN: Final = 10


class TenantCallsState(Listing, rx.State):
    """The list of one agent's calls."""

    rows: list[CallRow] = []

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            try:
                tenant_id = wanted(self)
            except InvalidInputError:  # the page says already that there is no such tenant
                return
            self.rows = await self._list(ctx, ops_agents.CALLS, to_call, of=tenant_id, size=SHOWN)
