"""Alipay's adapter: what the contract suite cannot say for every provider."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from app.core.clock import wall_now
from app.core.errors import ProviderDownError, ProviderRefusedError
from app.core.money import Money
from app.providers.alipay import AlipayProvider
from app.providers.alipay.amounts import from_yuan, to_yuan
from app.providers.alipay.gateway import from_beijing
from app.sandbox.alipay.signing import Keys, signed_text
from app.services.ports import RefundResult
from tests.providers.outside import BACK, Outside
from tests.providers.samples.alipay import (
    ACCOUNT,
    CENT,
    TEN,
    TWO,
    AlipaySample,
    pay_out,
    settings,
    start_payment,
)
from tests.providers.stand_in import StandIn

pytestmark = pytest.mark.xdist_group("providers")
GOOD = '{"code":"10000","msg":"Success","order_id":"o1","status":"SUCCESS"}'
NAME = "alipay_fund_trans_uni_transfer_response"


@pytest.fixture(scope="module")
async def provider(outside: Outside) -> AsyncGenerator[Any]:
    adapter = AlipaySample().provider(outside)
    yield adapter
    await adapter.close()


@dataclass(frozen=True)
class Gateway:
    """A gateway that answers what a test wants, and the adapter that calls it."""

    server: StandIn
    adapter: AlipayProvider

    async def answers(self, body: str | bytes) -> Any:
        """Return what a payout comes to when this is the answer."""
        data = body if isinstance(body, bytes) else body.encode()
        self.server.answer = lambda asked: (200, data)
        return await pay_out(self.adapter, ACCOUNT, TWO, "r1")


@pytest.fixture(scope="module")
async def gateway(outside: Outside) -> AsyncGenerator[Gateway]:
    with StandIn().running() as server:
        adapter = AlipayProvider(settings(outside, ALIPAY_GATEWAY_URL=server.url))
        yield Gateway(server, adapter)
        await adapter.close()


def signature(outside: Outside, text: str, *, is_forged: bool = False) -> str:
    return _signer(outside, is_forged).sign(text.encode())


@cache
def _signer(outside: Outside, is_forged: bool) -> Keys:
    keys = outside.keys
    private = keys.merchant_private if is_forged else keys.alipay_private
    return Keys(private, keys.merchant_public)


async def test_an_answer_is_believed_over_its_very_bytes(
    outside: Outside, gateway: Gateway
) -> None:
    tricky = json.dumps({"code": "10000", "order_id": "o1", "status": "SUCCESS", "msg": '}{"\\"}'})
    spaced = '{ "code" : "10000",\n "order_id":"订单1", "status":"SUCCESS" }'
    for text, ref in ((GOOD, "o1"), (tricky, "o1"), (spaced, "订单1")):
        sign = signature(outside, text)
        for body in (
            f'{{"{NAME}":{text},"sign":"{sign}"}}',
            f'{{"sign":"{sign}","alipay_cert_sn":"x", "{NAME}" : {text} }}\n',
        ):
            result = await gateway.answers(body)
            assert (result.provider_ref, result.outcome) == (ref, "paid")


async def test_slashes_may_be_escaped_after_signing(outside: Outside, gateway: Gateway) -> None:
    text = GOOD.replace('"o1"', '"o/1"')
    body = f'{{"{NAME}":{text.replace("/", chr(92) + "/")},"sign":"{signature(outside, text)}"}}'
    assert (await gateway.answers(body)).provider_ref == "o/1"


async def test_an_answer_that_alipay_did_not_sign_is_no_success(
    outside: Outside, gateway: Gateway
) -> None:
    good = signature(outside, GOOD)
    refused = '{"code":"40004","msg":"Business Failed","sub_code":"PAYEE_NOT_EXIST"}'
    for body in (
        f'{{"{NAME}":{GOOD}}}',
        f'{{"{NAME}":{GOOD},"sign":""}}',
        f'{{"{NAME}":{GOOD},"sign":null}}',
        f'{{"{NAME}":{GOOD},"sign":"?"}}',
        f'{{"{NAME}":{GOOD},"sign":"{signature(outside, GOOD, is_forged=True)}"}}',
        f'{{"{NAME}":{GOOD.replace("o1", "o2")},"sign":"{good}"}}',
        f'{{"{NAME}":{GOOD.replace(",", ", ")},"sign":"{good}"}}',
        f'{{"alipay_trade_query_response":{GOOD},"sign":"{good}"}}',
        f'{{"{NAME}":{GOOD},"{NAME}":{GOOD},"sign":"{good}"}}',
        f'{{"{NAME}":{GOOD},"sign":"{good}"}} and more',
        f'{{"error_response":{refused}}}',
        f'{{"{NAME}":[1],"sign":"{signature(outside, "[1]")}"}}',
        b"",
        b"{",
        b"[]",
        b"<html></html>",
        b"\xff",
        b"[" * 100_000,
    ):
        with pytest.raises(ProviderDownError):
            await gateway.answers(body)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"code": "20000", "sub_code": "isp.unknow-error"}, ProviderDownError),
        ({"code": "40005", "sub_code": "isv.call-limited"}, ProviderDownError),
        ({"code": "40004", "sub_code": "SYSTEM_ERROR"}, ProviderDownError),
        ({"code": "40004", "sub_code": "ACQ.SYSTEM_ERROR"}, ProviderDownError),
        ({"code": "77777"}, ProviderDownError),
        ({}, ProviderDownError),
        ({"code": "10000"}, ProviderDownError),
        ({"code": "40004", "sub_code": "PAYEE_NOT_EXIST"}, ProviderRefusedError),
        ({"code": "40002", "sub_code": "isv.invalid-parameter"}, ProviderRefusedError),
        ({"code": "40006"}, ProviderRefusedError),
        ({"code": "10000", "order_id": "o1", "status": "FAIL"}, ProviderRefusedError),
    ],
)
async def test_what_a_signed_answer_says_is_told_apart(
    outside: Outside, gateway: Gateway, document: dict[str, str], expected: type[Exception]
) -> None:
    text = json.dumps(document)
    with pytest.raises(expected):
        await gateway.answers(f'{{"{NAME}":{text},"sign":"{signature(outside, text)}"}}')


async def test_a_payout_that_is_under_way_is_pending(outside: Outside, gateway: Gateway) -> None:
    text = json.dumps({"code": "10000", "order_id": "o1", "status": "DEALING"})
    body = f'{{"{NAME}":{text},"sign":"{signature(outside, text)}"}}'
    assert (await gateway.answers(body)).outcome == "pending"


async def test_a_call_is_signed_over_what_is_sent_and_carries_beijing_s_time(
    outside: Outside, gateway: Gateway
) -> None:
    with pytest.raises(ProviderDownError):
        await gateway.answers(b"")
    asked = gateway.server.asked[-1]
    sent = dict(parse_qsl(urlsplit(asked.path).query) + parse_qsl(asked.body.decode()))
    keys = Keys(outside.keys.alipay_private, outside.keys.merchant_public)
    assert keys.is_from_merchant(signed_text(sent, without=("sign",)), sent["sign"])
    assert abs(from_beijing(sent["timestamp"]) - wall_now()).total_seconds() < 3600
    assert json.loads(sent["biz_content"])["payee_info"]["identity_type"] == "ALIPAY_USER_ID"


async def test_a_page_opened_twice_is_one_trade(provider: Any, outside: Outside) -> None:
    reference, until = uuid.uuid4().hex, outside.later()
    wanted: dict[str, Any] = {
        "amount": CENT,
        "reference": reference,
        "description": "Invoice A/B=C&D 发票",
        "customer_ref": "",
        "return_url": BACK,
        "cancel_url": BACK,
        "expires_at": until,
    }
    pages = [await provider.start_payment(**wanted, idempotency_key=str(n)) for n in range(2)]
    for page in pages:
        assert outside.http.get(page.url, follow_redirects=True).status_code == 200
        assert page.expires_at == until
    trades = [one for one in outside.objects("trade") if one["out_trade_no"] == reference]
    assert len(trades) == 1
    assert trades[0]["subject"] == "Invoice A B C D 发票"
    assert trades[0]["notify_url"] == f"{outside.receiver.url}/v1/webhook/alipay"
    assert abs(trades[0]["expires_at"] - until.timestamp()) < 1


async def test_a_page_nobody_opened_is_pending_and_counts_as_closed(
    provider: Any, outside: Outside
) -> None:
    page = await start_payment(provider, outside, TEN)
    assert (await provider.fetch_page(page.provider_ref)).status == "pending"
    assert await provider.expire_page(page.provider_ref)


async def test_the_owner_of_an_account_binds_it_by_a_code_that_works_once(
    provider: Any, outside: Outside
) -> None:
    page = await provider.start_setup(
        customer_ref="",
        tenant_id="t1",
        currency="CNY",
        return_url=f"{BACK}?from=alipay",
        cancel_url=BACK,
        state="the state & more",
        idempotency_key="k",
    )
    answer = outside.press(page.url, "authorise", seller=ACCOUNT)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["the state & more"] == [page.provider_ref]
    code = back["auth_code"][0]
    assert await provider.exchange_code(code) == ACCOUNT
    with pytest.raises(ProviderRefusedError):
        await provider.exchange_code(code)


async def test_a_payee_is_led_to_the_same_consent(provider: Any) -> None:
    ref, url = await provider.start_payout_onboarding(
        tenant_id="t1",
        email="a@example.com",
        country="CN",
        account_ref="",
        return_url=BACK,
        refresh_url=BACK,
        state="s1",
        idempotency_key="k",
    )
    query = parse_qs(urlsplit(url).query)
    assert ref == ""
    assert (query["state"], query["redirect_uri"]) == (["s1"], [BACK])


async def test_a_refund_counts_once_alipay_says_that_the_money_moved(
    provider: Any, outside: Outside, gateway: Gateway
) -> None:
    def answer_with(moved: str, status: dict[str, str]) -> None:
        def answer(asked: Any) -> tuple[int, bytes]:
            is_query = "refund.query" in asked.path
            name = "fastpay_refund_query" if is_query else "refund"
            document = {"code": "10000", **(status if is_query else {"fund_change": moved})}
            text = json.dumps(document)
            sign = signature(outside, text)
            return 200, f'{{"alipay_trade_{name}_response":{text},"sign":"{sign}"}}'.encode()

        gateway.server.answer = answer

    adapter = gateway.adapter
    wanted = {"payment_ref": "t1", "amount": TWO, "reference": "r1", "idempotency_key": "k"}
    answer_with("Y", {})
    done = RefundResult("r1", "succeeded")
    assert await adapter.refund(**wanted) == done
    answer_with("N", {"refund_status": "REFUND_SUCCESS"})
    assert await adapter.refund(**wanted) == done
    for unfinished in ({}, {"refund_status": "REFUND_PROCESSING"}):
        answer_with("N", unfinished)
        with pytest.raises(ProviderDownError):
            await adapter.refund(**wanted)


async def test_a_part_given_back_leaves_the_trade_paid(provider: Any, outside: Outside) -> None:
    page = await start_payment(provider, outside, TEN)
    outside.press(page.url, "pay")
    state = await provider.fetch_page(page.provider_ref)
    assert state.label == "Alipay buy***@example.com"
    await provider.refund(
        payment_ref=state.payment_ref, amount=TWO, reference="part", idempotency_key="k"
    )
    state = await provider.fetch_page(page.provider_ref)
    assert (state.status, state.refunded) == ("succeeded", None)


def test_amounts_are_yuan_with_two_digits() -> None:
    assert to_yuan(CENT) == "0.01"
    assert to_yuan(Money.of("17.5", "CNY")) == "17.50"
    assert to_yuan(Money.of("1000000", "CNY")) == "1000000.00"
    for wrong in (Money.of("1", "USD"), Money(1, "CNY"), Money.zero("CNY"), -TEN):
        with pytest.raises(ProviderRefusedError):
            to_yuan(wrong)
    assert from_yuan("0.1") == Money.of("0.10", "CNY")
    for wrong_text in ("1e2", "-1.00", "+1", "1.001", "１", "", None, 1.0, "NaN", "1,000.00", " 1"):
        with pytest.raises(ValueError, match="not an amount"):
            from_yuan(wrong_text)


async def test_the_cashier_refuses_an_address_that_was_changed(
    provider: Any, outside: Outside
) -> None:
    page = await start_payment(provider, outside, TEN)
    parts = urlsplit(page.url)
    query = dict(parse_qsl(parts.query))
    query["biz_content"] = query["biz_content"].replace("10.00", "0.01")
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(parts._replace(query=urlencode(query)).geturl())
    assert answer.status_code == 400
