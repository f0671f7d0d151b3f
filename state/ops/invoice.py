"""One invoice whole, and what operations may do to it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import reflex as rx

from app.services import explanations, invoices
from app.services.context import Context
from app.services.ops_lists import SIZE
from app.services.ops_money import PaymentLine
from components.explain import WhyRow
from components.tables import PageInfo
from state.ops.asking import Question, amount_in, unknown_act
from state.ops.invoice_detail import (
    CountedRow,
    InvoicePage,
    NoteRow,
    to_counted,
    to_note,
    to_page,
    to_why,
)
from state.ops.payment_rows import PaymentRow, to_payment
from state.ops.single import Single, wanted
from state.session import acting, parse_id


class InvoiceState(Single, rx.State):
    """The invoice that the address names."""

    one: InvoicePage = InvoicePage()
    why: WhyRow = WhyRow()
    payments: list[PaymentRow] = []
    notes: list[NoteRow] = []
    counted: list[CountedRow] = []
    counted_page: PageInfo = PageInfo()
    _cursors: list[str] = []

    @rx.event
    async def turn_counted(self, number: int) -> None:
        """Show another page of the devices counted."""
        async with acting(self, readonly=True) as ctx:
            place = min(max(1, number), max(1, len(self._cursors)))
            await self._show_counted(ctx, parse_id(self.one.id), place)

    @rx.event
    async def ask(self, act: str) -> None:
        """Ask before anything is charged, credited, settled or taken back."""
        async with acting(self, readonly=True):
            one = self.one
        by_card = one.rail == "Card"
        questions = {
            "retry": Question(
                title=f"Charge invoice {one.number} again?"
                if by_card
                else f"Mail invoice {one.number} again?",
                text=f"The card on file is charged {one.outstanding} at once."
                if by_card
                else "The same document goes to the vendor once more, with its payment link.",
                verb="Charge now" if by_card else "Mail again",
                is_danger=False,
            ),
            "void": Question(
                title=f"Void invoice {one.number}?",
                text=f"A credit note over {one.total} takes it back whole and is mailed. Money that "
                "comes for it later is kept as credit.",
                verb="Void invoice",
                needs="reason",
            ),
            "credit": Question(
                title=f"Credit a part of invoice {one.number}?",
                text="A credit note is issued and mailed. What is not paid yet becomes less; what "
                "was paid becomes the vendor's credit.",
                verb="Issue credit note",
                needs="amount",
                unit=f"In {one.currency}, at most {one.total}.",
                is_danger=False,
            ),
            "settle": Question(
                title=f"Mark invoice {one.number} as settled?",
                text=f"{one.outstanding} is booked as received at the bank. Other ways to pay it "
                "are closed.",
                verb="Mark settled",
                needs="reference",
                is_danger=False,
            ),
        }
        if act not in questions:
            raise unknown_act()
        self._pose(questions[act].of(act, one.id))

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        invoice_id, reason = parse_id(question.about), form.get("reason", "")
        match question.act:
            case "retry":
                by = await invoices.retry(ctx, invoice_id)
                return "The charge has begun" if by == "charge" else "The invoice is mailed again"
            case "void":
                note = await invoices.void_with_credit_note(ctx, invoice_id, reason=reason)
                return f"Voided by credit note {note.number}"
            case "credit":
                amount = amount_in(form, "amount", self.one.currency)
                note = await invoices.credit(ctx, invoice_id, amount, reason=reason)
                return f"Credit note {note.number} issued"
            case "settle":
                reference = form.get("reference", "")
                await invoices.mark_settled(ctx, invoice_id, reference=reference)
                return "Marked as settled"
            case _:
                raise unknown_act()

    async def _show(self) -> None:
        invoice_id = wanted(self)
        async with acting(self, readonly=True) as ctx:
            ctx.require_ops()
            found = await invoices.get(ctx, invoice_id)
            why = await explanations.why(ctx, found.invoice.id, limit=1)
            self._cursors = [""]
            await self._show_counted(ctx, invoice_id, 1)
            now = ctx.now()
        one = found.invoice
        self.one, self.why = to_page(found, why, now), to_why(one, why)
        lines = [PaymentLine(paid, one.vendor, one.number) for paid in found.payments]
        self.payments = [to_payment(line, now) for line in lines]
        self.notes = [to_note(note) for note in found.corrections]

    async def _show_counted(self, ctx: Context, invoice_id: UUID, number: int) -> None:
        cursor = self._cursors[number - 1] if self._cursors else ""
        found = await explanations.why(ctx, invoice_id, limit=SIZE, cursor=cursor or None)
        following = found.devices.next_cursor
        self._cursors = [*(self._cursors or [""])[:number], *([following] if following else [])]
        self.counted = [to_counted(each) for each in found.devices.rows]
        self.counted_page = PageInfo.of(number, SIZE, found.device_count)
