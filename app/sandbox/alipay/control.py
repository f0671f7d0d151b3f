"""Control endpoints of the Alipay double."""

import secrets
from typing import Literal

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.alipay import trades, transfers
from app.sandbox.alipay.notify import notify_trade
from app.sandbox.alipay.refunds import give_back
from app.sandbox.control import Body, read
from app.sandbox.world import World


class TradeBody(Body):
    """What happens to a trade; a refund gives back all that is left when no amount (in fen) is said."""

    act: Literal["pay", "close", "finish", "refund", "notify"]
    amount: int | None = Field(default=None, ge=1)


class AlipayControl:
    """What can be done to Alipay from behind the scenes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """Return the addresses below `/_control`."""
        return [
            Route("/alipay/trades/{out_trade_no}", self.change, methods=["POST"]),
            Route("/alipay/accounts/{user_id}/block", self.block, methods=["POST"]),
            Route("/alipay/transfers/{out_biz_no}/return", self.give_back, methods=["POST"]),
        ]

    async def change(self, request: Request) -> Response:
        """Do something to the trade with this merchant number."""
        body = await read(request, TradeBody)
        found = self._world.store.where("trade", out_trade_no=request.path_params["out_trade_no"])
        if not found:
            raise HTTPException(404, "No such trade.")
        trade = found[0]
        left = trade["amount"] - trade["refunded"]
        match body.act:
            case "pay":
                trades.pay(self._world, trade)
            case "close":
                trades.close(self._world, trade)
            case "finish":
                trades.finish(self._world, trade)
            case "notify":
                notify_trade(self._world, trade)
            case "refund":
                amount = body.amount or left
                if trade["status"] != "TRADE_SUCCESS" or amount > left:
                    raise HTTPException(409, "That cannot be refunded.")
                give_back(self._world, trade, f"control{secrets.token_hex(6)}", amount)
        self._world.store.flush()
        return JSONResponse(trade)

    async def block(self, request: Request) -> Response:
        """Let payouts to an account fail from now on."""
        user = request.path_params["user_id"]
        self._world.store.put("alipay_blocked", user, {"id": user})
        self._world.store.flush()
        return JSONResponse({"user_id": user}, status_code=201)

    async def give_back(self, request: Request) -> Response:
        """Let a payout come back."""
        made = self._world.store.get("alipay_transfer", request.path_params["out_biz_no"])
        if made is None:
            raise HTTPException(404, "No such payout.")
        transfers.give_back(self._world, made)
        self._world.store.flush()
        return JSONResponse(made)
