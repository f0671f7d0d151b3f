"""The desk of this process: opens the vault for the adapters, and refuses what is switched off."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from app.core.errors import DomainError, ProviderDownError, UnavailableError
from app.providers.registry import payment_kinds
from app.providers.upstream import Upstream
from app.providers.vaulted import Opened
from app.providers.verbs import VERBS, can
from app.services import allow_list, tracing, vault
from app.services.calling import Caller, caller
from app.services.context import Context
from app.services.executor import CARDS, FACADE
from app.services.vault import Keys


class OpenContext(Protocol):
    """Gives a unit of work to the system."""

    def __call__(self, *, quiet: bool = False) -> AbstractAsyncContextManager[Context]:
        """Open one."""
        ...


@dataclass(frozen=True, slots=True)
class _Ticket:
    by: Caller
    tenant_id: UUID | None


class VaultDesk:
    """Implements ``providers.vaulted.Desk`` over this installation's database."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.open_context: OpenContext | None = None
        self._is_published = False

    async def publish(self, ctx: Context) -> None:
        """Give everything this program can do its line in the allow-list."""
        await allow_list.publish(ctx, catalogue())
        self._is_published = True

    async def begin(self, provider: str, action: str, arguments: Mapping[str, Any]) -> Opened:
        """Open a provider's secrets for one call; who had it done is durable when this returns."""
        by = caller()
        async with self._unit() as ctx:
            if not self._is_published:
                await self.publish(ctx)
            if not await allow_list.is_allowed(ctx, provider, action):
                raise ProviderDownError(
                    f"{provider}.{action} is switched off by operations.",
                    reason="action_not_allowed",
                )
            tenant_id = await tracing.whose(ctx, provider, by, arguments)
            try:
                secrets = await vault.use(ctx, self.keys, provider, action, by, tenant_id)
            except UnavailableError as error:
                raise ProviderDownError(error.message, reason=error.reason) from error
        return Opened(provider, action, secrets, _Ticket(by, tenant_id))

    async def end(self, opened: Opened, answer: Upstream, error: DomainError | None) -> None:
        """Write down how a call ended."""
        ticket: _Ticket = opened.ticket
        body: dict[str, Any] = {
            "action": f"{opened.provider}.{opened.action}",
            "version": allow_list.VERSION,
            "upstream_status": answer.http_status,
            "upstream_request_id": answer.request_id,
        }
        if error is not None:
            body["reason"] = error.reason
        async with self._unit() as ctx:
            tracing.note(
                ctx,
                "executor.called",
                ticket.by,
                ticket.tenant_id,
                ("provider", opened.provider),
                body,
                result="failure" if error else "success",
            )

    def _unit(self) -> AbstractAsyncContextManager[Context]:
        assert self.open_context is not None  # noqa: S101 - the runtime gives it
        return self.open_context(quiet=True)


@cache
def catalogue() -> frozenset[tuple[str, str]]:
    """Return every (integration, action) that the executor can do."""
    calls = {
        (one.slug, verb) for one in payment_kinds() for verb in VERBS if can(one.adapter, verb)
    }
    return frozenset(calls | {(CARDS, action) for action in FACADE})
