"""Everybody's payments, one of them beside the list, and giving money back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.rules.statuses import PaymentStatus
from app.services import ops_money, refunds
from app.services.context import Context
from app.services.ops_money import MoneySearch
from state.ops.asking import Question, amount_in
from state.ops.listing import Asking, Listing, unknown_act
from state.ops.payment_rows import PaymentRow, RefundRow, to_payment, to_refund
from state.session import acting, parse_id

SORTS: Final = ("created_at", "amount")


class PaymentsState(Listing, Asking, rx.State):
    """The list of payments and the one that is open."""

    rows: list[PaymentRow] = []
    detail: PaymentRow = PaymentRow()
    refunds: list[RefundRow] = []

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Show what the address asks for."""
        self.question, self.refusal = Question(), ""
        number = self._read(tuple(PaymentStatus), SORTS)
        search = MoneySearch(self.q, self.status, self._order())
        async with acting(self, readonly=True) as ctx:
            found = await ops_money.payments_page(ctx, search, number)
            now = ctx.now()
        self.rows = [to_payment(line, now) for line in found.rows]
        self._turned(number, found.total)
        self.detail = PaymentRow()
        try:
            await self._show_open()
        except (NotFoundError, InvalidInputError) as refusal:
            return rx.toast.error(refusal.message)
        return None

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

    async def _again(self) -> None:
        await self._show_open()

    async def _show_open(self) -> None:
        if not self.open_id:
            return
        async with acting(self, readonly=True) as ctx:
            found = await ops_money.payment(ctx, parse_id(self.open_id))
            now = ctx.now()
        self.detail = to_payment(found.line, now)
        self.refunds = [to_refund(row, now) for row in found.refunds]
