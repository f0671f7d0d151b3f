"""What Alipay's notifications say, and every way to forge one that its contract warns of."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from app.core.clock import wall_now
from app.core.errors import MalformedError
from app.providers.alipay import AlipayEvents
from app.sandbox.alipay.signing import signed_text
from app.services.ports import EventKind, ProviderEvent
from tests.providers.outside import Outside
from tests.providers.samples.alipay import paid_notice, settings, signed

pytestmark = pytest.mark.xdist_group("providers")
NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def source(outside: Outside) -> AlipayEvents:
    return AlipayEvents(settings(outside))


def read(source: AlipayEvents, body: bytes) -> ProviderEvent | None:
    return source.parse_event(body, {}, wall_now())


def told(source: AlipayEvents, outside: Outside, **changes: str) -> ProviderEvent | None:
    return read(source, signed(outside, paid_notice(NOW, **changes)))


def test_a_payment_is_told_with_its_payer(source: AlipayEvents, outside: Outside) -> None:
    event = told(source, outside)
    assert event is not None
    assert (event.kind, event.event_id) == (EventKind.PAYMENT_SUCCEEDED, "n1")
    assert event.occurred_at == NOW
    assert event.facts == {
        "checkout_ref": "page1",
        "invoice_ref": "",
        "payment_ref": "2026112022001",
        "customer_ref": "2088900000000009",
        "label": "Alipay 买家***@example.com",
        "amount": {"amount": "10.00", "currency": "CNY"},
    }
    assert source.acknowledgement == "success"


def test_a_payer_may_be_known_by_an_open_id_only(source: AlipayEvents, outside: Outside) -> None:
    event = told(source, outside, buyer_id="", buyer_open_id="o1", buyer_logon_id="")
    assert event is not None
    assert (event.facts["customer_ref"], event.facts["label"]) == ("o1", "")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"trade_status": "TRADE_FINISHED"}, EventKind.PAYMENT_SUCCEEDED),
        ({"trade_status": "WAIT_BUYER_PAY"}, None),
        ({"trade_status": "SOMETHING_NEW"}, None),
        ({"trade_status": "TRADE_CLOSED", "gmt_payment": ""}, EventKind.CHECKOUT_EXPIRED),
        ({"trade_status": "TRADE_CLOSED"}, EventKind.PAYMENT_REFUNDED),
        (
            {"refund_fee": "2.00", "gmt_refund": "2026-11-20 18:00:00.123"},
            EventKind.PAYMENT_REFUNDED,
        ),
        ({"trade_status": "TRADE_FINISHED", "refund_fee": "2.00"}, EventKind.PAYMENT_REFUNDED),
    ],
)
def test_the_states_of_a_trade_are_told_apart(
    source: AlipayEvents, outside: Outside, changes: dict[str, str], kind: EventKind | None
) -> None:
    event = told(source, outside, **changes)
    assert (event.kind if event else None) == kind


def test_a_refund_tells_all_that_was_given_back(source: AlipayEvents, outside: Outside) -> None:
    event = told(
        source,
        outside,
        refund_fee="2.5",
        gmt_refund="2026-11-20 18:00:00.123",
        out_biz_no="refund1",
    )
    assert event is not None
    assert event.occurred_at == dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
    assert event.facts["refunded_total"] == {"amount": "2.50", "currency": "CNY"}
    assert (event.facts["refund_ref"], event.facts["amount"]) == ("refund1", "")
    whole = told(source, outside, trade_status="TRADE_CLOSED")
    assert whole is not None
    assert whole.facts["refunded_total"] == {"amount": "10.00", "currency": "CNY"}


@pytest.mark.parametrize(
    "changes",
    [
        {"app_id": "2021000000000099"},
        {"app_id": ""},
        {"seller_id": "2088000000000099"},
        {"seller_id": ""},
        {"sign_type": "RSA"},
        {"sign_type": ""},
        {"charset": "gbk"},
        {"notify_id": ""},
        {"trade_no": ""},
        {"out_trade_no": ""},
        {"buyer_id": ""},
        {"total_amount": ""},
        {"total_amount": "1e3"},
        {"total_amount": "-10.00"},
        {"total_amount": "NaN"},
        {"gmt_payment": "yesterday"},
        {"trade_status": "TRADE_SUCCESS", "refund_fee": "abc"},
    ],
    ids=repr,
)
def test_a_signed_notification_that_is_not_ours_or_makes_no_sense_is_refused(
    source: AlipayEvents, outside: Outside, changes: dict[str, str]
) -> None:
    with pytest.raises(MalformedError):
        told(source, outside, **changes)


def test_a_sha1_signature_is_refused(source: AlipayEvents, outside: Outside) -> None:
    key: Any = serialization.load_pem_private_key(outside.keys.alipay_private.read_bytes(), None)
    for sign_type in ("RSA", "RSA2"):
        fields = paid_notice(NOW, sign_type=sign_type)
        text = signed_text(fields, without=("sign", "sign_type"))
        weak = base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA1())).decode()
        with pytest.raises(MalformedError):
            read(source, urlencode({**fields, "sign": weak}).encode())


def test_a_field_that_comes_twice_is_refused(source: AlipayEvents, outside: Outside) -> None:
    body = signed(outside, paid_notice(NOW))
    for extra in (b"&total_amount=99.00", b"&seller_id=x", b"&body="):
        with pytest.raises(MalformedError):
            read(source, body + extra)


def test_a_field_added_or_left_out_breaks_the_signature(
    source: AlipayEvents, outside: Outside
) -> None:
    body = signed(outside, paid_notice(NOW))
    for changed in (body + b"&extra=1", body.replace(b"buyer_id=2088900000000009&", b"")):
        with pytest.raises(MalformedError):
            read(source, changed)


def test_values_are_decoded_once(source: AlipayEvents, outside: Outside) -> None:
    event = told(source, outside, buyer_logon_id="50%25+off", passback_params="a%3Db%26c")
    assert event is not None
    assert event.facts["label"] == "Alipay 50%25+off"


def message(outside: Outside, method: str, content: Any, **more: str) -> bytes:
    fields = {
        "notify_id": "m1",
        "utc_timestamp": "1790000000000",
        "msg_method": method,
        "app_id": settings(outside).app_id,
        "version": "1.1",
        "charset": "UTF-8",
        "sign_type": "RSA2",
        "biz_content": content if isinstance(content, str) else json.dumps(content),
        **more,
    }
    return signed(outside, fields, without=("sign",))


TRANSFER = "alipay.fund.trans.order.changed"
CAME_BACK = {
    "order_id": "o1",
    "trans_amount": "2.00",
    "status": "FAIL",
    "fail_reason": "账号不可用",
}


def test_a_payout_that_came_back_is_told(source: AlipayEvents, outside: Outside) -> None:
    event = read(source, message(outside, TRANSFER, CAME_BACK))
    assert event is not None
    assert (event.kind, event.subject_ref) == (EventKind.PAYOUT_REVERSED, "o1")
    assert event.facts == {
        "payout_ref": "o1",
        "amount": {"amount": "2.00", "currency": "CNY"},
        "failure": "账号不可用",
    }


def test_messages_nothing_follows_from_are_forgotten(
    source: AlipayEvents, outside: Outside
) -> None:
    arrived = {**CAME_BACK, "status": "SUCCESS"}
    assert read(source, message(outside, TRANSFER, arrived)) is None
    assert read(source, message(outside, "alipay.open.app.changed", {})) is None


def test_a_message_is_signed_over_its_sign_type_and_for_our_application(
    source: AlipayEvents, outside: Outside
) -> None:
    fields = dict(paid_notice(NOW), msg_method=TRANSFER, biz_content=json.dumps(CAME_BACK))
    with pytest.raises(MalformedError):
        read(source, signed(outside, fields))
    with pytest.raises(MalformedError):
        read(source, message(outside, TRANSFER, CAME_BACK, app_id="2021000000000099"))
    for nonsense in ("", "{", "[]", "null", "{}"):
        with pytest.raises(MalformedError):
            read(source, message(outside, TRANSFER, nonsense))
