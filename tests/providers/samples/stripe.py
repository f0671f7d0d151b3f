"""Stripe, for the contract suite; its notifications are signed by Stripe's own package."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from stripe import StripeClient, WebhookSignature

from app.core.money import Money
from app.providers.kinds import Adapter
from app.providers.stripe import StripeEvents, StripeProvider, StripeSettings
from app.services.ports import BillLine, EventKind, NotificationSource
from tests.providers.outside import ACCOUNT_SECRET, BACK, CONNECT_SECRET, SECRET_KEY, Outside
from tests.providers.sample import PATIENCE, Call, PaymentSample, Prepared, SourceSample
from tests.sandbox.receiver import Note

TEN = Money.of("10.00", "USD")
TWO = Money.of("2.00", "USD")
DUE = dt.datetime(2026, 12, 15, tzinfo=dt.UTC)
FORGED = "whsec_of_somebody_else"


class StripeSource(SourceSample):
    """One of Stripe's two endpoints."""

    def __init__(self, slug: str, secret: str, kinds: frozenset[EventKind]) -> None:
        self.slug = slug
        self.path = f"/v1/webhook/{slug}"
        self.kinds = kinds
        self._secret = secret

    def source(self, outside: Outside) -> NotificationSource:
        return StripeEvents(self.slug, self._secret, is_live=False)

    def without_secret(self) -> NotificationSource:
        return StripeEvents(self.slug, " , ", is_live=False)

    def write(
        self,
        outside: Outside,
        *,
        at: dt.datetime,
        is_forged: bool = False,
        body: bytes | None = None,
    ) -> Note:
        data = self._body() if body is None else body
        header = self._header(data, FORGED if is_forged else self._secret, at)
        return Note(self.path, {"stripe-signature": header}, data)

    def rotated(self, outside: Outside, at: dt.datetime) -> Note | None:
        data = self._body()
        ours, theirs = (self._header(data, key, at) for key in (self._secret, FORGED))
        both = f"{theirs},{ours.partition(',')[2]}"
        return Note(self.path, {"stripe-signature": both}, data)

    def _header(self, data: bytes, secret: str, at: dt.datetime) -> str:
        # What is no text cannot be signed by the package; its signature would be over these bytes.
        text = data.decode("utf-8", "replace")
        return WebhookSignature.generate_signature_header(text, secret, int(at.timestamp()))

    def _body(self) -> bytes:
        subject: dict[str, Any] = {"id": "in_1", "hosted_invoice_url": ""}
        kind = "invoice.voided"
        if self.slug == "stripe-connect":
            subject = {"id": "acct_1", "payouts_enabled": False, "details_submitted": True}
            kind = "account.updated"
        event = {
            "id": "evt_1",
            "type": kind,
            "created": 1_790_000_000,
            "livemode": False,
            "data": {"object": subject},
        }
        return json.dumps(event).encode()


class StripeSample(PaymentSample):
    """Cards, invoices, transfers."""

    slug = "stripe"
    sources = (
        StripeSource(
            "stripe",
            ACCOUNT_SECRET,
            frozenset(EventKind) - {EventKind.PAYOUT_ACCOUNT_CHANGED, EventKind.MAIL_BOUNCED},
        ),
        StripeSource(
            "stripe-connect", CONNECT_SECRET, frozenset({EventKind.PAYOUT_ACCOUNT_CHANGED})
        ),
    )

    def provider(
        self, outside: Outside, *, is_lost: bool = False, seconds: float = PATIENCE
    ) -> Adapter:
        url = outside.nowhere if is_lost else outside.sandbox.stripe_api_base
        keys = {"STRIPE_SECRET_KEY": SECRET_KEY, "STRIPE_API_URL": url}
        return StripeProvider(StripeSettings.model_validate(keys), seconds=seconds, retries=0)

    async def prepare(self, provider: Any, outside: Outside) -> Prepared:
        name = uuid.uuid4().hex
        customer = await bound_customer(provider, outside)
        page = await start_payment(provider, outside, customer)
        outside.press(page.url, "pay", card="visa")
        payment = (await provider.fetch_page(page.provider_ref)).payment_ref
        waiting = await start_payment(provider, outside, customer)
        invoice = await open_invoice(provider, customer, name, f"invoice:{name}")
        account, link = await onboard(provider, f"{name}a")
        outside.press(link, "pay")
        methods = client(outside).v1.payment_methods.list({"customer": customer})
        return Prepared(
            until=outside.later(),
            customer=customer,
            page=waiting.provider_ref,
            payment=payment,
            method=methods.data[0].id,
            invoice=invoice.provider_ref,
            account=account,
        )

    def calls(self) -> Sequence[Call]:
        return (
            Call(
                "create_customer",
                "POST /stripe/v1/customers",
                lambda p, t, k: p.create_customer(
                    tenant_id=k, name="Acme Toys", email="a@example.com", idempotency_key=k
                ),
                makes="customer",
                lasts=True,
            ),
            Call(
                "start_setup",
                "POST /stripe/v1/checkout/sessions",
                lambda p, t, k: start_setup(p, t.customer, k),
                makes="checkout.session",
            ),
            Call(
                "start_payment",
                "POST /stripe/v1/checkout/sessions",
                lambda p, t, k: p.start_payment(
                    amount=TEN,
                    reference=k,
                    description="Invoice TP-2026-00042",
                    customer_ref=t.customer,
                    return_url=BACK,
                    cancel_url=BACK,
                    expires_at=t.until,
                    idempotency_key=k,
                ),
                makes="checkout.session",
            ),
            Call(
                "fetch_page",
                "GET /stripe/v1/checkout/sessions/*",
                lambda p, t, k: p.fetch_page(t.page),
            ),
            Call(
                "expire_page",
                "POST /stripe/v1/checkout/sessions/*/expire",
                lambda p, t, k: p.expire_page(t.page),
                spends=True,
            ),
            Call(
                "refund",
                "POST /stripe/v1/refunds",
                lambda p, t, k: p.refund(
                    payment_ref=t.payment, amount=TWO, reference=k, idempotency_key=k
                ),
                makes="refund",
                lasts=True,
            ),
            Call(
                "detach_method",
                "POST /stripe/v1/payment_methods/*/detach",
                lambda p, t, k: p.detach_method(t.method),
                spends=True,
            ),
            Call(
                "open_invoice",
                "POST /stripe/v1/invoices",
                lambda p, t, k: open_invoice(p, t.customer, k, k),
                makes="invoice",
                lasts=True,
            ),
            Call(
                "charge_invoice",
                "POST /stripe/v1/invoices/*/pay",
                lambda p, t, k: p.charge_invoice(t.invoice, idempotency_key=k),
                makes="charge",
                lasts=True,
                spends=True,
            ),
            Call(
                "fetch_invoice",
                "GET /stripe/v1/invoices/*",
                lambda p, t, k: p.fetch_invoice(t.invoice),
            ),
            Call(
                "void_invoice",
                "POST /stripe/v1/invoices/*/void",
                lambda p, t, k: p.void_invoice(t.invoice),
                spends=True,
            ),
            Call(
                "start_payout_onboarding",
                "POST /stripe/v1/accounts",
                lambda p, t, k: onboard(p, k),
                makes="account",
            ),
            Call(
                "pay_out",
                "POST /stripe/v1/transfers",
                lambda p, t, k: pay_out(p, t.account, TWO, k),
                makes="transfer",
                lasts=True,
            ),
        )

    def refusals(self) -> Mapping[str, Callable[[Any, Prepared], Awaitable[Any]]]:
        everything = Money.of("5000000.00", "USD")
        return {
            "a setup for nobody": lambda p, t: start_setup(p, "cus_nobody", "refusal:setup"),
            "a page nobody opened": lambda p, t: p.fetch_page("cs_nobody"),
            "closing a page nobody opened": lambda p, t: p.expire_page("cs_nobody"),
            "a refund of nothing": lambda p, t: p.refund(
                payment_ref="pi_nobody", amount=TWO, reference="r", idempotency_key="refusal:refund"
            ),
            "an invoice for nobody": lambda p, t: open_invoice(
                p, "cus_nobody", "x", "refusal:invoice"
            ),
            "a charge of no invoice": lambda p, t: p.charge_invoice(
                "in_nobody", idempotency_key="c"
            ),
            "an invoice that is not there": lambda p, t: p.fetch_invoice("in_nobody"),
            "a payout beyond our balance": lambda p, t: pay_out(
                p, t.account, everything, "toomuch"
            ),
            "a payout to nobody": lambda p, t: pay_out(p, "acct_nobody", TWO, "nobody"),
            "a country that cannot be paid": lambda p, t: onboard(p, "refusal:country", "CN"),
        }

    async def story(self, provider: Any, outside: Outside) -> None:
        name = uuid.uuid4().hex
        customer = await bound_customer(provider, outside)
        done = await start_payment(provider, outside, customer)
        outside.press(done.url, "pay", card="visa")
        payment = (await provider.fetch_page(done.provider_ref)).payment_ref
        made = await provider.refund(
            payment_ref=payment, amount=TWO, reference=name, idempotency_key=name
        )
        outside.control(f"stripe/refunds/{made.provider_ref}/fail")
        slow = await start_payment(provider, outside, customer)
        outside.press(slow.url, "pending")
        outside.press(slow.url, "fail")
        unwanted = await start_payment(provider, outside, customer)
        assert await provider.expire_page(unwanted.provider_ref)
        first = await open_invoice(provider, customer, f"{name}1", f"{name}1")
        paid = await provider.charge_invoice(first.provider_ref, idempotency_key=f"{name}c1")
        dispute = outside.control("stripe/disputes", payment_intent=paid.payment_ref)
        outside.control(f"stripe/disputes/{dispute['id']}/close", status="lost")
        outside.control(f"stripe/customers/{customer}/decline", code="authentication_required")
        second = await open_invoice(provider, customer, f"{name}2", f"{name}2")
        await provider.charge_invoice(second.provider_ref, idempotency_key=f"{name}c2")
        await provider.void_invoice(second.provider_ref)
        account, link = await onboard(provider, f"{name}a")
        outside.press(link, "pay")
        sent = await pay_out(provider, account, TWO, name)
        client(outside).v1.transfers.reversals.create(sent.provider_ref)
        outside.control(f"stripe/accounts/{account}", state="restricted")
        methods = client(outside).v1.payment_methods.list({"customer": customer})
        await provider.detach_method(methods.data[0].id)

    def made(self, outside: Outside, kind: str) -> int:
        return len(outside.objects(kind))


def client(outside: Outside) -> StripeClient:
    """Return what the dashboard would do, without the adapter."""
    return StripeClient(SECRET_KEY, base_addresses={"api": outside.sandbox.stripe_api_base})


async def bound_customer(provider: Any, outside: Outside, card: str = "visa") -> str:
    name = uuid.uuid4().hex
    customer = await provider.create_customer(
        tenant_id=name, name="Acme Toys", email="a@example.com", idempotency_key=name
    )
    page = await start_setup(provider, customer, f"setup:{name}")
    outside.press(page.url, "pay", card=card)
    return customer


def start_setup(provider: Any, customer: str, key: str) -> Any:
    return provider.start_setup(
        customer_ref=customer,
        tenant_id="t1",
        currency="USD",
        return_url=BACK,
        cancel_url=BACK,
        state="s1",
        idempotency_key=key,
    )


def start_payment(provider: Any, outside: Outside, customer: str) -> Any:
    name = uuid.uuid4().hex
    return provider.start_payment(
        amount=TEN,
        reference=name,
        description="Invoice TP-2026-00042",
        customer_ref=customer,
        return_url=BACK,
        cancel_url=BACK,
        expires_at=outside.later(),
        idempotency_key=name,
    )


def open_invoice(provider: Any, customer: str, invoice_id: str, key: str) -> Any:
    lines = [
        BillLine("Active devices: 4", Money.of("12.00", "USD"), "line1"),
        BillLine("Credited or paid before", Money.of("-2.00", "USD"), "less"),
    ]
    return provider.open_invoice(
        customer_ref=customer,
        invoice_id=invoice_id,
        number="TP-2026-00042",
        lines=lines,
        total=TEN,
        due_at=DUE,
        idempotency_key=key,
    )


def onboard(provider: Any, key: str, country: str = "US") -> Any:
    return provider.start_payout_onboarding(
        tenant_id="t1",
        email="a@example.com",
        country=country,
        account_ref="",
        return_url=BACK,
        refresh_url=BACK,
        state="s1",
        idempotency_key=key,
    )


def pay_out(provider: Any, account: str, amount: Money, reference: str) -> Any:
    return provider.pay_out(
        account_ref=account,
        amount=amount,
        reference=reference,
        description="Revenue share ST-2026-00001",
        idempotency_key=f"payout:{reference}",
    )


SAMPLES = (StripeSample(),)
