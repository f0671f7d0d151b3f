"""Stripe's adapter over real sockets: what the contract suite cannot say for every provider."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncGenerator

import httpx
import pytest

from app.core.errors import ProviderRefusedError
from app.core.money import Money
from app.providers.stripe import StripeProvider, StripeSettings, from_minor, to_minor
from app.sandbox.launch import RunningSandbox
from app.services.ports import BillLine

DUE = dt.datetime(2026, 12, 15, tzinfo=dt.UTC)


@pytest.fixture
async def stripe_provider(outside: RunningSandbox) -> AsyncGenerator[StripeProvider]:
    provider = StripeProvider(
        StripeSettings.model_validate(
            {"STRIPE_SECRET_KEY": "sk_test_tests", "STRIPE_API_URL": outside.stripe_api_base}
        )
    )
    yield provider
    await provider.close()


async def test_a_card_is_bound_and_an_invoice_charged_once(
    stripe_provider: StripeProvider, outside: RunningSandbox
) -> None:
    tenant = str(uuid.uuid4())
    customer = await stripe_provider.create_customer(
        tenant_id=tenant, name="Acme Toys", email="a@example.com", idempotency_key=f"cus:{tenant}"
    )
    again = await stripe_provider.create_customer(
        tenant_id=tenant, name="Acme Toys", email="a@example.com", idempotency_key=f"cus:{tenant}"
    )
    assert customer == again
    page = await stripe_provider.start_setup(
        customer_ref=customer,
        tenant_id=tenant,
        currency="USD",
        return_url="http://localhost:9/back",
        cancel_url="http://localhost:9/cancel",
        state="s1",
        idempotency_key=f"setup:{tenant}",
    )
    async with httpx.AsyncClient() as browser:
        assert (await browser.get(page.url)).status_code == 200
        paid = await browser.post(page.url, data={"action": "pay", "card": "visa"})
        assert paid.status_code in (302, 303), paid.text
    total = Money.of("231.00", "USD")
    opened = [
        await stripe_provider.open_invoice(
            customer_ref=customer,
            invoice_id=tenant,
            number="TP-2026-00042",
            lines=[BillLine("Active devices, November 2026", total, "devices")],
            total=total,
            due_at=DUE,
            idempotency_key=f"inv:{tenant}",
        )
        for _ in range(2)
    ]
    assert opened[0].provider_ref == opened[1].provider_ref
    assert (opened[0].status, opened[0].total) == ("open", total)
    first = await stripe_provider.charge_invoice(
        opened[0].provider_ref, idempotency_key=f"pay:{tenant}"
    )
    second = await stripe_provider.charge_invoice(
        opened[0].provider_ref, idempotency_key=f"pay:{tenant}:2"
    )
    assert first.outcome == second.outcome == "paid"
    assert first.payment_ref == second.payment_ref != ""
    assert (await stripe_provider.fetch_invoice(opened[0].provider_ref)).amount_paid == total


def test_amounts_are_exact_and_unknown_currencies_raise() -> None:
    assert to_minor(Money.of("12.34", "USD")) == 1234
    assert to_minor(Money.of("500", "JPY")) == 500
    assert from_minor(1234, "usd") == Money.of("12.34", "USD")
    with pytest.raises(ProviderRefusedError):
        to_minor(Money(1, "USD"))
    with pytest.raises(ProviderRefusedError):
        from_minor(1, "xxx")


def test_a_live_key_never_talks_to_a_stand_in() -> None:
    with pytest.raises(ValueError, match="STRIPE_API_URL"):
        StripeSettings.model_validate(
            {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_API_URL": "http://localhost:4010"}
        )
