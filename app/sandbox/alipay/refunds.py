"""Refunds of trades, safe to repeat under the same request number."""

from app.sandbox.alipay.balances import book, held
from app.sandbox.alipay.call import AlipayCall, AlipayRefusal, Amount, BizContent, fen, method, yuan
from app.sandbox.alipay.notify import notify_trade
from app.sandbox.alipay.trades import TradeRef, find_trade
from app.sandbox.clock import wall_time
from app.sandbox.store import Document
from app.sandbox.world import World


class RoyaltyBack(BizContent):
    """Split money to be pulled back from a receiver."""

    royalty_type: str = "transfer"
    trans_out: str
    trans_out_type: str = "userId"
    trans_in: str = ""
    trans_in_type: str = "userId"
    amount: Amount
    desc: str = ""


class Refund(TradeRef):
    """A refund."""

    refund_amount: Amount
    out_request_no: str = ""
    refund_reason: str = ""
    refund_royalty_parameters: list[RoyaltyBack] = []


class RefundQuery(TradeRef):
    """A refund to look up."""

    out_request_no: str
    query_options: list[str] = []


@method("alipay.trade.refund", Refund)
def refund(call: AlipayCall) -> Document:
    """Give money back."""
    biz: Refund = call.biz
    trade = find_trade(call.store, biz)
    amount = fen(biz.refund_amount)
    if not biz.out_request_no and amount != trade["amount"]:
        raise AlipayRefusal(
            "isv.missing-parameter", "a partial refund needs out_request_no", code="40001"
        )
    request_no = biz.out_request_no or trade["out_trade_no"]
    known = call.store.get("alipay_refund", f"{trade['id']}/{request_no}")
    if known is not None:
        if known["amount"] != amount:
            raise AlipayRefusal("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        return _answer(trade, "N")
    if trade["status"] != "TRADE_SUCCESS":
        raise AlipayRefusal("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    if amount > trade["amount"] - trade["refunded"]:
        raise AlipayRefusal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
    _pull_back(call, trade, biz)
    give_back(call.world, trade, request_no, amount)
    return _answer(trade, "Y")


def give_back(world: World, trade: Document, request_no: str, amount: int) -> None:
    """Book a refund and tell the merchant."""
    world.store.put(
        "alipay_refund",
        f"{trade['id']}/{request_no}",
        {
            "id": f"{trade['id']}/{request_no}",
            "trade_no": trade["id"],
            "out_request_no": request_no,
            "amount": amount,
            "visible_at": wall_time() + world.config.alipay.refund_lag_seconds,
        },
    )
    book(world, world.config.alipay.seller_id, -amount)
    trade["refunded"] += amount
    if trade["refunded"] == trade["amount"]:
        trade["status"] = "TRADE_CLOSED"
        trade["closed_at"] = world.clock.beijing()
    world.store.put("trade", trade["id"], trade)
    notify_trade(world, trade, request_no=request_no, refunded_at=world.clock.beijing())


def _pull_back(call: AlipayCall, trade: Document, biz: Refund) -> None:
    for part in biz.refund_royalty_parameters:
        amount = fen(part.amount)
        if held(call.world, part.trans_out) < amount:
            raise AlipayRefusal("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
        book(call.world, part.trans_out, -amount)
        book(call.world, call.world.config.alipay.seller_id, amount)
        trade["split"] -= amount


def _answer(trade: Document, fund_change: str) -> Document:
    return {
        "trade_no": trade["id"],
        "out_trade_no": trade["out_trade_no"],
        "buyer_logon_id": trade["buyer_logon_id"],
        "buyer_user_id": trade["buyer_id"],
        "fund_change": fund_change,
        "refund_fee": yuan(trade["refunded"]),
        "send_back_fee": yuan(trade["refunded"]),
    }


@method("alipay.trade.fastpay.refund.query", RefundQuery)
def query_refund(call: AlipayCall) -> Document:
    """Say whether a refund went through; without `refund_status` it did not (yet)."""
    biz: RefundQuery = call.biz
    trade = find_trade(call.store, biz)
    known = call.store.get("alipay_refund", f"{trade['id']}/{biz.out_request_no}")
    if known is None or known["visible_at"] > wall_time():
        return {}
    return {
        "trade_no": trade["id"],
        "out_trade_no": trade["out_trade_no"],
        "out_request_no": biz.out_request_no,
        "total_amount": yuan(trade["amount"]),
        "refund_amount": yuan(known["amount"]),
        "refund_status": "REFUND_SUCCESS",
    }
