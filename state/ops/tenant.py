"""One customer whole, and what operations may do to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import reflex as rx

from app.services import ops_agents, ops_audit, ops_money, ops_tenants, prices
from app.services.context import Context
from app.services.ops_lists import Search
from components.timeline import EventRow
from state.ops import invoice_rows, payment_rows
from state.ops.agent_rows import ActionRow, AgentView, to_action, to_agent
from state.ops.asking import Question, amount_in, count_in, day_in, unknown_act
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
from state.ops.tenant_questions import about_key, about_notes, questions_about
from state.ops.tenant_rows import TenantView, to_view
from state.ops.tenant_steps import StepRow, to_steps
from state.session import acting, parse_id

SHOWN = 10


class TenantState(Single, rx.State):
    """The customer that the address names."""

    one: TenantView = TenantView()
    is_agent: bool = False
    agent: AgentView = AgentView()
    actions: list[ActionRow] = []
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
        """Ask before the customer is suspended, resumed, or given another price or more calls."""
        async with acting(self, readonly=True):
            questions = questions_about(
                self.one.name,
                is_agent=self.is_agent,
                currency=self._currency,
                first_of_next=self._first_of_next,
            )
        if act not in questions:
            raise unknown_act()
        self._pose(questions[act].of(act, self.one.id))

    @rx.event
    async def ask_key(self, key_id: str) -> None:
        """Ask before a key of an agent is revoked."""
        async with acting(self, readonly=True):
            key = next((row for row in self.tokens if row.id == key_id), None)
        if key is None or not self.is_agent:
            raise unknown_act()
        self._pose(about_key(key.prefix, key.id, self.one.id))

    @rx.event
    async def ask_notes(self, form: dict[str, str]) -> None:
        """Ask before what operations want to remember is written over."""
        async with acting(self, readonly=True):
            self._notes = form.get("notes", "")
        self._pose(about_notes(self.one.name).of("notes", self.one.id))

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        about, _, key_id = question.about.partition(":")
        tenant_id, reason = parse_id(about), form.get("reason", "")
        match question.act:
            case "suspend":
                await ops_tenants.suspend(ctx, tenant_id, reason=reason)
                return "Suspended"
            case "resume":
                await ops_tenants.resume(ctx, tenant_id, reason=reason)
                return "It goes on"
            case "price":
                price = amount_in(form, "price", self._currency)
                starts_on = day_in(form, "starts_on")
                await prices.set_price(ctx, tenant_id, price, starts_on, reason=reason)
                return "Price agreed"
            case "grant":
                await ops_agents.grant(ctx, tenant_id, count_in(form, "calls"), reason=reason)
                return "Calls added"
            case "key":
                await ops_agents.revoke_key(ctx, tenant_id, parse_id(key_id), reason=reason)
                return "Key revoked"
            case "notes":
                await ops_tenants.save_notes(ctx, tenant_id, self._notes)
                return "Notes saved"
            case _:
                raise unknown_act()

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            tenant_id, now = wanted(self), ctx.now()
            found = await ops_tenants.get(ctx, tenant_id)
            agent = await ops_agents.get(ctx, tenant_id)
            contracts = await prices.history(ctx, tenant_id)
            of_it = Search(tenant_id=tenant_id)
            bills = await ops_money.INVOICES.page(ctx, of_it, size=SHOWN)
            paid = await ops_money.PAYMENTS.page(ctx, of_it, size=SHOWN)
            acts = await ops_audit.STREAM.page(ctx, of_it, size=SHOWN)
        self.is_agent = agent is not None
        self.agent = to_agent(agent, now) if agent else AgentView()
        self.actions = [to_action(one) for one in agent.actions] if agent else []
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
