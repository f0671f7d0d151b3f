"""The outbox of mails: what was sent, what failed, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from app.services import ops_exchange
from app.services.context import Context
from state.ops.asking import Asking, Question, unknown_act
from state.ops.listing import Listing
from state.ops.outgoing import OutgoingRow, to_outgoing
from state.session import acting, parse_id


class MailState(Asking, Listing, rx.State):
    """The list of mails and the one that is open."""

    rows: list[OutgoingRow] = []
    detail: OutgoingRow = OutgoingRow()

    @rx.event
    async def ask(self, act: str) -> None:
        """Ask before a mail is sent again."""
        async with acting(self, readonly=True):
            one = self.detail
        if act != "resend" or not one.can_repeat:
            raise unknown_act()
        self._pose(
            Question(
                act,
                one.id,
                title=f"Send it to {one.recipient} again?",
                text="The same mail goes out at once, with the same files.",
                verb="Send again",
                is_danger=False,
            )
        )

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:  # noqa: ARG002
        if question.act != "resend":
            raise unknown_act()
        await ops_exchange.resend(ctx, parse_id(question.about))
        return "It is sent again"

    async def _show(self) -> None:
        self.detail = OutgoingRow()
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_exchange.MAILS, to_outgoing)
            if self.open_id:
                opened = await ops_exchange.outgoing(ctx, parse_id(self.open_id))
                self.detail = to_outgoing(opened, ctx.now(), whole=True)
