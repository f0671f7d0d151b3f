"""The outbox of mails: what was sent, what failed, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.services import ops_exchange
from app.services.context import Context
from app.services.ops_exchange import ExchangeSearch
from models.exchange import OutboxStatus
from state.ops.asking import Question
from state.ops.listing import Asking, Listing, unknown_act
from state.ops.outgoing import OutgoingRow, to_outgoing
from state.session import acting, parse_id

SORTS: Final = ("created_at", "attempts")


class MailState(Listing, Asking, rx.State):
    """The list of mails and the one that is open."""

    rows: list[OutgoingRow] = []
    detail: OutgoingRow = OutgoingRow()

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Show what the address asks for."""
        self.question, self.refusal = Question(), ""
        try:
            await self._show()
        except (NotFoundError, InvalidInputError) as refusal:
            return rx.toast.error(refusal.message)
        return None

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

    async def _again(self) -> None:
        await self._show()

    async def _show(self) -> None:
        number = self._read(tuple(OutboxStatus), SORTS)
        self.detail = OutgoingRow()
        search = ExchangeSearch(self.q, self.status, sort=self._order())
        async with acting(self, readonly=True) as ctx:
            now = ctx.now()
            found = await ops_exchange.mails_page(ctx, search, number)
            self.rows = [to_outgoing(one, now) for one in found.rows]
            self._turned(number, found.total)
            if self.open_id:
                opened = await ops_exchange.outgoing(ctx, parse_id(self.open_id))
                self.detail = to_outgoing(opened, now, whole=True)
