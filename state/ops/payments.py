"""Everybody's payments, one of them beside the list, and giving money back."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from app.services import ops_money, refunds
from app.services.context import Context
from state.ops.asking import Asking, Question, amount_in, unknown_act
from state.ops.listing import Listing
from state.ops.payment_rows import PaymentRow, RefundRow, to_payment, to_refund
from state.session import acting, parse_id


class PaymentsState(Asking, Listing, rx.State):
    """The list of payments and the one that is open."""

    rows: list[PaymentRow] = []
    detail: PaymentRow = PaymentRow()
    refunds: list[RefundRow] = []

    @rx.event
    async def ask(self, act: str) -> None:
        """Ask before money is given back."""
        async with acting(self, readonly=True):
            one = self.detail
        if act != "refund" or not one.can_refund:
            raise unknown_act()
        self._pose(
            Question(
                act,
                one.id,
                title=f"Refund {one.kept} to {one.vendor}?",
                text=f"The provider sends it back to {one.method}. Give less to refund a part. "
                "It is booked when the provider confirms it.",
                verb="Refund",
                needs="amount",
                preset=one.refundable,
                unit=f"In {one.currency}, at most {one.kept}.",
            )
        )

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        if question.act != "refund":
            raise unknown_act()
        amount = amount_in(form, "amount", self.detail.currency)
        await refunds.refund(ctx, parse_id(question.about), amount, reason=form.get("reason", ""))
        return "The refund is on its way"

    async def _show(self) -> None:
        self.detail = PaymentRow()
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_money.PAYMENTS, to_payment)
            if self.open_id:
                found, now = await ops_money.payment(ctx, parse_id(self.open_id)), ctx.now()
                self.detail = to_payment(found.line, now)
                self.refunds = [to_refund(row, now) for row in found.refunds]
