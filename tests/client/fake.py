"""A small server over real sockets that answers as the vendor API does, or as a test tells it to."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.client import signing

ID = "0198c0de-0000-7000-8000-000000000001"
TOKEN = "vnd_NeverPrintThisToken"
PDF = b"%PDF-1.7 invoice"
DEVICE = {
    "id": ID,
    "device_id": signing.DEVICE,
    "user_omni": signing.USER,
    "generation": 0,
    "registered_at": "2026-11-01T00:00:00Z",
    "last_active_at": None,
    "a_field_of_tomorrow": [1],
}
USD = {"amount": "12.50", "currency": "USD"}
INVOICE = {"id": ID, "number": "TP-1", "status": "open", "total": USD}


AT = "2026-12-01T00:00:00Z"
ONBOARDED = {
    "onboarded": True,
    "api_key": "agk_NeverPrintThisKey",
    "tenant_uuid": ID,
    "tier": "free",
    "free_calls_remaining": 100,
}
AGENT_USAGE = {
    "tier": "free",
    "calls_used": 3,
    "calls_limit": 100,
    "calls_remaining": 97,
    "period_start": "2026-11-01T00:00:00Z",
    "period_end": AT,
    "payment_method_status": "none",
}
LIMITS = {
    "budget": {"amount": "25.00", "currency": "USD"},
    "hard_stop": True,
    "is_stopped": False,
    "spent": {"amount": "0.003", "currency": "USD"},
    "remaining": {"amount": "24.997", "currency": "USD"},
    "calls_charged": 3,
    "set_by": "a key",
    "period_end": AT,
}
KEY = {"id": ID, "label": "First key", "scopes": ["manage.read"], "created_at": AT}


@dataclass(frozen=True)
class Reply:
    """What to answer; ``hang_up`` closes the connection instead, ``keep_waiting`` never answers."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False
    keep_waiting: bool = False


@dataclass(frozen=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def refusal(status: int, reason: str, sentence: str = "No.", **more: Any) -> Reply:
    """An error in the API's envelope."""
    headers = more.pop("headers", {})
    body = {"error": sentence, "reason": reason, "request_id": "req-from-server", **more}
    return Reply(status, body, headers)


class FakeApi:
    """Answers the next of ``replies`` if there is one, else what the API would answer."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.seen: list[Seen] = []
        self.signer = signing.Signer()
        self.end = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.end.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Seen) -> Reply:
        if self.replies:
            return self.replies.pop(0)
        for pattern, reply in self.routes(request).items():
            if re.fullmatch(pattern, f"{request.method} {request.path}"):
                return reply
        return refusal(404, "not_found")

    def routes(self, request: Seen) -> dict[str, Reply]:
        """The whole vendor API, forgetful: the same answers whatever happened before."""
        vendor, one = "/v1/vendor", "[0-9a-f-]{36}"
        page = {"data": [DEVICE], "next_cursor": None}
        token = {"id": ID, "token": "vnd_a-new-secret", "label": "shop"}
        usage = {
            "month": request.query.get("month", "2026-11"),
            "active_devices": 5,
            "registered_devices": 7,
            "monthly_active_users": 4,
            "estimate": USD,
            "pro": {"gross": {"amount": "10.00", "currency": "USD"}, "share": USD},
        }
        registration = {
            "actor_omni": signing.ACTOR,
            "receipt": self.signer.receipt(iss=self.url),
            "policy_template": {"template": "ai-companion-basic", "version": 1},
            "created": True,
            "device": DEVICE,
        }
        return {
            f"POST {vendor}/devices/register": Reply(201, registration),
            f"POST {vendor}/devices/{one}/rekey": Reply(200, {**DEVICE, "generation": 1}),
            f"POST {vendor}/devices/{one}/release": Reply(200, {**DEVICE, "status": "released"}),
            f"GET {vendor}/devices/{one}": Reply(200, DEVICE),
            f"GET {vendor}/devices": Reply(200, page),
            f"GET {vendor}/usage": Reply(200, usage),
            f"GET {vendor}/invoices": Reply(200, {"data": [INVOICE], "next_cursor": None}),
            f"GET {vendor}/invoices/{one}": Reply(200, {**INVOICE, "lines": [{"quantity": 5}]}),
            f"GET {vendor}/invoices/{one}/pdf": Reply(200, PDF),
            f"GET {vendor}/audit": Reply(
                200, {"data": [{"id": ID, "kind": "device.registered"}], "next_cursor": None}
            ),
            f"POST {vendor}/tokens": Reply(201, token),
            f"POST {vendor}/tokens/{one}/rotate": Reply(201, token),
            f"DELETE {vendor}/tokens/{one}": Reply(204),
            "POST /v1/events": Reply(
                200,
                {"inserted": request.body.count(b'"type":'), "duplicates": 0},
            ),
            "POST /api/onboard/leadscoring": Reply(201, ONBOARDED),
            "POST /api/manage": Reply(200, {"ok": True, "request_id": "req_1", "data": {"id": ID}}),
            "GET /api/usage": Reply(200, AGENT_USAGE),
            "GET /api/billing/invoice": Reply(
                200, {"period": "2026-11", "usage": {}, "charges": {}, "invoice_id": None}
            ),
            "POST /api/upgrade/checkout": Reply(
                201, {"checkout_url": "https://pay.test/1", "expires_at": AT}
            ),
            "(GET|PUT) /api/spend-limits": Reply(200, LIMITS),
            "GET /api/keys": Reply(200, {"data": [KEY], "next_cursor": None}),
            "POST /api/keys": Reply(201, {**KEY, "api_key": "agk_a-new-secret"}),
            f"POST /api/keys/{one}/rotate": Reply(201, {**KEY, "api_key": "agk_a-new-secret"}),
            f"DELETE /api/keys/{one}": Reply(200, KEY),
            r"GET /\.well-known/jwks\.json": Reply(200, self.signer.jwks),
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Seen(self.command, parts.path, query, headers, body)
                api.seen.append(request)
                reply = api.answer(request)
                if reply.keep_waiting:
                    api.end.wait(60)
                if reply.hang_up or reply.keep_waiting:
                    self.close_connection = True
                    return
                content = reply.body if isinstance(reply.body, bytes) else b""
                if isinstance(reply.body, dict | list):
                    content = json.dumps(reply.body).encode()
                self.send_response_only(reply.status)
                for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        return Handler
