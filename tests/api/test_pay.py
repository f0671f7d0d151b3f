"""The payment link: shows one invoice to its holder, and starts one payment at a time."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import select

from app.runtime import Runtime
from app.services import charges, pay_links
from app.services.context import SYSTEM
from models.invoice import Invoice
from models.payment import Checkout
from models.tenant import Rail
from tests.factories import make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import make_invoice

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def invoice(run: Runtime) -> Invoice:
    async with run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY", name="<Acme> & Söhne")
        return await make_invoice(ctx, tenant, price="17.50")


@pytest.fixture
async def path(run: Runtime, invoice: Invoice) -> str:
    async with run.context(SYSTEM) as ctx:
        return pay_links.path(ctx, invoice.id)


async def test_a_script_reads_the_invoice(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.json() == {
        "number": "TP-2026-00001",
        "status": "open",
        "total": {"amount": "175.00", "currency": "CNY"},
        "outstanding": {"amount": "175.00", "currency": "CNY"},
        "due_on": "2026-12-04",
        "payable": True,
        "in_progress": False,
    }


async def test_a_browser_gets_a_page_whose_names_are_escaped(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers=HTML)
    assert answer.headers["content-type"].startswith("text/html")
    assert "CN¥175.00" in answer.text
    assert "&lt;Acme&gt; &amp; Söhne Ltd" in answer.text
    assert '<form method="post">' in answer.text


async def test_looking_starts_nothing_and_posting_starts_one_payment(
    client: httpx.AsyncClient, path: str, providers: FakeProviders, run: Runtime
) -> None:
    await client.get(path)
    assert providers.alipay.calls == []
    first = await client.post(path)
    assert first.json() == {"redirect_url": "https://pay.test/page_1"}
    again = await client.post(path, headers=HTML)
    assert (again.status_code, again.headers["location"]) == (303, "https://pay.test/page_1")
    call = providers.alipay.named("start_payment")
    assert len(call) == 1
    assert call[0]["return_url"].endswith(path)
    async with run.context(SYSTEM) as ctx:
        assert len((await ctx.db.scalars(select(Checkout))).all()) == 1


@pytest.mark.parametrize("token", ["x", "0" * 64, "pay-link:1"])
async def test_an_unknown_link_looks_like_none(client: httpx.AsyncClient, token: str) -> None:
    for call in (client.get, client.post):
        answer = await call(f"/v1/pay/{token}")
        assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")
    page = await client.get(f"/v1/pay/{token}", headers=HTML)
    assert page.status_code == 404
    assert "not valid" in page.text


async def test_the_hash_that_is_stored_opens_nothing(
    client: httpx.AsyncClient, invoice: Invoice
) -> None:
    assert (await client.get(f"/v1/pay/{invoice.pay_token_hash}")).status_code == 404


async def test_while_a_card_is_charged_the_link_waits(
    client: httpx.AsyncClient, run: Runtime
) -> None:
    async with run.context(SYSTEM) as ctx:
        card = await make_invoice(ctx, await make_vendor(ctx))
        await charges.start(ctx, card.id)
        path = pay_links.path(ctx, card.id)
    answer = await client.post(path)
    assert (answer.status_code, answer.json()["reason"]) == (409, "payment_in_progress")
    assert answer.headers["retry-after"] == "60"
    browser = await client.post(path, headers=HTML)
    assert (browser.status_code, browser.headers["location"]) == (303, f"{path}?busy")
    page = await client.get(f"{path}?busy", headers=HTML)
    assert "in progress" in page.text
    assert "<form" not in page.text


async def test_a_provider_that_is_down_is_said_so(
    client: httpx.AsyncClient, path: str, providers: FakeProviders
) -> None:
    providers.alipay.down = 1
    answer = await client.post(path)
    assert (answer.status_code, answer.json()["reason"]) == (503, "provider_down")
    assert (await client.post(path)).status_code == 200
