"""A small Alipay merchant written from the contract sheet, with its own signing code."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from app.sandbox.clock import wall_time

BEIJING = dt.timezone(dt.timedelta(hours=8))
APP_ID = "2021000000000001"


class BadSignatureError(Exception):
    """The other side did not sign what it said."""


class Merchant:
    """Signs and verifies with the `openssl` program, so that the double's own code is not its judge."""

    def __init__(self, gateway: str, keys: dict[str, Path], http: httpx.Client) -> None:
        self.gateway = gateway
        self.keys = keys
        self.http = http

    def sign(self, text: bytes) -> str:
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.keys["merchant_private"]],
            input=text,
            capture_output=True,
            check=True,
        )
        return base64.b64encode(done.stdout).decode()

    def verify(self, text: bytes, signature: str, folder: Path) -> None:
        file = folder / "signature"
        file.write_bytes(base64.b64decode(signature))
        done = subprocess.run(
            [
                *("openssl", "dgst", "-sha256", "-verify", self.keys["alipay_public"]),
                *("-signature", file),
            ],
            input=text,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise BadSignatureError(text.decode())

    def params(self, method: str, biz: dict[str, Any] | None, **more: str) -> dict[str, str]:
        params = {
            "app_id": APP_ID,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": stamp(BEIJING),
            "version": "1.0",
            **({} if biz is None else {"biz_content": json.dumps(biz, ensure_ascii=False)}),
            **more,
        }
        params["sign"] = self.sign(canonical(params, "sign"))
        return params

    def call(self, method: str, biz: dict[str, Any] | None, **more: str) -> dict[str, Any]:
        """Return the response object of a call, whatever it is."""
        return self.send(self.params(method, biz, **more))

    def send(self, params: dict[str, str]) -> dict[str, Any]:
        answer = self.http.post(self.gateway, data=params)
        answer.raise_for_status()
        document = answer.json()
        document.pop("sign", None)
        (body,) = document.values()
        return body

    def page_url(self, biz: dict[str, Any], **more: str) -> str:
        return f"{self.gateway}?{urlencode(self.params('alipay.trade.page.pay', biz, **more))}"


def stamp(zone: dt.tzinfo) -> str:
    """The wall's time, which the gateway compares with."""
    return dt.datetime.fromtimestamp(wall_time(), zone).strftime("%Y-%m-%d %H:%M:%S")


def canonical(params: dict[str, str], *without: str) -> bytes:
    kept = sorted((k, v) for k, v in params.items() if k not in without and v)
    return "&".join(f"{k}={v}" for k, v in kept).encode()


def form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))
