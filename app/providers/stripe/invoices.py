"""Stripe's copies of our invoices: drafted, compared, finalised, and charged when we say so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import stripe

from app.core.errors import ProviderRefusedError
from app.core.money import Money
from app.providers.stripe.amounts import from_minor, to_minor
from app.providers.stripe.api import Part, ask, is_gone, key, noted, part, ref, translate
from app.services.ports import BillLine, ChargeResult, ProviderInvoice

_STATES = {"draft": "draft", "paid": "paid", "void": "void"}
_NEEDS_ACTION = ("authentication_required", "invoice_payment_intent_requires_action")
_DECLINED = "The card was declined."
_CONFIRM = "The bank asks for a confirmation."


class Invoices(Part):
    """The part of ``PaymentProvider`` that claims money."""

    async def open_invoice(
        self,
        *,
        customer_ref: str,
        invoice_id: str,
        number: str,
        lines: Sequence[BillLine],
        total: Money,
        due_at: dt.datetime,
        idempotency_key: str,
    ) -> ProviderInvoice:
        """Draft with items, compare totals, finalise without charging.

        Every step first looks at what an earlier try left, however long ago that was.
        """
        invoices = self._api.v1.invoices
        invoice = await self._find(customer_ref, invoice_id)
        if invoice is None:
            params = {
                "customer": customer_ref,
                "currency": total.currency.lower(),
                "auto_advance": False,
                "collection_method": "charge_automatically",
                "pending_invoice_items_behavior": "exclude",
                "description": number,
                "metadata": {"invoice_id": invoice_id, "number": number},
            }
            invoice = await ask(invoices.create_async(params, key(idempotency_key)))
        if invoice.status == "draft":
            await self._add_lines(invoice, lines, idempotency_key)
            invoice = await ask(invoices.retrieve_async(invoice.id))
            if from_minor(invoice.total, invoice.currency) != total:
                raise ProviderRefusedError(
                    f"The provider adds {number} up to {invoice.total}, we to {to_minor(total)}.",
                    reason="total_mismatch",
                )
        if invoice.status == "draft":
            final = key(f"{idempotency_key}:final")
            finalize = invoices.finalize_invoice_async
            invoice = await ask(finalize(invoice.id, {"auto_advance": False}, final))
        return _read(invoice)

    async def _find(self, customer_ref: str, invoice_id: str) -> Any:
        """Find our invoice even after Stripe forgot the idempotency key."""
        listed = self._api.v1.invoices.list_async({"customer": customer_ref, "limit": 100})
        async for invoice in (await ask(listed)).auto_paging_iter():
            if noted(invoice, "invoice_id") == invoice_id:
                return invoice
        return None

    async def _add_lines(
        self, invoice: Any, lines: Sequence[BillLine], idempotency_key: str
    ) -> None:
        items = self._api.v1.invoice_items
        listed = await ask(items.list_async({"invoice": invoice.id, "limit": 100}))
        there = {noted(item, "line") async for item in listed.auto_paging_iter()}
        for line in lines:
            if line.key in there:
                continue
            item = {
                "customer": ref(invoice.customer),
                "invoice": invoice.id,
                "amount": to_minor(line.amount),
                "currency": line.amount.currency.lower(),
                "description": line.description,
                "metadata": {"line": line.key},
            }
            await ask(items.create_async(item, key(f"{idempotency_key}:{line.key}")))

    async def charge_invoice(self, provider_ref: str, *, idempotency_key: str) -> ChargeResult:
        """Pay off-session with the customer's newest card.

        Whatever the call answers, what counts is how the invoice stands afterwards: an answer may
        be lost, or belong to an earlier try under the same key.
        """
        invoice = await self._retrieve(provider_ref)
        if invoice.status == "paid":
            return _outcome(invoice, None)
        if invoice.status != "open":
            raise ProviderRefusedError(f"This invoice is {invoice.status} at Stripe.")
        # A setup checkout attaches the card but makes it nobody's default.
        methods = self._api.v1.customers.payment_methods
        held = await ask(methods.list_async(ref(invoice.customer), {"limit": 1}))
        if not held.data:
            return ChargeResult("failed", failure="There is no card on file.")
        params = {"off_session": True, "payment_method": held.data[0].id}
        trouble: stripe.StripeError | None = None
        try:
            await self._api.v1.invoices.pay_async(provider_ref, params, key(idempotency_key))
        except stripe.StripeError as error:
            trouble = error
        return _outcome(await self._retrieve(provider_ref), trouble)

    async def void_invoice(self, provider_ref: str) -> None:
        """Void an open invoice, or throw a draft away; void or gone already is success."""
        invoices = self._api.v1.invoices
        try:
            await ask(invoices.void_invoice_async(provider_ref))
        except ProviderRefusedError as refusal:
            if is_gone(refusal):
                return
            status = (await self._retrieve(provider_ref)).status
            if status == "draft":
                await ask(invoices.delete_async(provider_ref))
            elif status != "void":
                raise

    async def fetch_invoice(self, provider_ref: str) -> ProviderInvoice:
        """Ask what became of an invoice."""
        return _read(await self._retrieve(provider_ref))

    async def _retrieve(self, provider_ref: str) -> Any:
        expand = {"expand": ["payments.data.payment.payment_intent"]}
        return await ask(self._api.v1.invoices.retrieve_async(provider_ref, expand))


def _outcome(invoice: Any, trouble: stripe.StripeError | None) -> ChargeResult:
    """Judge a charge by how the invoice stands; ``trouble`` is what the call answered, if not yes."""
    intent = _intent_of(invoice)
    if invoice.status == "paid":
        return ChargeResult("paid", ref(intent))
    if intent is not None and intent.status == "processing":
        return ChargeResult("pending", ref(intent))
    if intent is not None and intent.status == "requires_action":
        return ChargeResult("failed", ref(intent), _CONFIRM, _hosted(invoice))
    if trouble is None:
        return ChargeResult("pending", ref(intent))
    if isinstance(trouble, stripe.IdempotencyError) and trouble.http_status != 409:
        # Tried before under this key, with the card of that time: what that try left is the answer.
        code, said = _last_error(intent)
    elif isinstance(trouble, stripe.CardError) or trouble.code in _NEEDS_ACTION:
        code, said = trouble.code or "", trouble.user_message or ""
    else:
        raise translate(trouble) from trouble
    url = _hosted(invoice) if code in _NEEDS_ACTION else ""
    return ChargeResult("failed", ref(intent), said or _DECLINED, url)


def _last_error(intent: Any) -> tuple[str, str]:
    error = intent.last_payment_error if intent is not None else None
    if not error:
        return "", ""
    return str(error["code"] or ""), str(error["message"] or "")


def _intent_of(invoice: Any) -> Any:
    """Return the payment intent that paid an invoice, else the one that will, where expanded."""
    payments = part(invoice, "payments")
    rows: list[Any] = list(payments.data) if payments else []
    for status in ("paid", "open"):
        for row in rows:
            if row.status == status:
                return row.payment.payment_intent
    return None


def _hosted(invoice: Any) -> str:
    return part(invoice, "hosted_invoice_url") or ""


def _read(invoice: Any) -> ProviderInvoice:
    return ProviderInvoice(
        provider_ref=invoice.id,
        status=_STATES.get(invoice.status, "open"),
        total=from_minor(invoice.total, invoice.currency),
        amount_paid=from_minor(invoice.amount_paid, invoice.currency),
        hosted_url=_hosted(invoice),
        payment_ref=ref(_intent_of(invoice)) if invoice.status == "paid" else "",
    )
