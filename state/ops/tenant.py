"""One vendor whole, and what operations may do to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import reflex as rx

from app.services import ops_audit, ops_money, ops_tenants, prices
from app.services.context import Context
from app.services.ops_lists import Search
from components.timeline import EventRow
from state.ops import invoice_rows, payment_rows
from state.ops.asking import Question, amount_in, day_in, unknown_act
from state.ops.audit_rows import to_event
from state.ops.invoice_rows import InvoiceRow
from state.ops.payment_rows import PaymentRow
from state.ops.single import Single, wanted
from state.ops.tenant_parts import (
    AcceptanceRow,
    PriceRow,
    TokenRow,
    to_acceptance,
    to_prices,
    to_token,
)
from state.ops.tenant_rows import StepRow, TenantView, to_steps, to_view
from state.session import acting, parse_id

SHOWN = 10


class TenantState(Single, rx.State):
    """The vendor that the address names."""

    one: TenantView = TenantView()
    steps: list[StepRow] = []
    prices: list[PriceRow] = []
    invoices: list[InvoiceRow] = []
    payments: list[PaymentRow] = []
    tokens: list[TokenRow] = []
    accepted: list[AcceptanceRow] = []
    history: list[EventRow] = []
    _notes: str = ""
    _currency: str = ""
    _first_of_next: str = ""

    @rx.event
    async def ask(self, act: str) -> None:
        """Ask before the vendor is suspended, resumed or given another price."""
        async with acting(self, readonly=True):
            name = self.one.name
        questions = {
            "suspend": Question(
                title=f"Suspend {name}?",
                text="Its devices can no longer register, at once. What it owes stays owed, and "
                "it is told the reason by mail.",
                verb="Suspend vendor",
                needs="reason",
            ),
            "resume": Question(
                title=f"Let {name} go on?",
                text="Its devices can register again, and it is told so by mail.",
                verb="Resume vendor",
                needs="reason",
                is_danger=False,
            ),
            "price": Question(
                title=f"Agree on a new price with {name}?",
                text="It applies to whole months from its start on; earlier invoices keep theirs. "
                "A change is announced by mail at once.",
                verb="Set price",
                needs="price",
                unit=f"In {self._currency}.",
                preset_day=self._first_of_next,
                is_danger=False,
            ),
        }
        if act not in questions:
            raise unknown_act()
        self._pose(questions[act].of(act, self.one.id))

    @rx.event
    async def ask_notes(self, form: dict[str, str]) -> None:
        """Ask before what operations want to remember is written over."""
        async with acting(self, readonly=True):
            self._notes = form.get("notes", "")
        question = Question(
            title=f"Save these notes on {self.one.name}?",
            text="They take the place of what stands there; the audit stream keeps the old ones.",
            verb="Save notes",
            is_danger=False,
        )
        self._pose(question.of("notes", self.one.id))

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        tenant_id, reason = parse_id(question.about), form.get("reason", "")
        match question.act:
            case "suspend":
                await ops_tenants.suspend(ctx, tenant_id, reason=reason)
                return "Vendor suspended"
            case "resume":
                await ops_tenants.resume(ctx, tenant_id, reason=reason)
                return "Vendor goes on"
            case "price":
                price = amount_in(form, "price", self._currency)
                starts_on = day_in(form, "starts_on")
                await prices.set_price(ctx, tenant_id, price, starts_on, reason=reason)
                return "Price agreed"
            case "notes":
                await ops_tenants.save_notes(ctx, tenant_id, self._notes)
                return "Notes saved"
            case _:
                raise unknown_act()

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            tenant_id, now = wanted(self), ctx.now()
            found = await ops_tenants.get(ctx, tenant_id)
            contracts = await prices.history(ctx, tenant_id)
            of_it = Search(tenant_id=tenant_id)
            bills = await ops_money.INVOICES.page(ctx, of_it, size=SHOWN)
            paid = await ops_money.PAYMENTS.page(ctx, of_it, size=SHOWN)
            acts = await ops_audit.STREAM.page(ctx, of_it, size=SHOWN)
        self.one, self.steps = to_view(found, now), to_steps(found, now)
        self.prices = to_prices(contracts, now.date())
        self.invoices = [invoice_rows.to_invoice(line, now) for line in bills.rows]
        self.payments = [payment_rows.to_payment(line, now) for line in paid.rows]
        self.tokens = [to_token(row, now) for row in found.tokens]
        self.accepted = [to_acceptance(row, now) for row in found.acceptances]
        self.history = [to_event(line, now) for line in acts.rows]
        self._currency = found.tenant.currency
        self._first_of_next = str(
            (now.replace(day=1) + dt.timedelta(days=32)).replace(day=1).date()
        )
