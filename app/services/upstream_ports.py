"""What forwarded actions need of the outside: one HTTP exchange with an address that was checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """One request, and what limits it; ``headers`` hold secrets."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes
    timeout_seconds: int
    max_bytes: int
    may_be_private: bool


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """What came back, whatever its status; ``body`` is whole."""

    status: int
    content_type: str
    body: bytes
    retry_after: int | None = None


class Upstream(Protocol):
    """Calls services that an operator has allowed."""

    async def ask(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Return the answer; follows no redirect and keeps nothing between two requests.

        Raises ``ProviderDownError`` where there is none in time, where it is too large, and where
        the host's address is none that may be called.
        """
        ...

    async def close(self) -> None:
        """Give back every connection."""
        ...
