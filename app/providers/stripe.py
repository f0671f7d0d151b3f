"""Stripe: cards on file, invoices and payouts (contracts: stripe). Its words stay in these files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar, cast

import stripe
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.core.money import Money
from app.services.ports import (
    BillLine,
    ChargeResult,
    HostedPage,
    PaymentState,
    PayoutResult,
    ProviderInvoice,
)

T = TypeVar("T")

EXPONENTS = {"USD": 2, "EUR": 2, "GBP": 2, "CNY": 2, "TZS": 2, "JPY": 0}
"""Digits of Stripe's integer amounts; an unknown currency raises."""
SECONDS = 20
"""Time-out of one call."""
_INVOICE_STATES = {"draft": "draft", "open": "open", "paid": "paid", "void": "void"}


class StripeSettings(BaseSettings):
    """How this installation reaches Stripe."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    secret_key: SecretStr = Field(SecretStr(""), validation_alias="STRIPE_SECRET_KEY")
    api_url: str = Field("", validation_alias="STRIPE_API_URL")
    webhook_secret: SecretStr = Field(SecretStr(""), validation_alias="STRIPE_WEBHOOK_SECRET")
    connect_webhook_secret: SecretStr = Field(
        SecretStr(""), validation_alias="STRIPE_CONNECT_WEBHOOK_SECRET"
    )

    @model_validator(mode="after")
    def _keep_worlds_apart(self) -> StripeSettings:
        if self.is_live and self.api_url:
            raise ValueError("STRIPE_API_URL must be empty with a live STRIPE_SECRET_KEY")
        return self

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""
        return self.secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))


def to_minor(amount: Money) -> int:
    """Return Stripe's integer amount; raises ``ProviderRefusedError`` for an unknown currency."""
    if amount.currency not in EXPONENTS:
        raise ProviderRefusedError(f"Stripe cannot take {amount.currency}.")
    unit = 10 ** (6 - EXPONENTS[amount.currency])
    minor, rest = divmod(amount.micros, unit)
    if rest:
        raise ProviderRefusedError(f"{amount} is finer than Stripe can take.")
    return minor


def from_minor(minor: int, currency: str) -> Money:
    """Read Stripe's integer amount."""
    code = currency.upper()
    if code not in EXPONENTS:
        raise ProviderRefusedError(f"Stripe named {code}, which is not known here.")
    return Money(minor * 10 ** (6 - EXPONENTS[code]), code)


class StripeProvider:
    """Implements ``PaymentProvider``."""

    slug = "stripe"
    currencies = frozenset(EXPONENTS)
    can_store_method = True
    can_invoice = True
    can_pay_out = True

    def __init__(self, settings: StripeSettings) -> None:
        bases = {"base_addresses": {"api": settings.api_url}} if settings.api_url else {}
        self._client = stripe.StripeClient(
            settings.secret_key.get_secret_value(),
            max_network_retries=2,
            http_client=stripe.HTTPXClient(timeout=SECONDS),
            **cast("Any", bases),
        )

    @property
    def _v1(self) -> Any:
        return self._client.v1

    async def create_customer(
        self, *, tenant_id: str, name: str, email: str, idempotency_key: str
    ) -> str:
        """Return the customer's id."""
        params = {"name": name, "email": email, "metadata": {"tenant_id": tenant_id}}
        return (await _call(self._v1.customers.create_async(params, _key(idempotency_key)))).id

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
        return await self._checkout(params, idempotency_key)

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
        """Open a payment checkout."""
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
        return await self._checkout(params, idempotency_key)

    async def _checkout(self, params: dict[str, Any], key: str) -> HostedPage:
        session = await _call(self._v1.checkout.sessions.create_async(params, _key(key)))
        return HostedPage(session.id, session.url or "", _instant(session.expires_at))

    async def expire_page(self, provider_ref: str) -> bool:
        """Expire a checkout; False when it was completed."""
        session = await _call(self._v1.checkout.sessions.retrieve_async(provider_ref))
        if session.status == "open":
            try:
                session = await _call(self._v1.checkout.sessions.expire_async(provider_ref))
            except ProviderRefusedError:  # completed meanwhile
                session = await _call(self._v1.checkout.sessions.retrieve_async(provider_ref))
        return session.status != "complete"

    async def fetch_page(self, provider_ref: str) -> PaymentState:
        """Ask what became of a checkout."""
        session = await _call(self._v1.checkout.sessions.retrieve_async(provider_ref))
        if session.status == "expired":
            status = "expired"
        elif session.status == "complete":
            status = "pending" if session.payment_status == "unpaid" else "succeeded"
        else:
            status = "pending"
        amount = (
            from_minor(session.amount_total, session.currency)
            if session.amount_total is not None and session.currency
            else None
        )
        return PaymentState(status, _ref(session.payment_intent), amount)

    async def refund(
        self, *, payment_ref: str, amount: Money, reference: str, idempotency_key: str
    ) -> str:
        """Refund a payment intent."""
        params = {
            "payment_intent": payment_ref,
            "amount": to_minor(amount),
            "metadata": {"reference": reference},
        }
        return (await _call(self._v1.refunds.create_async(params, _key(idempotency_key)))).id

    async def detach_method(self, method_ref: str) -> None:
        """Detach a payment method; gone already is success."""
        try:
            await _call(self._v1.payment_methods.detach_async(method_ref))
        except ProviderRefusedError:
            method = await _call(self._v1.payment_methods.retrieve_async(method_ref))
            if method.customer:
                raise

    async def open_invoice(
        self,
        *,
        customer_ref: str,
        invoice_id: str,
        number: str,
        lines: Sequence[BillLine],
        total: Money,
        due_at: dt.datetime,  # noqa: ARG002 - charged at once, so Stripe needs no due date
        idempotency_key: str,
    ) -> ProviderInvoice:
        """Draft with items, compare totals, finalise without charging."""
        invoice = await self._find_invoice(customer_ref, invoice_id)
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
            invoice = await _call(self._v1.invoices.create_async(params, _key(idempotency_key)))
        if invoice.status == "draft":
            for line in lines:
                item = {
                    "customer": customer_ref,
                    "invoice": invoice.id,
                    "amount": to_minor(line.amount),
                    "currency": line.amount.currency.lower(),
                    "description": line.description,
                    "metadata": {"line": line.key},
                }
                key = _key(f"{idempotency_key}:{line.key}")
                await _call(self._v1.invoice_items.create_async(item, key))
            invoice = await _call(self._v1.invoices.retrieve_async(invoice.id))
            if from_minor(invoice.total, invoice.currency) != total:
                raise ProviderRefusedError(
                    f"The provider adds {number} up to {invoice.total}, we to {to_minor(total)}.",
                    reason="total_mismatch",
                )
            invoice = await _call(
                self._v1.invoices.finalize_invoice_async(
                    invoice.id, {"auto_advance": False}, _key(f"{idempotency_key}:final")
                )
            )
        return _invoice(invoice)

    async def _find_invoice(self, customer_ref: str, invoice_id: str) -> Any:
        """Find our invoice even after Stripe forgot the idempotency key."""
        page = await _call(self._v1.invoices.list_async({"customer": customer_ref, "limit": 100}))
        async for invoice in page.auto_paging_iter():
            metadata = invoice.metadata
            if metadata and "invoice_id" in metadata and metadata["invoice_id"] == invoice_id:
                return invoice
        return None

    async def charge_invoice(self, provider_ref: str, *, idempotency_key: str) -> ChargeResult:
        """Pay off-session with the customer's method."""
        invoice = await self._retrieve(provider_ref)
        if invoice.status == "paid":
            return ChargeResult("paid", _payment_of(invoice))
        # A setup checkout attaches the card but makes it nobody's default.
        methods = await _call(
            self._v1.customers.payment_methods.list_async(_ref(invoice.customer), {"limit": 1})
        )
        if not methods.data:
            return ChargeResult("failed", failure="There is no card on file.")
        params = {"off_session": True, "payment_method": methods.data[0].id}
        try:
            await self._v1.invoices.pay_async(provider_ref, params, _key(idempotency_key))
        except stripe.CardError as error:
            return ChargeResult(
                "failed",
                failure=error.user_message or "The card was declined.",
                needs_action_url=(invoice.hosted_invoice_url or "")
                if error.code
                in ("authentication_required", "invoice_payment_intent_requires_action")
                else "",
            )
        except stripe.StripeError as error:
            invoice = await self._retrieve(provider_ref)
            if invoice.status != "paid":
                raise _translate(error) from error
        invoice = await self._retrieve(provider_ref)
        return ChargeResult("paid" if invoice.status == "paid" else "pending", _payment_of(invoice))

    async def _retrieve(self, provider_ref: str) -> Any:
        return await _call(self._v1.invoices.retrieve_async(provider_ref, {"expand": ["payments"]}))

    async def void_invoice(self, provider_ref: str) -> None:
        """Void an open invoice; void already is success."""
        try:
            await _call(self._v1.invoices.void_invoice_async(provider_ref))
        except ProviderRefusedError:
            if (await self._retrieve(provider_ref)).status != "void":
                raise

    async def fetch_invoice(self, provider_ref: str) -> ProviderInvoice:
        """Ask what became of an invoice."""
        return _invoice(await self._retrieve(provider_ref))

    async def start_payout_onboarding(
        self,
        *,
        tenant_id: str,
        email: str,
        country: str,
        account_ref: str,
        return_url: str,
        refresh_url: str,
        state: str,
        idempotency_key: str,
    ) -> tuple[str, str]:
        """Make an Express account, if there is none, and a single-use link to its onboarding."""
        if not account_ref:
            params = {
                "type": "express",
                "country": country,
                "email": email,
                "capabilities": {"transfers": {"requested": True}},
                "metadata": {"tenant_id": tenant_id, "state": state},
            }
            account = await _call(self._v1.accounts.create_async(params, _key(idempotency_key)))
            account_ref = account.id
        link = await _call(
            self._v1.account_links.create_async(
                {
                    "account": account_ref,
                    "type": "account_onboarding",
                    "refresh_url": refresh_url,
                    "return_url": return_url,
                }
            )
        )
        return account_ref, link.url

    async def pay_out(
        self,
        *,
        account_ref: str,
        amount: Money,
        reference: str,
        description: str,
        idempotency_key: str,
    ) -> PayoutResult:
        """Transfer from our balance to the connected account."""
        params = {
            "destination": account_ref,
            "amount": to_minor(amount),
            "currency": amount.currency.lower(),
            "transfer_group": reference,
            "description": description,
            "metadata": {"reference": reference},
        }
        transfer = await _call(self._v1.transfers.create_async(params, _key(idempotency_key)))
        return PayoutResult(transfer.id, "paid")


def _key(value: str) -> dict[str, str]:
    return {"idempotency_key": value}


async def _call(pending: Awaitable[T]) -> T:
    """Await one call and turn Stripe's errors into down or refused."""
    try:
        return await pending
    except stripe.StripeError as error:
        raise _translate(error) from error


def _translate(error: stripe.StripeError) -> ProviderDownError | ProviderRefusedError:
    down = (stripe.APIConnectionError, stripe.RateLimitError)
    status = error.http_status or 0
    if isinstance(error, down) or status >= 500 or (status == 409 and error.code == "lock_timeout"):
        return ProviderDownError("Stripe did not answer. Please try again in a minute.")
    return ProviderRefusedError(f"Stripe refused: {error.user_message or error.code or status}")


def _invoice(invoice: Any) -> ProviderInvoice:
    return ProviderInvoice(
        provider_ref=invoice.id,
        status=_INVOICE_STATES.get(invoice.status, "open"),
        total=from_minor(invoice.total, invoice.currency),
        amount_paid=from_minor(invoice.amount_paid, invoice.currency),
        hosted_url=invoice.hosted_invoice_url or "" if "hosted_invoice_url" in invoice else "",
        payment_ref=_payment_of(invoice),
    )


def _payment_of(invoice: Any) -> str:
    """Return the payment intent that paid an invoice, where ``payments`` was expanded."""
    if "payments" not in invoice or not invoice.payments:
        return ""
    for one in invoice.payments.data:
        if one.status == "paid":
            return _ref(one.payment.payment_intent)
    return ""


def _ref(value: Any) -> str:
    """Return the id of something that may be expanded, or nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else value.id


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
