"""Customers, hosted pages, refunds and saved cards."""

from __future__ import annotations

import datetime as dt
from typing import Any

from app.core.errors import ProviderRefusedError
from app.core.money import Money
from app.providers.stripe.amounts import from_minor, to_minor
from app.providers.stripe.api import Part, ask, instant, is_gone, key, method_label, noted, ref
from app.services.ports import HostedPage, PaymentState, RefundResult


class Pages(Part):
    """The part of ``PaymentProvider`` a customer sees."""

    async def create_customer(
        self, *, tenant_id: str, name: str, email: str, idempotency_key: str
    ) -> str:
        """Return the customer's id; one made long ago is found by our id in its metadata."""
        # The search lags by up to a minute, the key lasts for a day: together they never make two.
        query = f"metadata['tenant_id']:'{tenant_id}'"
        found = await ask(self._api.v1.customers.search_async({"query": query, "limit": 1}))
        if found.data:
            return found.data[0].id
        params = {"name": name, "email": email, "metadata": {"tenant_id": tenant_id}}
        made = await ask(self._api.v1.customers.create_async(params, key(idempotency_key)))
        return made.id

    async def start_setup(
        self,
        *,
        customer_ref: str,
        tenant_id: str,
        currency: str,
        return_url: str,
        cancel_url: str,
        state: str,
        idempotency_key: str,
    ) -> HostedPage:
        """Open a setup checkout."""
        metadata = {"tenant_id": tenant_id, "state": state}
        params = {
            "mode": "setup",
            "customer": customer_ref,
            "currency": currency.lower(),
            "success_url": return_url,
            "cancel_url": cancel_url,
            "client_reference_id": tenant_id,
            "metadata": metadata,
            "setup_intent_data": {"metadata": metadata},
        }
        return await self._open(params, idempotency_key)

    async def start_payment(
        self,
        *,
        amount: Money,
        reference: str,
        description: str,
        customer_ref: str,
        return_url: str,
        cancel_url: str,
        expires_at: dt.datetime,
        idempotency_key: str,
    ) -> HostedPage:
        """Open a payment checkout; Stripe lets it end 30 minutes to 24 hours from now."""
        metadata = {"reference": reference}
        params: dict[str, Any] = {
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {
                        "currency": amount.currency.lower(),
                        "unit_amount": to_minor(amount),
                        "product_data": {"name": description},
                    },
                    "quantity": 1,
                }
            ],
            "success_url": return_url,
            "cancel_url": cancel_url,
            "client_reference_id": reference,
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "expires_at": int(expires_at.timestamp()),
        }
        if customer_ref:
            params["customer"] = customer_ref
        return await self._open(params, idempotency_key)

    async def _open(self, params: dict[str, Any], idempotency_key: str) -> HostedPage:
        create = self._api.v1.checkout.sessions.create_async
        session = await ask(create(params, key(idempotency_key)))
        return HostedPage(session.id, session.url or "", instant(session.expires_at))

    async def expire_page(self, provider_ref: str) -> bool:
        """Expire a checkout; False when it was completed."""
        sessions = self._api.v1.checkout.sessions
        session = await ask(sessions.retrieve_async(provider_ref))
        if session.status == "open":
            try:
                session = await ask(sessions.expire_async(provider_ref))
            except ProviderRefusedError:
                session = await ask(sessions.retrieve_async(provider_ref))
                if session.status == "open":  # so it was not completed or expired meanwhile
                    raise
        return session.status == "expired"

    async def fetch_page(self, provider_ref: str) -> PaymentState:
        """Ask what became of a checkout, with its card and what was given back."""
        expand = ["payment_intent.latest_charge", "setup_intent"]
        retrieve = self._api.v1.checkout.sessions.retrieve_async
        session = await ask(retrieve(provider_ref, {"expand": expand}))
        if session.mode == "setup":
            return PaymentState(_setup_status(session), "", None)
        intent = session.payment_intent
        charge = intent.latest_charge if intent else None
        currency = session.currency
        total = session.amount_total
        return PaymentState(
            _payment_status(session),
            ref(intent),
            from_minor(total, currency) if total is not None and currency else None,
            from_minor(charge.amount_refunded, charge.currency) if charge else None,
            method_label(charge.payment_method_details) if charge else "",
        )

    async def refund(
        self, *, payment_ref: str, amount: Money, reference: str, idempotency_key: str
    ) -> RefundResult:
        """Refund a payment intent; one made under this reference before is found again."""
        params: dict[str, Any] = {"payment_intent": payment_ref, "limit": 100}
        made = await ask(self._api.v1.refunds.list_async(params))
        async for one in made.auto_paging_iter():
            if noted(one, "reference") == reference:
                return _refund(one)
        params = {
            "payment_intent": payment_ref,
            "amount": to_minor(amount),
            "metadata": {"reference": reference},
        }
        return _refund(await ask(self._api.v1.refunds.create_async(params, key(idempotency_key))))

    async def fetch_refunded(self, payment_ref: str) -> Money:
        """Ask for a payment intent's running total, which falls when a refund fails."""
        expand = {"expand": ["latest_charge"]}
        intent = await ask(self._api.v1.payment_intents.retrieve_async(payment_ref, expand))
        charge = intent.latest_charge
        if charge is None:
            return from_minor(0, intent.currency)
        return from_minor(charge.amount_refunded, charge.currency)

    async def detach_method(self, method_ref: str) -> None:
        """Detach a payment method; gone already is success."""
        methods = self._api.v1.payment_methods
        try:
            await ask(methods.detach_async(method_ref))
        except ProviderRefusedError as refusal:
            if not is_gone(refusal) and (await ask(methods.retrieve_async(method_ref))).customer:
                raise


def _refund(made: Any) -> RefundResult:
    if made.status in ("failed", "canceled"):
        raise ProviderRefusedError("Stripe could not give the money back.")
    return RefundResult(made.id, "succeeded" if made.status == "succeeded" else "pending")


def _setup_status(session: Any) -> str:
    if session.status != "complete":
        return "expired" if session.status == "expired" else "pending"
    status = session.setup_intent.status if session.setup_intent else "succeeded"
    return {"succeeded": "succeeded", "processing": "pending"}.get(status, "failed")


def _payment_status(session: Any) -> str:
    if session.status != "complete":
        return "expired" if session.status == "expired" else "pending"
    intent = session.payment_intent
    if session.payment_status == "unpaid":
        return "pending" if intent is None or intent.status == "processing" else "failed"
    charge = intent.latest_charge if intent else None
    return "refunded" if charge and charge.refunded else "succeeded"
