"""Payouts from the platform's Alipay account to somebody else's, without a trade."""

import json
from typing import Literal

from app.sandbox.alipay.balances import book, held
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
from app.sandbox.alipay.notify import send_message
from app.sandbox.store import Document
from app.sandbox.world import World


class Payee(BizContent):
    """Who gets the money."""

    identity: str
    identity_type: Literal["ALIPAY_USER_ID", "ALIPAY_LOGON_ID", "ALIPAY_OPEN_ID"]
    name: str = ""


class Transfer(BizContent):
    """A payout."""

    out_biz_no: Reference
    trans_amount: Amount
    product_code: Literal["TRANS_ACCOUNT_NO_PWD"]
    biz_scene: Literal["DIRECT_TRANSFER"]
    payee_info: Payee
    order_title: str = ""
    remark: str = ""
    business_params: str = ""


class TransferQuery(BizContent):
    """A payout to look up."""

    out_biz_no: str = ""
    order_id: str = ""
    product_code: str = ""
    biz_scene: str = ""


@method("alipay.fund.trans.uni.transfer", Transfer)
def transfer(call: AlipayCall) -> Document:
    """Pay somebody; the same number with the same content is answered again."""
    biz: Transfer = call.biz
    config = call.world.config.alipay
    if config.require_certificate_mode and "app_cert_sn" not in call.params:
        raise AlipayRefusal(
            "isv.insufficient-isv-permissions",
            "transfers are open to certificate mode only",
            code="40006",
        )
    if biz.payee_info.identity_type == "ALIPAY_LOGON_ID" and not biz.payee_info.name:
        raise AlipayRefusal("PAYEE_USER_INFO_ERROR", "收款人信息有误: name is missing")
    content = json.dumps(biz.model_dump(), sort_keys=True)
    known = call.store.get("alipay_transfer", biz.out_biz_no)
    if known is not None:
        if known["content"] != content:
            raise AlipayRefusal("REQUEST_PROCESSING_CONFLICT", "同一单号的请求信息不一致")
        return _answer(known)
    amount = fen(biz.trans_amount)
    if held(call.world, config.seller_id) < amount:
        raise AlipayRefusal("BALANCE_IS_NOT_ENOUGH", "账户余额不足")
    blocked = call.store.get("alipay_blocked", biz.payee_info.identity)
    if blocked is not None:
        raise AlipayRefusal("PAYEE_NOT_EXIST", "收款账号不存在或不可用")
    book(call.world, config.seller_id, -amount)
    book(call.world, biz.payee_info.identity, amount)
    made = {
        "id": biz.out_biz_no,
        "order_id": new_number(call.world, 32),
        "amount": amount,
        "payee": biz.payee_info.identity,
        "status": "SUCCESS",
        "content": content,
        "at": call.world.clock.beijing(),
    }
    call.store.put("alipay_transfer", biz.out_biz_no, made)
    _tell(call.world, made)
    return _answer(made)


def give_back(world: World, made: Document) -> None:
    """Let a payout come back from an account that cannot keep it."""
    if made["status"] != "SUCCESS":
        return
    made["status"] = "REFUND"
    world.store.put("alipay_transfer", made["id"], made)
    book(world, made["payee"], -made["amount"])
    book(world, world.config.alipay.seller_id, made["amount"])
    _tell(world, made)


def _tell(world: World, made: Document) -> None:
    message = {
        **_answer(made),
        "trans_amount": yuan(made["amount"]),
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
        "action_type": "FINISH",
    }
    if made["status"] != "SUCCESS":
        message["fail_reason"] = "收款账号不可用"
    send_message(world, "alipay.fund.trans.order.changed", message)


def _answer(made: Document) -> Document:
    return {
        "out_biz_no": made["id"],
        "order_id": made["order_id"],
        "pay_fund_order_id": made["order_id"],
        "status": made["status"],
        "trans_date": made["at"],
    }


@method("alipay.fund.trans.common.query", TransferQuery)
def query_transfer(call: AlipayCall) -> Document:
    """Say how a payout stands."""
    biz: TransferQuery = call.biz
    made = call.store.get("alipay_transfer", biz.out_biz_no)
    if made is None and biz.order_id:
        found = call.store.where("alipay_transfer", order_id=biz.order_id)
        made = found[0] if found else None
    if made is None:
        raise AlipayRefusal("ORDER_NOT_EXIST", "转账订单不存在")
    return {
        "out_biz_no": made["id"],
        "order_id": made["order_id"],
        "status": made["status"],
        "pay_date": made["at"],
        "trans_amount": yuan(made["amount"]),
    }
