"""What Alipay tells the product by itself: trade notifications and application messages."""

import json
import secrets
from urllib.parse import urlencode

import httpx

from app.sandbox.alipay.call import new_number, yuan
from app.sandbox.alipay.signing import Keys, signed_text
from app.sandbox.clock import wall_time
from app.sandbox.courier import Channel, Parcel
from app.sandbox.store import Document
from app.sandbox.world import World


def notify_trade(
    world: World, trade: Document, *, request_no: str | None = None, refunded_at: str | None = None
) -> None:
    """Tell the merchant about a trade's state; with a refund's fields after a refund."""
    if not trade["notify_url"]:
        return
    config = world.config.alipay
    now = world.clock.beijing()
    fields = {
        "notify_id": secrets.token_hex(17),
        "notify_time": now,
        "notify_type": "trade_status_sync",
        "app_id": config.app_id,
        "auth_app_id": config.app_id,
        "charset": "utf-8",
        "version": "1.0",
        "trade_no": trade["id"],
        "out_trade_no": trade["out_trade_no"],
        "trade_status": trade["status"],
        "total_amount": yuan(trade["amount"]),
        "seller_id": config.seller_id,
        "buyer_id": trade["buyer_id"],
        "buyer_logon_id": trade["buyer_logon_id"],
        "subject": trade["subject"],
        "body": trade["body"],
        "gmt_create": trade["created"],
        "passback_params": trade["passback_params"],
    }
    if trade["paid_at"]:
        fund = [{"amount": yuan(trade["amount"]), "fundChannel": "ALIPAYACCOUNT"}]
        fields |= {
            "gmt_payment": trade["paid_at"],
            "receipt_amount": yuan(trade["amount"]),
            "invoice_amount": yuan(trade["amount"]),
            "buyer_pay_amount": yuan(trade["amount"]),
            "point_amount": "0.00",
            "fund_bill_list": json.dumps(fund, separators=(",", ":")),
        }
    if trade["status"] == "TRADE_CLOSED":
        fields["gmt_close"] = trade["closed_at"]
    if refunded_at is not None:
        fields |= {
            "refund_fee": yuan(trade["refunded"]),
            "gmt_refund": refunded_at,
            "out_biz_no": request_no or "",
        }
    _send(world, trade["status"], trade["notify_url"], fields, keep_sign_type=False)


def send_message(world: World, msg_method: str, content: Document) -> None:
    """Send a message to the application's gateway; its signature covers `sign_type` too, unlike a notification's."""
    fields = {
        "notify_id": new_number(world, 32),
        "utc_timestamp": str(int(wall_time() * 1000)),
        "msg_method": msg_method,
        "app_id": world.config.alipay.app_id,
        "version": "1.1",
        "charset": "UTF-8",
        "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
    }
    _send(world, msg_method, world.config.alipay.app_gateway_url, fields, keep_sign_type=True)


def _send(
    world: World, subject: str, url: str, fields: dict[str, str], *, keep_sign_type: bool
) -> None:
    ref = {"url": url, "fields": fields, "keep_sign_type": keep_sign_type}
    world.courier.enqueue("alipay", subject, ref)


def channel(keys: Keys) -> Channel:
    """Return how the courier carries Alipay's notifications."""

    def pack(delivery: Document) -> Parcel:
        ref = delivery["ref"]
        fields = {**ref["fields"], "sign_type": "RSA2"}
        without = ("sign",) if ref["keep_sign_type"] else ("sign", "sign_type")
        fields["sign"] = keys.sign(signed_text(fields, without=without))
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return Parcel(ref["url"], urlencode(fields).encode(), headers)

    def accepted(response: httpx.Response) -> bool:
        return response.status_code == 200 and response.content == b"success"

    return Channel(pack, accepted)
