"""A provider whose secrets lie in the vault: opened for each call, and never without a trace."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from app.core.errors import DomainError, ProviderDownError, ProviderRefusedError
from app.providers import upstream
from app.providers.kinds import Adapter, Payment
from app.providers.upstream import Upstream
from app.providers.verbs import Relay, Verb


@dataclass(frozen=True, slots=True)
class Opened:
    """One use of a provider's secrets, which is written down; they never show."""

    provider: str
    action: str
    secrets: Mapping[str, str] = field(repr=False)
    ticket: Any = None


class Desk(Protocol):
    """Where secrets are asked for and what came of it is told."""

    async def begin(self, provider: str, action: str, arguments: Mapping[str, Any]) -> Opened:
        """Open the secrets for one call; the trace is durable when this returns.

        Raises ``ProviderDownError`` for an action that is switched off, or a vault that stays shut.
        """
        ...

    async def end(self, opened: Opened, answer: Upstream, error: DomainError | None) -> None:
        """Write down how the call ended."""
        ...


@dataclass(slots=True)
class _Lease:
    """An adapter made with certain secrets, and how many calls are under way on it."""

    secrets: Mapping[str, str]
    adapter: Adapter
    calls: int = 0
    is_current: bool = True


class VaultedProvider(Relay):
    """Implements ``Adapter`` by a direct one that is made anew whenever its secrets changed."""

    def __init__(self, payment: Payment, desk: Desk) -> None:
        super().__init__(payment.adapter)
        self._payment = payment
        self._desk = desk
        self._lease: _Lease | None = None
        self._lock = threading.Lock()  # the loop that serves and the one of the workflows both call

    async def close(self) -> None:
        """Give back every connection."""
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.adapter.close()

    async def _do(self, verb: Verb, arguments: dict[str, Any]) -> Any:
        opened = await self._desk.begin(self.slug, verb.name, arguments)
        with upstream.listening() as answer:
            try:
                result = await self._called(verb, arguments, opened.secrets)
            except DomainError as error:
                await self._desk.end(opened, answer, error)
                raise
        await self._desk.end(opened, answer, None)
        return result

    async def _called(
        self, verb: Verb, arguments: dict[str, Any], secrets: Mapping[str, str]
    ) -> Any:
        lease, old = self._take(secrets)
        if old is not None:
            await old.adapter.close()
        try:
            return await getattr(lease.adapter, verb.name)(**arguments)
        finally:
            if self._give_back(lease):
                await lease.adapter.close()

    def _take(self, secrets: Mapping[str, str]) -> tuple[_Lease, _Lease | None]:
        """Return the adapter for these secrets, and one before it that nobody uses any more."""
        with self._lock:
            old = None
            if self._lease is None or self._lease.secrets != secrets:
                new = _Lease(secrets, self._made(secrets))
                if self._lease is not None:
                    self._lease.is_current = False
                    old = self._lease if not self._lease.calls else None
                self._lease = new
            self._lease.calls += 1
            return self._lease, old

    def _give_back(self, lease: _Lease) -> bool:
        """Count a call as ended; tell whether the adapter was replaced meanwhile and is idle now."""
        with self._lock:
            lease.calls -= 1
            return not lease.is_current and not lease.calls

    def _made(self, secrets: Mapping[str, str]) -> Adapter:
        settings = {one.name: one.setting for one in self._payment.secrets}
        values = {settings[name]: value for name, value in secrets.items() if name in settings}
        try:
            adapter = self._payment.make(values)
        except ValidationError as error:
            # Never its text, which shows what was given: a secret.
            why = "; ".join(str(one["msg"]) for one in error.errors(include_input=False))
            raise ProviderDownError(f"{self.slug} is set up wrongly: {why}.") from None
        except ValueError as error:
            raise ProviderDownError(f"{self.slug} is set up wrongly: {error}.") from error
        if adapter is None:
            raise ProviderRefusedError(
                f"{self.slug} is not set up here.", reason="provider_not_configured"
            )
        return adapter
