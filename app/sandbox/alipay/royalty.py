"""Splitting a trade's money with bound receivers."""

import json
import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.sandbox.alipay.balances import book
from app.sandbox.alipay.call import (
    AlipayCall,
    AlipayRefusal,
    Amount,
    BizContent,
    fen,
    method,
    new_number,
    yuan,
)
from app.sandbox.alipay.notify import send_message
from app.sandbox.alipay.trades import TradeRef, find_trade
from app.sandbox.store import Document

RequestNo = Annotated[str, StringConstraints(pattern=r"^\w{1,32}$")]

_USER_ID = re.compile(r"2088\d{12}")
_CAP_PERCENT = 30
_SYNC_RECEIVERS = 5


class Receiver(BizContent):
    """Somebody who may get a share."""

    type: Literal["userId", "loginName", "openId"]
    account: str = Field(min_length=1)
    name: str = ""
    memo: str = ""


class Bind(BizContent):
    """Receivers to bind or to release."""

    out_request_no: RequestNo
    receiver_list: list[Receiver] = Field(min_length=1, max_length=20)


class BatchQuery(BizContent):
    """A page of the bound receivers."""

    out_request_no: RequestNo
    page_num: int = Field(default=1, ge=1)
    page_size: int = Field(default=20, ge=1, le=100)


class Share(BizContent):
    """One receiver's share of a trade."""

    royalty_type: Literal["transfer"] = "transfer"
    trans_in_type: Literal["userId", "loginName", "openId"] = "userId"
    trans_in: str
    trans_out: str = ""
    trans_out_type: str = "userId"
    amount: Amount
    desc: str = ""


class SettleExtend(BizContent):
    """Extras of a split; `royalty_finish` releases what is left."""

    royalty_finish: str = "false"


class Settle(BizContent):
    """A split."""

    out_request_no: RequestNo
    trade_no: str
    royalty_parameters: list[Share] = Field(min_length=1, max_length=50)
    royalty_mode: Literal["sync", "async"] = "sync"
    operator_id: str = ""
    extend_params: SettleExtend = SettleExtend()


class SettleQuery(BizContent):
    """A split to look up."""

    settle_no: str = ""
    out_request_no: str = ""
    trade_no: str = ""


@method("alipay.trade.royalty.relation.bind", Bind)
def bind(call: AlipayCall) -> Document:
    """Allow some accounts to get shares; binding twice is fine."""
    biz: Bind = call.biz
    for receiver in biz.receiver_list:
        if receiver.type == "loginName" and not receiver.name:
            raise AlipayRefusal("isv.missing-parameter", "a loginName needs a name", code="40001")
        if receiver.type == "userId" and not _USER_ID.fullmatch(receiver.account):
            raise AlipayRefusal("ACQ.USER_NOT_EXIST", f"用户不存在: {receiver.account}")
    for receiver in biz.receiver_list:
        call.store.put("alipay_receiver", receiver.account, receiver.model_dump())
    return {"result_code": "SUCCESS"}


@method("alipay.trade.royalty.relation.unbind", Bind)
def unbind(call: AlipayCall) -> Document:
    """Release some receivers."""
    biz: Bind = call.biz
    for receiver in biz.receiver_list:
        call.store.delete("alipay_receiver", receiver.account)
    return {"result_code": "SUCCESS"}


@method("alipay.trade.royalty.relation.batchquery", BatchQuery)
def batch_query(call: AlipayCall) -> Document:
    """List the bound receivers."""
    biz: BatchQuery = call.biz
    rows = call.store.all("alipay_receiver")
    start = (biz.page_num - 1) * biz.page_size
    return {
        "result_code": "SUCCESS",
        "receiver_list": rows[start : start + biz.page_size],
        "total_page_num": -(-len(rows) // biz.page_size),
        "total_record_num": len(rows),
        "current_page_num": biz.page_num,
        "current_page_size": biz.page_size,
    }


@method("alipay.trade.order.settle", Settle)
def settle(call: AlipayCall) -> Document:
    """Split a paid trade, all or nothing; the same number with the same content is answered again."""
    biz: Settle = call.biz
    trade = find_trade(call.store, TradeRef(trade_no=biz.trade_no))
    key = f"{trade['id']}/{biz.out_request_no}"
    content = json.dumps(biz.model_dump(), sort_keys=True)
    known = call.store.get("alipay_settlement", key)
    if known is not None:
        if known["content"] != content:
            raise AlipayRefusal("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        return {"trade_no": trade["id"], "settle_no": known["settle_no"]}
    total = sum(fen(share.amount) for share in biz.royalty_parameters)
    _check_split(call, trade, biz, total)
    settlement = {
        "id": key,
        "settle_no": new_number(call.world),
        "trade_no": trade["id"],
        "out_request_no": biz.out_request_no,
        "content": content,
        "shares": [share.model_dump() for share in biz.royalty_parameters],
        "at": call.world.clock.beijing(),
    }
    call.store.put("alipay_settlement", key, settlement)
    trade["split"] += total
    if biz.extend_params.royalty_finish == "true":
        trade["freeze"] = False
    call.store.put("trade", trade["id"], trade)
    for share in biz.royalty_parameters:
        book(call.world, call.world.config.alipay.seller_id, -fen(share.amount))
        book(call.world, share.trans_in, fen(share.amount))
    if biz.royalty_mode == "async":
        send_message(
            call.world,
            "alipay.trade.order.settle.notify",
            {
                "trade_no": trade["id"],
                "out_request_no": biz.out_request_no,
                "settle_no": settlement["settle_no"],
                "royalty_detail_list": _details(settlement),
            },
        )
    return {"trade_no": trade["id"], "settle_no": settlement["settle_no"]}


def _check_split(call: AlipayCall, trade: Document, biz: Settle, total: int) -> None:
    if trade["status"] not in {"TRADE_SUCCESS", "TRADE_FINISHED"}:
        raise AlipayRefusal("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    if not trade["freeze"]:
        raise AlipayRefusal(
            "ACQ.TRADE_SETTLE_ERROR", "分账处理失败: the trade was not opened with royalty_freeze"
        )
    if biz.royalty_mode == "sync" and len(biz.royalty_parameters) > _SYNC_RECEIVERS:
        raise AlipayRefusal("ACQ.TRADE_SETTLE_ERROR", "分账处理失败: too many receivers for sync")
    if (trade["split"] + total) * 100 > trade["amount"] * _CAP_PERCENT:
        raise AlipayRefusal("ACQ.TRADE_SETTLE_ERROR", f"分账处理失败: above {_CAP_PERCENT} %")
    for share in biz.royalty_parameters:
        if call.store.get("alipay_receiver", share.trans_in) is None:
            raise AlipayRefusal(
                "ACQ.TRADE_SETTLE_ERROR", f"分账处理失败: {share.trans_in} is not bound"
            )


def _details(settlement: Document) -> list[Document]:
    return [
        {
            "operation_type": "transfer",
            "execute_dt": settlement["at"],
            "trans_in": share["trans_in"],
            "trans_in_type": share["trans_in_type"],
            "amount": yuan(fen(share["amount"])),
            "state": "SUCCESS",
        }
        for share in settlement["shares"]
    ]


@method("alipay.trade.order.settle.query", SettleQuery)
def query_settlement(call: AlipayCall) -> Document:
    """Say how a split stands."""
    biz: SettleQuery = call.biz
    if biz.settle_no:
        found = call.store.where("alipay_settlement", settle_no=biz.settle_no)
        settlement = found[0] if found else None
    else:
        settlement = call.store.get("alipay_settlement", f"{biz.trade_no}/{biz.out_request_no}")
    if settlement is None:
        raise AlipayRefusal("ACQ.SETTLE_NOT_EXIST", "分账不存在")
    return {
        "out_request_no": settlement["out_request_no"],
        "operation_dt": settlement["at"],
        "royalty_detail_list": _details(settlement),
    }
