"""Addresses that refused mail, and letting one in again."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from app.services import ops_exchange
from app.services.context import Context
from state.ops.asking import Asking, Question, unknown_act
from state.ops.listing import Listing
from state.ops.outgoing import SuppressedRow, to_suppressed
from state.session import acting


class SuppressedState(Asking, Listing, rx.State):
    """The list of suppressed addresses."""

    rows: list[SuppressedRow] = []

    @rx.event
    async def ask(self, email: str) -> None:
        """Ask before an address gets mail again."""
        async with acting(self, readonly=True):
            known = any(row.id == email for row in self.rows)
        if not known:
            raise unknown_act()
        self._pose(
            Question(
                "release",
                email,
                title=f"Send mail to {email} again?",
                text="Mails that were held back are not sent by themselves. If it bounces again, "
                "it is suppressed again.",
                verb="Release address",
                needs="reason",
                is_danger=False,
            )
        )

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        if question.act != "release":
            raise unknown_act()
        await ops_exchange.release(ctx, question.about, reason=form.get("reason", ""))
        return "Address released"

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_exchange.SUPPRESSED, to_suppressed)
