"""Calls to Alipay's gateway: signed by us, believed only when signed by Alipay."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any, Final, cast
from urllib.parse import urlencode

import httpx
import structlog

from app.core.clock import wall_now
from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers import upstream
from app.providers.alipay.keys import Keys, signed_text
from app.providers.alipay.settings import AlipaySettings
from app.providers.loops import PerLoop
from app.providers.tls import trusted

SECONDS = 20.0
"""Time-out of one call."""
BEIJING: Final = dt.timezone(dt.timedelta(hours=8))
TOKEN: Final = "alipay.system.oauth.token"  # noqa: S105 - the name of a call

UNSIGNED: Final = "unsigned_answer"
"""Why an answer counts for nothing: Alipay signs none to a call whose signature it does not know."""

_REFUSED: Final = ("20001", "40001", "40002", "40003", "40004", "40006")
"""Codes that mean no. Every other one (20000: temporary, 40005: too many calls) is an unknown end."""
_UNKNOWN: Final = re.compile(r"SYSTEM_ERROR|TRADE_SETTLE_ERROR|unknow")
_SPACE: Final = re.compile(r"[ \t\r\n]*")

log = structlog.get_logger(__name__)


class Gateway:
    """What the adapter calls Alipay by."""

    def __init__(self, settings: AlipaySettings, keys: Keys, *, seconds: float = SECONDS) -> None:
        self._settings = settings
        self._keys = keys
        self._seconds = seconds
        self._clients = PerLoop(self._make, httpx.AsyncClient.aclose)

    async def close(self) -> None:
        """Give back every connection."""
        await self._clients.close()

    def address(self, method: str, biz: dict[str, Any], **more: str) -> str:
        """Return a signed address for a browser to open."""
        params = self._signed(method, {"biz_content": _compact(biz), **more})
        return f"{self._settings.gateway_url}?{urlencode(params)}"

    async def call(
        self, method: str, biz: dict[str, Any] | None = None, **more: str
    ) -> dict[str, Any]:
        """Return what Alipay answered to a call that succeeded.

        Raises ``ProviderRefusedError`` for a signed no, with its ``code`` and ``sub_code``.
        Anything else, and above all an answer nobody signed, is ``ProviderDownError``: what became
        of the call is not known.
        """
        content = {} if biz is None else {"biz_content": _compact(biz)}
        params = self._signed(method, {**content, **more})
        body = {"biz_content": params.pop("biz_content")} if content else {}
        try:
            response = await self._clients.here().post(
                self._settings.gateway_url, params=params, data=body
            )
        except httpx.HTTPError as error:
            log.warning("alipay.down", method=method, kind=type(error).__name__)
            raise _down() from error
        upstream.note(response.status_code, response.headers.get("trace_id"))
        if response.status_code != 200:
            log.warning("alipay.down", method=method, status=response.status_code)
            raise _down()
        return _judged(method, self._read(method, response.content))

    def _make(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._seconds, verify=trusted())

    def _signed(self, method: str, more: dict[str, str]) -> dict[str, str]:
        # The machine's time, in Beijing's zone: the outside world does not live in our clock.
        params = {
            "app_id": self._settings.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": beijing(wall_now()),
            "version": "1.0",
            **self._keys.serials,
            **more,
        }
        params = {name: value for name, value in params.items() if value}
        params["sign"] = self._keys.sign(signed_text(params, without=("sign",)))
        return params

    def _read(self, method: str, body: bytes) -> dict[str, Any]:
        """Return the document in an answer, once Alipay's signature over its very bytes holds."""
        try:
            members = _members(body.decode())
        except (ValueError, RecursionError) as error:
            log.warning("alipay.unreadable", method=method)
            raise _down() from error
        name = method.replace(".", "_") + "_response"
        signature = members.get("sign", ("", ""))[0]
        for each in (name, "error_response"):
            if each not in members:
                continue
            document, text = members[each]
            if isinstance(signature, str) and isinstance(document, dict):
                # Alipay may have signed its text before it escaped the slashes in it.
                for variant in (text, text.replace("\\/", "/")):
                    if self._keys.is_from_alipay(variant.encode(), signature):
                        return cast("dict[str, Any]", document)
            log.warning("alipay.unsigned", method=method, said=text[:300])
        raise _down(UNSIGNED)


def beijing(at: dt.datetime) -> str:
    """Write an instant the way Alipay does."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def from_beijing(text: str) -> dt.datetime:
    """Read Alipay's time, which may carry a fraction; raises ``ValueError``."""
    at = dt.datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - it names no zone
    return at.replace(tzinfo=BEIJING).astimezone(dt.UTC)


def _judged(method: str, answer: dict[str, Any]) -> dict[str, Any]:
    code, sub_code = str(answer.get("code", "")), str(answer.get("sub_code", ""))
    succeeded = code == "10000" or (method == TOKEN and not code)
    if succeeded:
        return answer
    if code not in _REFUSED or _UNKNOWN.search(sub_code):
        log.warning("alipay.down", method=method, code=code, sub_code=sub_code)
        raise _down()
    said = answer.get("sub_msg") or answer.get("msg") or code
    raise ProviderRefusedError(f"Alipay refused: {said}", code=code, sub_code=sub_code)


def _down(reason: str | None = None) -> ProviderDownError:
    said = "Alipay did not answer. Please try again in a minute."
    return ProviderDownError(said, reason=reason)


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _members(text: str) -> dict[str, tuple[Any, str]]:
    """Return the members of a JSON object, each with the exact text of its value.

    The signature covers that text as it was sent: writing the value anew would give another one.
    """
    decoder = json.JSONDecoder()
    members: dict[str, tuple[Any, str]] = {}
    at = _past(text, 0, "{")
    while True:
        name, end = decoder.raw_decode(text, _skip(text, at))
        start = _skip(text, _past(text, end, ":"))
        value, end = decoder.raw_decode(text, start)
        if not isinstance(name, str) or name in members:
            raise ValueError("not an answer of Alipay's")
        members[name] = (value, text[start:end])
        at = _skip(text, end)
        if text[at : at + 1] != ",":
            break
        at += 1
    if text[_past(text, at, "}") :].strip():
        raise ValueError("something follows the answer")
    return members


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _past(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        raise ValueError(f"{sign} expected")
    return at + 1
