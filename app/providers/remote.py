"""A provider in another process: every call goes to the executor, which alone holds the secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, cast

import httpx
import structlog

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers import wire
from app.providers.kinds import Payment
from app.providers.loops import PerLoop
from app.providers.tls import trusted
from app.providers.verbs import Relay, Verb
from app.services.calling import caller

PATH: Final = "/functions/v1/execute"
SECONDS: Final = 90.0
"""Time-out of one call: longer than any the executor makes, repeats included."""
LARGEST: Final = 64 << 10
"""Bytes of params that the executor takes."""

log = structlog.get_logger(__name__)


class ExecutorClient:
    """Speaks to one executor."""

    def __init__(self, url: str, token: str, *, seconds: float = SECONDS) -> None:
        self._url = url.rstrip("/") + PATH
        self._token = token
        self._seconds = seconds
        self._clients = PerLoop(self._make, httpx.AsyncClient.aclose)

    async def close(self) -> None:
        """Give back every connection."""
        await self._clients.close()

    async def execute(self, order: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the envelope of an answer; raises ``ProviderDownError`` without one."""
        try:
            response = await self._clients.here().post(
                self._url,
                json=order,
                headers={
                    "Authorization": f"Bearer {self._token}",
                    "X-Request-ID": caller().request_id,
                },
            )
            body: Any = response.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("executor.down", action=order["action"], kind=type(error).__name__)
            raise _down() from error
        if not isinstance(body, dict):
            raise _down()
        return response.status_code, cast("dict[str, Any]", body)

    def _make(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._seconds, verify=trusted(), trust_env=False)


class RemoteProvider(Relay):
    """Implements ``Adapter`` by asking the executor; it knows what the provider can, and no secret."""

    def __init__(self, payment: Payment, client: ExecutorClient) -> None:
        super().__init__(payment.adapter)
        self._client = client

    async def close(self) -> None:
        """Give back every connection."""
        await self._client.close()

    async def _do(self, verb: Verb, arguments: dict[str, Any]) -> Any:
        params = {name: wire.write(value) for name, value in arguments.items()}
        key = params.pop("idempotency_key", None)
        text = json.dumps(params, sort_keys=True, separators=(",", ":"))
        if len(text.encode()) > LARGEST:
            raise ProviderRefusedError(
                f"The params of {verb.name} are larger than {LARGEST} bytes.", reason="too_large"
            )
        by = caller()
        order = {
            "tenant_id": str(by.tenant_id) if by.tenant_id else None,
            "integration": self.slug,
            "action": f"{self.slug}.{verb.name}",
            "params": params,
            "idempotency_key": key,
            "request_hash": hashlib.sha256(text.encode()).hexdigest(),
            "trace": {"actor_id": f"{by.kind}:{by.id}"},
        }
        status, body = await self._client.execute(order)
        if status == 200 and body.get("ok") is True:
            try:
                return wire.read(verb.result, body.get("data"))
            except ValueError as error:
                log.error("executor.unreadable", action=order["action"], problem=str(error))
                raise _down() from error
        raise _failure(str(order["action"]), status, body)


def _failure(action: str, status: int, body: Mapping[str, Any]) -> Exception:
    """Return what the executor says a provider said, or that it does not serve us.

    That it refuses us is nobody's refused payment: all goes on once it is mended.
    """
    code, meta = body.get("error_code"), body.get("result_meta")
    said = str(body.get("error_message_redacted") or "")
    told: dict[str, Any] = dict(cast("dict[str, Any]", meta)) if isinstance(meta, dict) else {}
    reason = str(told.pop("reason", "")) or None
    details: dict[str, Any] = {
        name: value
        for name, value in told.items()
        if isinstance(value, str | int) and name not in ("message", "retry_after")
    }
    if code == "PROVIDER_REFUSED" and said:
        return ProviderRefusedError(said, reason=reason, **details)
    if code == "PROVIDER_DOWN" and said:
        return ProviderDownError(said, reason=reason, **details)
    log.error("executor.refused", action=action, status=status, code=code)
    return _down()


def _down() -> ProviderDownError:
    return ProviderDownError("Payments are not available. Please try again in a minute.")
