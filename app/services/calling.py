"""On whose behalf a provider is called: known where it is called, told where its secret is opened."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has a provider called, for whom, and within which request."""

    kind: str = "system"
    id: str = ""
    tenant_id: UUID | None = None
    request_id: str = ""
    ip: str = ""
    trace: Mapping[str, str] = field(default_factory=dict[str, str])
    """What another process said of itself; nobody vouches for it."""


_NOBODY = Caller()
_caller: ContextVar[Caller] = ContextVar("caller", default=_NOBODY)


def caller() -> Caller:
    """Return on whose behalf this code runs."""
    return _caller.get()


@contextmanager
def calling(on_behalf_of: Caller) -> Generator[None]:
    """Let what runs meanwhile be done on somebody's behalf."""
    token = _caller.set(on_behalf_of)
    try:
        yield
    finally:
        _caller.reset(token)
