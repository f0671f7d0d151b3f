"""What a provider's own answer was called, kept aside for whoever writes calls down."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Upstream:
    """The newest answer of a call: HTTP status (0: none came) and the provider's id of the request."""

    http_status: int = 0
    request_id: str = ""


_listening: ContextVar[tuple[Upstream, ...]] = ContextVar("upstream", default=())


@contextmanager
def listening() -> Generator[Upstream]:
    """Note the answers to the calls made meanwhile."""
    heard = Upstream()
    token = _listening.set((*_listening.get(), heard))
    try:
        yield heard
    finally:
        _listening.reset(token)


def note(http_status: int, request_id: object) -> None:
    """Note an answer for whoever listens."""
    for heard in _listening.get():
        heard.http_status = http_status
        heard.request_id = request_id[:100] if isinstance(request_id, str) else ""
