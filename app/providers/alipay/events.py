"""Alipay's notifications: verified field by field, then put into our words."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from app.core.errors import MalformedError
from app.providers.alipay.amounts import from_yuan
from app.providers.alipay.gateway import from_beijing
from app.providers.alipay.keys import Keys, signed_text
from app.providers.alipay.settings import AlipaySettings
from app.services.ports import EventKind, ProviderEvent

Fields = Mapping[str, str]

_MOST_FIELDS = 200
_TRANSFERS = "alipay.fund.trans.order.changed"


class AlipayEvents:
    """Implements ``NotificationSource``.

    Alipay's notifications carry no time that limits their use: it repeats the same one for a day.
    A second delivery is told by its id.
    """

    slug = "alipay"
    acknowledgement = "success"

    def __init__(self, settings: AlipaySettings) -> None:
        self._settings = settings
        self._keys: Keys | None = settings.keys() if settings.can_verify else None

    @property
    def is_configured(self) -> bool:
        """Whether Alipay's key is there to verify with."""
        return self._keys is not None

    def parse_event(
        self,
        body: bytes,
        headers: Mapping[str, str],
        now: dt.datetime,
    ) -> ProviderEvent | None:
        """Verify and translate; None for states nothing here follows from."""
        fields = _decoded(body)
        self._verify(fields)
        try:
            if fields.get("msg_method"):
                return _message(fields)
            if fields.get("seller_id") != self._settings.seller_id:
                raise MalformedError("This notification is for another seller.")
            return _trade(fields)
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise MalformedError(f"A notification without {error}.") from error

    def _verify(self, fields: Fields) -> None:
        if self._keys is None:
            raise MalformedError("No key is set to verify this with.")
        if fields.get("sign_type") != "RSA2" or fields.get("charset", "").lower() != "utf-8":
            raise MalformedError("Only RSA2 over UTF-8 is accepted.")
        # Messages to the application are signed over sign_type too, unlike notifications of trades.
        without = ("sign",) if fields.get("msg_method") else ("sign", "sign_type")
        text = signed_text(fields, without=without)
        if not self._keys.is_from_alipay(text, fields.get("sign", "")):
            raise MalformedError("The signature does not match.")
        if fields.get("app_id") != self._settings.app_id:
            raise MalformedError("This notification is for another application.")


def _decoded(body: bytes) -> dict[str, str]:
    """Decode the form, once; a field that comes twice could be read in two ways and is refused."""
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:  # UnicodeDecodeError is one as well
        raise MalformedError("The body is no form in UTF-8.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedError("A field comes twice.")
    return fields


def _trade(fields: Fields) -> ProviderEvent | None:
    status = fields["trade_status"]
    has_refund = bool(fields.get("gmt_refund") or fields.get("refund_fee"))
    if status == "TRADE_CLOSED" and not has_refund and not fields.get("gmt_payment"):
        at = fields.get("gmt_close")
        facts: dict[str, Any] = {"checkout_ref": _text(fields, "out_trade_no")}
        return _event(fields, EventKind.CHECKOUT_EXPIRED, facts, at)
    if has_refund or status == "TRADE_CLOSED":
        return _event(
            fields, EventKind.PAYMENT_REFUNDED, _refunded(fields), fields.get("gmt_refund")
        )
    if status in ("TRADE_SUCCESS", "TRADE_FINISHED"):
        return _event(fields, EventKind.PAYMENT_SUCCEEDED, _paid(fields), fields.get("gmt_payment"))
    return None


def _event(fields: Fields, kind: EventKind, facts: dict[str, Any], at: str | None) -> ProviderEvent:
    return ProviderEvent(
        event_id=_text(fields, "notify_id"),
        kind=kind,
        subject_ref=_text(fields, "out_trade_no"),
        occurred_at=from_beijing(at or fields["notify_time"]),
        facts=facts,
    )


def _paid(fields: Fields) -> dict[str, Any]:
    login = fields.get("buyer_logon_id", "")
    return {
        "checkout_ref": _text(fields, "out_trade_no"),
        "invoice_ref": "",
        "payment_ref": _text(fields, "trade_no"),
        "customer_ref": fields.get("buyer_id") or _text(fields, "buyer_open_id"),
        "label": f"Alipay {login}" if login else "",
        "amount": _money(fields["total_amount"]),
    }


def _refunded(fields: Fields) -> dict[str, Any]:
    """Read a refund; Alipay says what was given back in all, not by this refund."""
    return {
        "payment_ref": _text(fields, "trade_no"),
        "invoice_ref": "",
        "refund_ref": fields.get("out_biz_no", ""),
        "amount": "",
        "refunded_total": _money(fields.get("refund_fee") or fields["total_amount"]),
    }


def _message(fields: Fields) -> ProviderEvent | None:
    """Read a message to the application: only payouts that came back matter."""
    if fields["msg_method"] != _TRANSFERS:
        return None
    content: Any = json.loads(fields["biz_content"])
    if content["status"] not in ("FAIL", "CLOSED", "REFUND"):
        return None
    return ProviderEvent(
        event_id=_text(fields, "notify_id"),
        kind=EventKind.PAYOUT_REVERSED,
        subject_ref=str(content["order_id"]),
        occurred_at=dt.datetime.fromtimestamp(int(fields["utc_timestamp"]) / 1000, dt.UTC),
        facts={
            "payout_ref": str(content["order_id"]),
            "amount": _money(content["trans_amount"]),
            "failure": str(content.get("fail_reason") or "The transfer came back."),
        },
    )


def _money(text: Any) -> dict[str, str]:
    money = from_yuan(text)
    return {"amount": money.text(), "currency": money.currency}


def _text(fields: Fields, name: str) -> str:
    if not fields.get(name):
        raise KeyError(name)
    return fields[name]
