"""The outbox of mails: what was sent, what failed, and sending it again."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.services import ops_exchange
from app.services.context import Context
from app.services.ops_bulk import Chosen
from state.ops.listing import Listing
from state.ops.outgoing import OutgoingRow, to_outgoing
from state.ops.repeating import Repeating, Repetition
from state.session import acting, parse_id

WORDS: Final = Repetition(
    "mail",
    "Send {} again?",
    "The same words go out at once, with the same files.",
    "Send again",
    "Sent again",
)


class MailState(Repeating, Listing, rx.State):
    """The list of mails and the one that is open."""

    rows: list[OutgoingRow] = []
    detail: OutgoingRow = OutgoingRow()

    def _words(self) -> Repetition:
        return WORDS

    def _title(self, one: OutgoingRow) -> str:
        return f"the mail to {one.recipient}"

    async def _one(self, ctx: Context, one: Chosen, once: str) -> None:
        await ops_exchange.resend(ctx, one.id, seen=one.attempts, once=once)

    async def _show(self) -> None:
        self.detail = OutgoingRow()
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_exchange.MAILS, to_outgoing)
            if self.open_id:
                opened = await ops_exchange.outgoing(ctx, parse_id(self.open_id))
                self.detail = to_outgoing(opened, ctx.now(), whole=True)
        self._choose(self.chosen)
