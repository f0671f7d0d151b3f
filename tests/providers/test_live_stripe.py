"""The vendor's way through Stripe's own test mode: run with a key, skipped and reported without."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from stripe import StripeClient

from app.core.clock import wall_now
from app.core.errors import ProviderRefusedError
from app.core.money import Money
from app.providers.stripe import StripeProvider, StripeSettings
from tests.providers.samples.stripe import TEN, TWO, onboard, open_invoice, start_setup

KEY = os.environ.get("STRIPE_TEST_KEY", "")
HOUR = dt.timedelta(hours=1)

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not KEY, reason="STRIPE_TEST_KEY is not set: not run against Stripe itself"),
]


@pytest.fixture
async def provider() -> AsyncGenerator[Any]:
    assert KEY.startswith(("sk_test_", "rk_test_")), "only a key of the test mode moves no money"
    keys = {"STRIPE_SECRET_KEY": KEY, "STRIPE_API_URL": ""}
    adapter = StripeProvider(StripeSettings.model_validate(keys))
    yield adapter
    await adapter.close()


@pytest.fixture
def dashboard() -> StripeClient:
    return StripeClient(KEY)


async def customer_with(provider: Any, dashboard: StripeClient, card: str) -> str:
    name = uuid.uuid4().hex
    customer = await provider.create_customer(
        tenant_id=name, name="Acme Toys", email="owner@example.com", idempotency_key=name
    )
    dashboard.v1.payment_methods.attach(card, {"customer": customer})
    return customer


async def test_an_invoice_is_opened_charged_and_given_back(
    provider: Any, dashboard: StripeClient
) -> None:
    customer = await customer_with(provider, dashboard, "pm_card_visa")
    name = uuid.uuid4().hex
    opened = [await open_invoice(provider, customer, name, f"invoice:{name}") for _ in range(2)]
    assert opened[0].provider_ref == opened[1].provider_ref
    assert (opened[0].status, opened[0].total) == ("open", TEN)
    tries = [
        await provider.charge_invoice(opened[0].provider_ref, idempotency_key=uuid.uuid4().hex)
        for _ in range(2)
    ]
    assert {one.outcome for one in tries} == {"paid"}
    assert tries[0].payment_ref == tries[1].payment_ref != ""
    wanted = {"payment_ref": tries[0].payment_ref, "amount": TWO, "reference": name}
    refunds = [await provider.refund(**wanted, idempotency_key=uuid.uuid4().hex) for _ in range(2)]
    assert refunds[0] == refunds[1]
    with pytest.raises(ProviderRefusedError):
        await provider.void_invoice(opened[0].provider_ref)


async def test_a_declined_card_and_a_bank_that_asks(provider: Any, dashboard: StripeClient) -> None:
    for card, asks in (
        ("pm_card_chargeCustomerFail", False),
        ("pm_card_authenticationRequired", True),
    ):
        customer = await customer_with(provider, dashboard, card)
        name = uuid.uuid4().hex
        invoice = await open_invoice(provider, customer, name, name)
        result = await provider.charge_invoice(invoice.provider_ref, idempotency_key=f"c:{name}")
        assert result.outcome == "failed"
        assert result.failure
        assert bool(result.needs_action_url) is asks
        await provider.void_invoice(invoice.provider_ref)
        assert (await provider.fetch_invoice(invoice.provider_ref)).status == "void"


async def test_pages_open_and_close(provider: Any, dashboard: StripeClient) -> None:
    customer = await customer_with(provider, dashboard, "pm_card_visa")
    setup = await start_setup(provider, customer, uuid.uuid4().hex)
    assert setup.url.startswith("https://")
    assert (await provider.fetch_page(setup.provider_ref)).status == "pending"
    assert await provider.expire_page(setup.provider_ref)
    name = uuid.uuid4().hex
    page = await provider.start_payment(
        amount=Money.of("12.34", "USD"),
        reference=name,
        description="Invoice TP-2026-00042",
        customer_ref=customer,
        return_url="https://example.com/back",
        cancel_url="https://example.com/back",
        expires_at=wall_now().replace(microsecond=0) + HOUR,
        idempotency_key=name,
    )
    assert await provider.expire_page(page.provider_ref)
    assert (await provider.fetch_page(page.provider_ref)).status == "expired"


async def test_a_payee_is_led_to_its_onboarding(provider: Any) -> None:
    account, url = await onboard(provider, uuid.uuid4().hex)
    assert account.startswith("acct_")
    assert url.startswith("https://")
