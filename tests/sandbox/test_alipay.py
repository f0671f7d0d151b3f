"""The Alipay double: signatures both ways, trades, refunds, splitting, payouts, consent."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from app.sandbox.launch import RunningSandbox
from tests.sandbox.alipay_client import Merchant, canonical, form, stamp
from tests.sandbox.receiver import Receiver

RETURN_URL = "http://product.example.com/paid"


@pytest.fixture
def merchant(sandbox: RunningSandbox, keys: dict[str, Path], browser: httpx.Client) -> Merchant:
    return Merchant(sandbox.alipay_gateway, keys, browser)


def order(number: str, amount: str = "231.00", **more: Any) -> dict[str, Any]:
    return {
        "out_trade_no": number,
        "total_amount": amount,
        "subject": 'Invoice {TP-1} "devices"',
        "product_code": "FAST_INSTANT_TRADE_PAY",
        **more,
    }


def open_order(merchant: Merchant, receiver: Receiver, biz: dict[str, Any]) -> str:
    """Open a payment page as a browser does and return its address."""
    url = merchant.page_url(
        biz, notify_url=f"{receiver.url}/v1/webhook/alipay", return_url=RETURN_URL
    )
    answer = merchant.http.get(url)
    assert answer.status_code == 303
    return answer.headers["location"]


def pay(merchant: Merchant, receiver: Receiver, biz: dict[str, Any]) -> httpx.Response:
    return merchant.http.post(open_order(merchant, receiver, biz), data={"action": "pay"})


def test_a_paid_order_comes_back_is_announced_and_can_be_queried(
    merchant: Merchant, receiver: Receiver, control: httpx.Client, tmp_path: Path
) -> None:
    back = pay(merchant, receiver, order("order-1")).headers["location"]
    control.get("idle").raise_for_status()
    (note,) = receiver.notes
    fields = form(note.body)
    assert fields["trade_status"] == "TRADE_SUCCESS"
    assert (fields["out_trade_no"], fields["total_amount"]) == ("order-1", "231.00")
    assert fields["body"] == ""  # an empty field is sent, but not signed
    merchant.verify(canonical(fields, "sign", "sign_type"), fields["sign"], tmp_path)
    returned = dict(parse_qsl(urlsplit(back).query))
    merchant.verify(canonical(returned, "sign", "sign_type"), returned["sign"], tmp_path)
    found = merchant.call("alipay.trade.query", {"out_trade_no": "order-1"})
    assert (found["code"], found["trade_status"]) == ("10000", "TRADE_SUCCESS")


def test_an_answer_is_signed_over_its_exact_characters(
    merchant: Merchant, receiver: Receiver, tmp_path: Path
) -> None:
    open_order(merchant, receiver, order("order-1", subject='收入 } { \\ "分账"'))
    params = merchant.params("alipay.trade.query", {"out_trade_no": "order-1"})
    text = merchant.http.post(merchant.gateway, data=params).text
    start = text.index('{"alipay_trade_query_response":') + len('{"alipay_trade_query_response":')
    _, end = json.JSONDecoder().raw_decode(text[start:])
    merchant.verify(text[start : start + end].encode(), json.loads(text)["sign"], tmp_path)
    assert "收入" in text


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"biz_content": '{"out_trade_no": "other"}'}, "isv.invalid-signature"),
        ({"app_id": "2021000000000099"}, "isv.invalid-app-id"),
        ({"sign_type": "RSA"}, "isv.invalid-sign-type"),
        ({"sign": ""}, "isv.missing-sign"),
        ({"sign": "bm90IGEgc2lnbmF0dXJl"}, "isv.invalid-signature"),
    ],
)
def test_a_call_that_is_not_signed_as_ours_is_refused_without_a_signature(
    merchant: Merchant, change: dict[str, str], sub_code: str
) -> None:
    params = merchant.params("alipay.trade.query", {"out_trade_no": "order-1"}) | change
    answer = merchant.http.post(merchant.gateway, data=params).json()
    assert answer["error_response"]["sub_code"] == sub_code
    assert "sign" not in answer


def test_a_timestamp_in_another_zone_than_beijing_is_refused(merchant: Merchant) -> None:
    utc = stamp(dt.UTC)
    answer = merchant.call("alipay.trade.query", {"out_trade_no": "x"}, timestamp=utc)
    assert answer["sub_code"] == "isv.invalid-timestamp"


def test_a_notification_is_repeated_until_the_answer_is_exactly_success(
    merchant: Merchant, receiver: Receiver, control: httpx.Client
) -> None:
    answers = iter([(500, ""), (200, "OK"), (200, "success\n"), (200, "success")])
    receiver.answer = lambda note: next(answers)
    pay(merchant, receiver, order("order-1"))
    control.get("idle").raise_for_status()
    ids = [form(note.body)["notify_id"] for note in receiver.notes]
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_an_order_can_be_closed_by_the_buyer_the_merchant_or_the_clock(
    merchant: Merchant, receiver: Receiver, control: httpx.Client
) -> None:
    page = open_order(merchant, receiver, order("by-buyer"))
    merchant.http.post(page, data={"action": "close"})
    open_order(merchant, receiver, order("by-merchant"))
    merchant.call("alipay.trade.close", {"out_trade_no": "by-merchant"})
    open_order(merchant, receiver, order("by-clock", timeout_express="30m"))
    control.post("clock", json={"advance": "PT31M"}).raise_for_status()
    for number in ("by-buyer", "by-merchant", "by-clock"):
        found = merchant.call("alipay.trade.query", {"out_trade_no": number})
        assert found["trade_status"] == "TRADE_CLOSED"
    again = merchant.call("alipay.trade.close", {"out_trade_no": "by-clock"})
    assert again["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


def test_the_same_order_number_is_the_same_trade_and_another_amount_is_refused(
    merchant: Merchant, receiver: Receiver
) -> None:
    page = open_order(merchant, receiver, order("order-1"))
    assert open_order(merchant, receiver, order("order-1")) == page
    changed = merchant.http.get(merchant.page_url(order("order-1", "1.00")))
    assert (changed.status_code, "CONTEXT_INCONSISTENT" in changed.text) == (400, True)


def test_a_refund_is_safe_to_repeat_and_only_the_query_says_that_it_arrived(
    merchant: Merchant, receiver: Receiver, control: httpx.Client
) -> None:
    pay(merchant, receiver, order("order-1"))
    ask = {"out_trade_no": "order-1", "refund_amount": "31.00", "out_request_no": "r1"}
    first, second = (merchant.call("alipay.trade.refund", ask) for _ in range(2))
    assert (first["fund_change"], second["fund_change"]) == ("Y", "N")
    assert second["refund_fee"] == "31.00"
    other = merchant.call("alipay.trade.refund", ask | {"refund_amount": "32.00"})
    assert other["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    too_much = merchant.call(
        "alipay.trade.refund", ask | {"refund_amount": "200.01", "out_request_no": "r2"}
    )
    assert too_much["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    refs = {"out_trade_no": "order-1", "out_request_no": "r1"}
    assert (
        merchant.call("alipay.trade.fastpay.refund.query", refs)["refund_status"]
        == "REFUND_SUCCESS"
    )
    unknown = merchant.call("alipay.trade.fastpay.refund.query", refs | {"out_request_no": "r9"})
    assert (unknown["code"], "refund_status" in unknown) == ("10000", False)
    merchant.call("alipay.trade.refund", ask | {"refund_amount": "200.00", "out_request_no": "r3"})
    control.get("idle").raise_for_status()
    states = [
        (form(n.body)["trade_status"], form(n.body).get("refund_fee")) for n in receiver.notes
    ]
    assert sorted(states, key=str) == [
        ("TRADE_CLOSED", "231.00"),
        ("TRADE_SUCCESS", "31.00"),
        ("TRADE_SUCCESS", None),
    ]


def test_a_share_needs_a_bound_receiver_a_frozen_order_and_room_under_the_cap(
    merchant: Merchant, receiver: Receiver
) -> None:
    pay(merchant, receiver, order("order-1", "100.00", extend_params={"royalty_freeze": "true"}))
    pay(merchant, receiver, order("plain", "100.00"))
    trade = merchant.call("alipay.trade.query", {"out_trade_no": "order-1"})["trade_no"]
    plain = merchant.call("alipay.trade.query", {"out_trade_no": "plain"})["trade_no"]
    share = {"trans_in": "2088100000000011", "amount": "20.00", "desc": "share"}
    ask = {"out_request_no": "s1", "trade_no": trade, "royalty_parameters": [share]}
    assert merchant.call("alipay.trade.order.settle", ask)["code"] == "40004"
    bound = merchant.call(
        "alipay.trade.royalty.relation.bind",
        {
            "out_request_no": "b1",
            "receiver_list": [{"type": "userId", "account": "2088100000000011"}],
        },
    )
    assert bound["result_code"] == "SUCCESS"
    refused = merchant.call("alipay.trade.order.settle", ask | {"trade_no": plain})
    assert "royalty_freeze" in refused["sub_msg"]
    first, again = (merchant.call("alipay.trade.order.settle", ask) for _ in range(2))
    assert first["settle_no"] == again["settle_no"]
    over = merchant.call("alipay.trade.order.settle", ask | {"out_request_no": "s2"})
    assert "30 %" in over["sub_msg"]
    found = merchant.call("alipay.trade.order.settle.query", {"settle_no": first["settle_no"]})
    assert found["royalty_detail_list"][0]["amount"] == "20.00"


def test_a_payout_is_made_once_and_announced_by_a_message_that_signs_its_sign_type(
    merchant: Merchant, receiver: Receiver, control: httpx.Client, tmp_path: Path
) -> None:
    ask = {
        "out_biz_no": "p1",
        "trans_amount": "12.30",
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
        "payee_info": {"identity": "2088100000000011", "identity_type": "ALIPAY_USER_ID"},
    }
    first, again = (merchant.call("alipay.fund.trans.uni.transfer", ask) for _ in range(2))
    assert first == again
    control.get("idle").raise_for_status()
    (note,) = receiver.notes
    fields = form(note.body)
    assert fields["msg_method"] == "alipay.fund.trans.order.changed"
    merchant.verify(canonical(fields, "sign"), fields["sign"], tmp_path)
    blocked = ask | {
        "out_biz_no": "p2",
        "payee_info": {"identity": "2088100000000033", "identity_type": "ALIPAY_USER_ID"},
    }
    assert merchant.call("alipay.fund.trans.uni.transfer", blocked)["code"] == "40004"
    query = merchant.call("alipay.fund.trans.common.query", {"out_biz_no": "p2"})
    assert query["sub_code"] == "ORDER_NOT_EXIST"


def test_a_seller_consents_and_the_code_works_once(
    merchant: Merchant, sandbox: RunningSandbox
) -> None:
    query = {
        "app_id": "2021000000000001",
        "scope": "auth_base",
        "redirect_uri": "http://product.example.com/connected",
        "state": "xyz",
    }
    page = merchant.http.get(sandbox.alipay_oauth, params=query)
    assert 'data-testid="authorise"' in page.text
    back = merchant.http.post(
        sandbox.alipay_oauth,
        params=query,
        data={"action": "authorise", "seller": "2088100000000022"},
    )
    answer = dict(parse_qsl(urlsplit(back.headers["location"]).query))
    assert answer["state"] == "xyz"
    grant = {"grant_type": "authorization_code", "code": answer["auth_code"]}
    token = merchant.call("alipay.system.oauth.token", None, **grant)
    assert token["user_id"] == "2088100000000022"
    assert (
        merchant.call("alipay.system.oauth.token", None, **grant)["sub_code"] == "isv.code-invalid"
    )
    denied = merchant.http.post(sandbox.alipay_oauth, params=query, data={"action": "deny"})
    assert "auth_code" not in denied.headers["location"]


def test_a_lost_answer_leaves_the_payout_made(merchant: Merchant, control: httpx.Client) -> None:
    ask = {
        "out_biz_no": "p1",
        "trans_amount": "1.00",
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
        "payee_info": {"identity": "2088100000000011", "identity_type": "ALIPAY_USER_ID"},
    }
    control.post("faults", json={"route": "POST *uni.transfer", "kind": "reset", "when": "after"})
    with pytest.raises(httpx.RemoteProtocolError):
        merchant.call("alipay.fund.trans.uni.transfer", ask)
    found = merchant.call("alipay.fund.trans.common.query", {"out_biz_no": "p1"})
    assert (found["status"], found["trans_amount"]) == ("SUCCESS", "1.00")
    control.post("faults", json={"route": "POST *common.query", "status": 503})
    unknown = merchant.call("alipay.fund.trans.common.query", {"out_biz_no": "p1"})
    assert unknown["code"] == "20000"
