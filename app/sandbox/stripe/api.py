"""Answers Stripe API requests: authentication, checks, idempotency, faults, envelope."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from stripe import api_version

from app.sandbox.faults import suffer
from app.sandbox.stripe.call import Call, Route, new_id, routes
from app.sandbox.stripe.checks import check
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.forms import FormError, parse_form
from app.sandbox.stripe.lists import expanded
from app.sandbox.world import World

_KEY_LIFETIME_SECONDS = 24 * 3600
_KEEP_KEYS = 100_000
_MAX_KEY = 255


@dataclass(frozen=True)
class Answer:
    """What goes back: a status, a JSON text, and whether it is a stored one."""

    status: int
    body: str
    replayed: bool = False
    original_request: str | None = None


class StripeApi:
    """The API under `/stripe/v1`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: Request) -> ASGIApp:
        """Answer one request."""
        request_id = new_id("req")
        fault = self._world.faults.draw(request.method, request.url.path)
        if fault is not None and fault.when == "before":
            broken = await suffer(fault)
            if broken is not None:
                return broken
            if fault.kind == "status":
                return _response(_injected(fault.status), request_id, request)
        text = (
            request.url.query
            if request.method in {"GET", "DELETE"}
            else (await request.body()).decode("utf-8", "replace")
        )
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        answer = self._keyed(request, text, request_id, key)
        self._world.requests.append(
            {
                "provider": "stripe",
                "method": request.method,
                "path": request.url.path,
                "body": text,
                "idempotency_key": key,
                "status": answer.status,
                "replayed": answer.replayed,
                "request_id": request_id,
            }
        )
        self._world.store.flush()
        if fault is not None and fault.when == "after":
            broken = await suffer(fault)
            if broken is not None:
                return broken
            if fault.kind == "status":
                return _response(_injected(fault.status), request_id, request)
        return _response(answer, request_id, request)

    def _keyed(self, request: Request, text: str, request_id: str, key: str | None) -> Answer:
        try:
            account = self._authenticate(request)
            path = request.url.path.removeprefix("/stripe")
            route, parts = self._route(request.method, path)
            if account is not None and not route.on_account:
                raise StripeRefusal(
                    "The sandbox does not simulate this call on a connected account."
                )
            if key is None:
                return self._perform(Call(self._world, {}, parts, account, request_id), route, text)
            if len(key) > _MAX_KEY:
                raise StripeRefusal("Idempotency keys may have at most 255 characters.")
            slot = f"{account or ''}:{key}"
            fingerprint = hashlib.sha256(f"{path}\n{text}".encode()).hexdigest()
            stored = self._stored(slot, fingerprint, key)
            if stored is not None:
                return stored
            call = Call(self._world, {}, parts, account, request_id, key)
            return self._perform(call, route, text, slot, fingerprint)
        except StripeRefusal as refusal:
            return _refused(refusal)

    def _authenticate(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise StripeRefusal(
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth.",
                status=401,
            )
        if scheme.lower() != "bearer" or token != self._world.config.stripe.secret_key:
            raise StripeRefusal(f"Invalid API Key provided: {token[:8]}***", status=401)
        account = request.headers.get("stripe-account")
        if account is not None and self._world.store.get("account", account) is None:
            raise StripeRefusal(
                f"The provided key does not have access to account '{account}' (or that account does not exist).",
                status=403,
                code="account_invalid",
            )
        return account

    @staticmethod
    def _route(method: str, path: str) -> tuple[Route, dict[str, str]]:
        match = routes.match(method, path)
        if match is None:
            raise StripeRefusal(
                f"Unrecognized request URL ({method}: {path}). The sandbox does not simulate it.",
                status=404,
            )
        return match

    def _stored(self, slot: str, fingerprint: str, key: str) -> Answer | None:
        stored = self._world.store.get("idempotency_key", slot)
        if stored is None or stored["at"] < self._world.clock.now() - _KEY_LIFETIME_SECONDS:
            return None
        if stored["fingerprint"] != fingerprint:
            raise StripeRefusal(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        return Answer(stored["status"], stored["body"], True, stored["request_id"])

    def _perform(
        self, call: Call, route: Route, text: str, slot: str | None = None, fingerprint: str = ""
    ) -> Answer:
        try:
            raw = parse_form(text)
        except FormError as error:
            raise StripeRefusal(str(error)) from error
        call.params = check(route.check, raw)
        # From here on the work has begun: Stripe remembers whatever comes out under the key.
        try:
            document = route.handler(call)
            document = expanded(call.store, document, call.params.get("expand", []))
            answer = Answer(200, json.dumps(document))
        except StripeRefusal as refusal:
            answer = _refused(refusal)
        if slot is not None:
            self._world.store.put(
                "idempotency_key",
                slot,
                {
                    "fingerprint": fingerprint,
                    "status": answer.status,
                    "body": answer.body,
                    "request_id": call.request_id,
                    "at": call.now,
                },
            )
            self._world.store.trim("idempotency_key", _KEEP_KEYS)
        return answer


def _refused(refusal: StripeRefusal) -> Answer:
    return Answer(refusal.status, json.dumps(refusal.body()))


def _injected(status: int) -> Answer:
    kinds: dict[int, dict[str, Any]] = {
        409: {
            "kind": "idempotency_error",
            "code": "idempotency_key_in_use",
        },
        429: {"code": "rate_limit"},
    }
    return _refused(
        StripeRefusal(
            "A failure asked for through the sandbox's control endpoint.",
            status=status,
            **{"kind": "api_error", **kinds.get(status, {})},
        )
    )


def _response(answer: Answer, request_id: str, request: Request) -> Response:
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("stripe-version", api_version),
    }
    if key := request.headers.get("idempotency-key"):
        headers["Idempotency-Key"] = key
        headers["Original-Request"] = answer.original_request or request_id
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(
        answer.body, status_code=answer.status, headers=headers, media_type="application/json"
    )
