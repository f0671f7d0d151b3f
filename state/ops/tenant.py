"""One vendor whole, and what operations may do to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.services import ops_audit, ops_money, ops_tenants, prices
from app.services.context import Context
from app.services.ops_audit import AuditSearch
from app.services.ops_money import MoneySearch
from components.timeline import EventRow
from state.ops import invoice_rows, payment_rows
from state.ops.asking import Question, amount_in, day_in
from state.ops.audit_rows import to_event
from state.ops.invoice_rows import InvoiceRow
from state.ops.listing import Asking, unknown_act
from state.ops.payment_rows import PaymentRow
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


class TenantState(Asking, rx.State):
    """The vendor that the address names."""

    is_loaded: bool = False
    is_missing: bool = False
    one: TenantView = TenantView()
    steps: list[StepRow] = []
    prices: list[PriceRow] = []
    invoices: list[InvoiceRow] = []
    payments: list[PaymentRow] = []
    tokens: list[TokenRow] = []
    accepted: list[AcceptanceRow] = []
    history: list[EventRow] = []
    _currency: str = ""
    _first_of_next: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the vendor that the address names."""
        self.question, self.refusal, self.is_missing = Question(), "", False
        try:
            await self._show(self.router.url.path.rstrip("/").rpartition("/")[2])
        except (NotFoundError, InvalidInputError):
            self.is_missing, self.is_loaded = True, True

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
    async def save_notes(self, form: dict[str, str]) -> rx.event.EventSpec:
        """Keep what operations want to remember."""
        async with acting(self) as ctx:
            await ops_tenants.save_notes(ctx, parse_id(self.one.id), form.get("notes", ""))
        await self._again()
        return rx.toast.success("Notes saved")

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
            case _:
                raise unknown_act()

    async def _again(self) -> None:
        await self._show(self.one.id)

    async def _show(self, wanted: str) -> None:
        async with acting(self, readonly=True) as ctx:
            tenant_id, now = parse_id(wanted), ctx.now()
            found = await ops_tenants.get(ctx, tenant_id)
            contracts = await prices.history(ctx, tenant_id)
            of_it = MoneySearch(tenant_id=tenant_id)
            bills = await ops_money.invoices_page(ctx, of_it, size=SHOWN)
            paid = await ops_money.payments_page(ctx, of_it, size=SHOWN)
            acts = await ops_audit.list_page(ctx, AuditSearch(tenant_id=tenant_id), size=SHOWN)
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
        self.is_loaded = True
