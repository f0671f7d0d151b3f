"""The Alipay gateway: verifies a call's signature, answers with a signed document."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from app.sandbox.alipay import oauth
from app.sandbox.alipay.call import AlipayCall, AlipayRefusal, methods, read_content
from app.sandbox.alipay.signing import Keys, signed_text
from app.sandbox.alipay.trades import PagePay, open_trade
from app.sandbox.clock import wall_time
from app.sandbox.faults import suffer
from app.sandbox.pages.render import go, show
from app.sandbox.store import Document
from app.sandbox.world import World

_PAGE_PAY = "alipay.trade.page.pay"
_TOKEN = "alipay.system.oauth.token"  # noqa: S105 - the name of a method
_BEIJING = timezone(timedelta(hours=8))
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

# A stamp that is hours off by less than a day comes from a server that writes its local time or UTC.
_LEAST_WRONG_SECONDS = 30 * 60
_MOST_WRONG_SECONDS = 26 * 3_600


class Gateway:
    """`/alipay/gateway.do`."""

    def __init__(self, world: World, keys: Keys) -> None:
        self._world = world
        self._keys = keys

    async def answer(self, request: Request) -> ASGIApp:
        """Answer a call of the product, or show the cashier to a browser."""
        params = await _params(request)
        name = params.get("method", "")
        fault = self._world.faults.draw(request.method, f"{request.url.path}?method={name}")
        if fault is not None and fault.when == "before":
            failure = await suffer(fault) or _failed(fault.kind, fault.status)
            if failure is not None:
                return failure
        response = self._answer(name, params)
        self._world.requests.append(
            {
                "provider": "alipay",
                "method": name,
                "path": f"{request.url.path}?method={name}",
                "body": params.get("biz_content", ""),
                "status": response.status_code,
            }
        )
        self._world.store.flush()
        if fault is not None and fault.when == "after":
            failure = await suffer(fault) or _failed(fault.kind, fault.status)
            if failure is not None:
                return failure
        return response

    def _answer(self, name: str, params: dict[str, str]) -> Response:
        try:
            self._verify(params)
        except AlipayRefusal as refusal:
            # Such answers are not signed: the caller must treat them as unknown.
            if name == _PAGE_PAY:
                return _error_page(refusal)
            return _json(json.dumps({"error_response": refusal.body}, ensure_ascii=False))
        if name == _PAGE_PAY:
            return self._page_pay(params)
        key = f"{name.replace('.', '_')}_response"
        try:
            if name == _TOKEN:
                # The one answer without a code: its fields alone say that it worked.
                return self._signed(key, oauth.exchange(self._world, params))
            answer = self._call(name, params)
            return self._signed(key, {"code": "10000", "msg": "Success", **answer})
        except oauth.CodeError as error:
            return self._signed("error_response", error.body)
        except AlipayRefusal as refusal:
            return self._signed(key, refusal.body)

    def _call(self, name: str, params: dict[str, str]) -> Document:
        known = methods.get(name)
        if known is None:
            raise AlipayRefusal("isv.invalid-method", f"{name!r} is not simulated", code="40002")
        biz = read_content(known.content, params.get("biz_content", ""))
        return known.handler(AlipayCall(self._world, params, biz))

    def _page_pay(self, params: dict[str, str]) -> Response:
        try:
            biz = read_content(PagePay, params.get("biz_content", ""))
            trade = open_trade(AlipayCall(self._world, params, biz))
        except AlipayRefusal as refusal:
            return _error_page(refusal)
        return go(f"/alipay/cashier/{trade['id']}")

    def _verify(self, params: dict[str, str]) -> None:
        fixed = {"app_id": self._world.config.alipay.app_id, "sign_type": "RSA2", "version": "1.0"}
        for name in ("app_id", "method", "charset", "sign_type", "sign", "timestamp", "version"):
            if not params.get(name):
                raise AlipayRefusal(f"isv.missing-{name.replace('_', '-')}", name, code="40001")
            if name in fixed and params[name] != fixed[name]:
                raise AlipayRefusal(f"isv.invalid-{name.replace('_', '-')}", name, code="40002")
        if params["charset"].lower() != "utf-8":
            raise AlipayRefusal("isv.invalid-charset", "only utf-8 is simulated", code="40002")
        if params.get("format", "JSON").upper() != "JSON":
            raise AlipayRefusal("isv.invalid-format", "only JSON", code="40002")
        _check_stamp(self._world, params["timestamp"], is_page=params["method"] == _PAGE_PAY)
        text = signed_text(params, without=("sign",))
        if not self._keys.is_from_merchant(text, params["sign"]):
            raise AlipayRefusal("isv.invalid-signature", "验签出错", code="40002")

    def _signed(self, key: str, document: Document) -> Response:
        # The signature covers exactly these characters, so they are written once and pasted in.
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        signature = self._keys.sign(text.encode())
        return _json(f'{{"{key}":{text},"sign":"{signature}"}}')


async def _params(request: Request) -> dict[str, str]:
    params = dict(request.query_params)
    if request.method == "POST":
        body = (await request.body()).decode("utf-8", "replace")
        params |= dict(parse_qsl(body, keep_blank_values=True))
    return params


def _check_stamp(world: World, stamp: str, *, is_page: bool) -> None:
    if not _STAMP.fullmatch(stamp):
        raise AlipayRefusal("isv.invalid-timestamp", "yyyy-MM-dd HH:mm:ss", code="40002")
    try:
        when = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    except ValueError as error:
        raise AlipayRefusal("isv.invalid-timestamp", "no such time", code="40002") from error
    if is_page:  # a signed address is opened when somebody clicks, which may be hours later
        return
    seconds = when.replace(tzinfo=_BEIJING).astimezone(UTC).timestamp()
    gaps = [abs(seconds - now) for now in (wall_time(), world.clock.now())]
    if min(gaps) > _LEAST_WRONG_SECONDS and any(gap < _MOST_WRONG_SECONDS for gap in gaps):
        raise AlipayRefusal(
            "isv.invalid-timestamp", "the timestamp is not Beijing time", code="40002"
        )


def _json(text: str) -> Response:
    return Response(text, media_type="application/json;charset=utf-8")


def _failed(kind: str, status: int) -> Response | None:
    if kind != "status":
        return None
    if status != 503:
        return Response("Failure asked for through the sandbox.", status_code=status)
    # 503 stands for the gateway's own "temporary, outcome unknown".
    refusal = AlipayRefusal("aop.unknow-error", "系统繁忙", code="20000")
    return _json(json.dumps({"error_response": refusal.body}, ensure_ascii=False))


def _error_page(refusal: AlipayRefusal) -> Response:
    return show(
        "message.html",
        status=400,
        provider="Alipay",
        title="Alipay refuses this payment",
        text=f"{refusal.body['sub_code']}: {refusal.body['sub_msg']}",
        choices=[],
        address="",
    )
