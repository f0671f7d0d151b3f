"""Trades: opened by a signed address, paid on the cashier page, queried, closed."""

import re
from datetime import UTC, datetime, timedelta, timezone

from app.sandbox.alipay.balances import book
from app.sandbox.alipay.call import (
    AlipayCall,
    AlipayRefusal,
    Amount,
    BizContent,
    Reference,
    fen,
    method,
    new_number,
    yuan,
)
from app.sandbox.alipay.notify import notify_trade
from app.sandbox.store import Document, Store
from app.sandbox.world import World

_BEIJING = timezone(timedelta(hours=8))
_EXPRESS = re.compile(r"(\d{1,5})([mhd])|1c")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_LONGEST_SECONDS = 15 * 86_400


class ExtendParams(BizContent):
    """Extras of a trade; `royalty_freeze` keeps the money for splitting."""

    royalty_freeze: str = "false"
    sys_service_provider_id: str = ""


class PagePay(BizContent):
    """A payment on a PC web page."""

    out_trade_no: Reference
    total_amount: Amount
    subject: str
    product_code: str
    body: str = ""
    timeout_express: str = ""
    time_expire: str = ""
    passback_params: str = ""
    qr_pay_mode: str = ""
    integration_type: str = ""
    extend_params: ExtendParams = ExtendParams()


class TradeRef(BizContent):
    """A trade, by our number or Alipay's."""

    out_trade_no: str = ""
    trade_no: str = ""


class CloseTrade(TradeRef):
    """A trade to close."""

    operator_id: str = ""


class QueryTrade(TradeRef):
    """A trade to look up."""

    query_options: list[str] = []


def find_trade(store: Store, ref: TradeRef) -> Document:
    """Return the trade that is meant, or refuse."""
    if not ref.trade_no and not ref.out_trade_no:
        raise AlipayRefusal(
            "isv.missing-parameter", "out_trade_no or trade_no is needed", code="40001"
        )
    if ref.trade_no:
        trade = store.get("trade", ref.trade_no)
    else:
        found = store.where("trade", out_trade_no=ref.out_trade_no)
        trade = found[0] if found else None
    if trade is None:
        raise AlipayRefusal("ACQ.TRADE_NOT_EXIST", "交易不存在")
    return trade


def open_trade(call: AlipayCall) -> Document:
    """Return the trade a signed page address asks for; the same address twice is the same trade."""
    biz: PagePay = call.biz
    if biz.product_code != "FAST_INSTANT_TRADE_PAY":
        raise AlipayRefusal(
            "isv.invalid-parameter", "product_code must be FAST_INSTANT_TRADE_PAY", code="40002"
        )
    notify_url = call.params.get("notify_url", "")
    if "?" in notify_url:
        raise AlipayRefusal(
            "isv.invalid-parameter", "notify_url may not carry a query", code="40002"
        )
    amount = fen(biz.total_amount)
    earlier = call.store.where("trade", out_trade_no=biz.out_trade_no)
    if earlier:
        return _again(earlier[0], amount, biz.subject)
    key = new_number(call.world)
    trade: Document = {
        "id": key,
        "out_trade_no": biz.out_trade_no,
        "amount": amount,
        "subject": biz.subject,
        "body": biz.body,
        "passback_params": biz.passback_params,
        "status": "WAIT_BUYER_PAY",
        "notify_url": notify_url,
        "return_url": call.params.get("return_url", ""),
        "created": call.world.clock.beijing(),
        "expires_at": _expiry(call.world, biz),
        "paid_at": "",
        "closed_at": "",
        "refunded": 0,
        "freeze": biz.extend_params.royalty_freeze == "true",
        "split": 0,
        "buyer_id": "2088900000000009",
        "buyer_logon_id": "buy***@example.com",
    }
    return call.store.put("trade", key, trade)


def _again(trade: Document, amount: int, subject: str) -> Document:
    if trade["amount"] != amount or trade["subject"] != subject:
        raise AlipayRefusal("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
    if trade["status"] == "TRADE_CLOSED":
        raise AlipayRefusal("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
    if trade["status"] != "WAIT_BUYER_PAY":
        raise AlipayRefusal("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
    return trade


def _expiry(world: World, biz: PagePay) -> int:
    now = world.clock.now()
    if biz.time_expire:
        try:
            when = datetime.strptime(biz.time_expire, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        except ValueError as error:
            raise AlipayRefusal(
                "isv.invalid-parameter", "time_expire is no Beijing time", code="40002"
            ) from error
        return int(when.replace(tzinfo=_BEIJING).astimezone(UTC).timestamp())
    if not biz.timeout_express:
        return now + _LONGEST_SECONDS
    match = _EXPRESS.fullmatch(biz.timeout_express)
    if match is None:
        raise AlipayRefusal("isv.invalid-parameter", "timeout_express is 1m to 15d", code="40002")
    seconds = int(match[1]) * _UNITS[match[2]] if match[1] else _UNITS["d"]
    return now + min(seconds, _LONGEST_SECONDS)


def pay(world: World, trade: Document) -> None:
    """Let the buyer pay."""
    if trade["status"] != "WAIT_BUYER_PAY":
        return
    trade["status"] = "TRADE_SUCCESS"
    trade["paid_at"] = world.clock.beijing()
    book(world, world.config.alipay.seller_id, trade["amount"])
    world.store.put("trade", trade["id"], trade)
    notify_trade(world, trade)


def close(world: World, trade: Document) -> None:
    """Let an unpaid trade end."""
    if trade["status"] != "WAIT_BUYER_PAY":
        return
    trade["status"] = "TRADE_CLOSED"
    trade["closed_at"] = world.clock.beijing()
    world.store.put("trade", trade["id"], trade)
    notify_trade(world, trade)


def finish(world: World, trade: Document) -> None:
    """End the time in which a paid trade can be refunded."""
    if trade["status"] != "TRADE_SUCCESS":
        return
    trade["status"] = "TRADE_FINISHED"
    world.store.put("trade", trade["id"], trade)
    notify_trade(world, trade)


def close_overdue(world: World) -> None:
    """Close the trades whose time to pay is over."""
    for trade in world.store.where("trade", status="WAIT_BUYER_PAY"):
        if trade["expires_at"] <= world.clock.now():
            close(world, trade)


@method("alipay.trade.query", QueryTrade)
def query(call: AlipayCall) -> Document:
    """Say how a trade stands."""
    trade = find_trade(call.store, call.biz)
    answer = {
        "trade_no": trade["id"],
        "out_trade_no": trade["out_trade_no"],
        "trade_status": trade["status"],
        "total_amount": yuan(trade["amount"]),
        "buyer_logon_id": trade["buyer_logon_id"],
        "buyer_user_id": trade["buyer_id"],
        "subject": trade["subject"],
        "point_amount": "0.00",
    }
    if trade["paid_at"]:
        answer |= {
            "send_pay_date": trade["paid_at"],
            "receipt_amount": yuan(trade["amount"]),
            "buyer_pay_amount": yuan(trade["amount"]),
            "invoice_amount": yuan(trade["amount"]),
        }
    return answer


@method("alipay.trade.close", CloseTrade)
def close_by_merchant(call: AlipayCall) -> Document:
    """Close an unpaid trade."""
    trade = find_trade(call.store, call.biz)
    if trade["status"] != "WAIT_BUYER_PAY":
        raise AlipayRefusal("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    close(call.world, trade)
    return {"trade_no": trade["id"], "out_trade_no": trade["out_trade_no"]}
