"""Everybody's payouts, one of them beside the list, and the two acts on it."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from app.services import ops_money, payouts
from app.services.context import Context
from state.ops.asking import Asking, Question, unknown_act
from state.ops.listing import Listing
from state.ops.payout_rows import PayoutRow, to_payout
from state.session import acting, parse_id


class PayoutsState(Asking, Listing, rx.State):
    """The list of payouts and the one that is open."""

    rows: list[PayoutRow] = []
    detail: PayoutRow = PayoutRow()

    @rx.event
    async def ask(self, act: str) -> None:
        """Ask before a payout is settled by hand or sent again."""
        async with acting(self, readonly=True):
            one = self.detail
        questions = {
            "settle": Question(
                title=f"Mark the payout of {one.owed} to {one.vendor} as paid?",
                text="It is booked as sent by bank and the vendor gets its statement. It is not "
                "sent by the provider any more.",
                verb="Mark paid",
                needs="reference",
                is_danger=False,
            ),
            "retry": Question(
                title=f"Send {one.owed} to {one.vendor} again?",
                text="The provider is asked once more. Without a ready account it is held again.",
                verb="Send again",
                is_danger=False,
            ),
        }
        if act not in questions:
            raise unknown_act()
        self._pose(questions[act].of(act, one.id))

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        payout_id = parse_id(question.about)
        match question.act:
            case "settle":
                reference = form.get("reference", "")
                await payouts.settle_manually(ctx, payout_id, reference=reference)
                return "Marked as paid"
            case "retry":
                await payouts.retry(ctx, payout_id)
                return "It is sent again"
            case _:
                raise unknown_act()

    async def _show(self) -> None:
        self.detail = PayoutRow()
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_money.PAYOUTS, to_payout)
            if self.open_id:
                opened = await ops_money.payout(ctx, parse_id(self.open_id))
                self.detail = to_payout(opened, ctx.now())
