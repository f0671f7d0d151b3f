"""The cashier a buyer sees, and the overview of trades."""

import secrets
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.alipay import trades
from app.sandbox.alipay.balances import held
from app.sandbox.alipay.call import yuan
from app.sandbox.alipay.refunds import give_back
from app.sandbox.alipay.signing import Keys, signed_text
from app.sandbox.pages.render import choice, go, show
from app.sandbox.store import Document
from app.sandbox.world import World

_ROWS = 25
_DASHBOARD = "/alipay/dashboard"


class AlipayPages:
    """Alipay's pages."""

    def __init__(self, world: World, keys: Keys) -> None:
        self._world = world
        self._keys = keys

    def routes(self) -> list[Route]:
        """Return the addresses of these pages."""
        return [
            Route("/alipay/cashier/{trade_no}", self.cashier, methods=["GET"]),
            Route("/alipay/cashier/{trade_no}", self.act, methods=["POST"]),
            Route(_DASHBOARD, self.dashboard, methods=["GET"]),
            Route(_DASHBOARD, self.act_on_trade, methods=["POST"]),
        ]

    async def cashier(self, request: Request) -> Response:
        """Show the trade to its buyer."""
        trade = self._world.store.get("trade", request.path_params["trade_no"])
        if trade is None:
            return _message("There is no such order", "The address is wrong or incomplete.", 404)
        if trade["status"] == "WAIT_BUYER_PAY":
            return show("alipay_cashier.html", trade=trade)
        if trade["status"] == "TRADE_CLOSED":
            return _message("This order is closed", "Start again from the product.", 410)
        return _message(
            "This order is paid", "Nothing will be taken again.", 200, self._return_address(trade)
        )

    async def act(self, request: Request) -> Response:
        """Do what the buyer chose, then send them back to the product."""
        trade = self._world.store.get("trade", request.path_params["trade_no"])
        if trade is None or trade["status"] != "WAIT_BUYER_PAY":
            return await self.cashier(request)
        action = await choice(request, "action")
        if action == "pay":
            trades.pay(self._world, trade)
            self._world.store.flush()
            if trade["return_url"]:
                return go(self._return_address(trade))
        elif action in {"close", "expire"}:
            trades.close(self._world, trade)
            self._world.store.flush()
            if trade["return_url"]:
                return go(trade["return_url"])
        return await self.cashier(request)

    def _return_address(self, trade: Document) -> str:
        """Return the address with its signed parameters, which are for display only."""
        if not trade["return_url"]:
            return ""
        config = self._world.config.alipay
        fields = {
            "charset": "utf-8",
            "out_trade_no": trade["out_trade_no"],
            "method": "alipay.trade.page.pay.return",
            "total_amount": yuan(trade["amount"]),
            "trade_no": trade["id"],
            "auth_app_id": config.app_id,
            "version": "1.0",
            "app_id": config.app_id,
            "seller_id": config.seller_id,
            "timestamp": self._world.clock.beijing(),
            "sign_type": "RSA2",
        }
        fields["sign"] = self._keys.sign(signed_text(fields, without=("sign", "sign_type")))
        joint = "&" if "?" in trade["return_url"] else "?"
        return f"{trade['return_url']}{joint}{urlencode(fields)}"

    async def dashboard(self, request: Request) -> Response:
        """Show the newest trades, payouts and notifications."""
        del request
        store = self._world.store
        deliveries = store.where("delivery", channel="alipay")
        return show(
            "alipay_dashboard.html",
            place="alipay",
            balance=held(self._world, self._world.config.alipay.seller_id),
            trades=store.all("trade")[::-1][:_ROWS],
            transfers=store.all("alipay_transfer")[::-1][:_ROWS],
            deliveries=deliveries[::-1][:_ROWS],
        )

    async def act_on_trade(self, request: Request) -> Response:
        """Refund or finish a trade, or send a notification again."""
        action = await choice(request, "action")
        key = await choice(request, "id")
        if action == "redeliver":
            self._world.courier.redeliver(key)
        trade = self._world.store.get("trade", key)
        if trade is not None and action == "refund" and trade["status"] == "TRADE_SUCCESS":
            left = trade["amount"] - trade["refunded"]
            give_back(self._world, trade, f"dashboard{secrets.token_hex(6)}", left)
        elif trade is not None and action == "finish":
            trades.finish(self._world, trade)
        self._world.store.flush()
        return go(_DASHBOARD)


def _message(title: str, text: str, status: int, address: str = "") -> Response:
    return show(
        "message.html",
        status=status,
        provider="Alipay",
        title=title,
        text=text,
        choices=[],
        address=address,
    )
