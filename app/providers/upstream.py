"""What a provider's own answer was called, kept aside for whoever writes calls down."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Upstream:
    """The newest answer of a call: HTTP status (0: none came) and the provider's id of the request."""

    http_status: int = 0
    request_id: str = ""


_current: ContextVar[Upstream | None] = ContextVar("upstream", default=None)


def listen() -> Upstream:
    """Return where answers to the calls that follow in this task are noted."""
    heard = Upstream()
    _current.set(heard)
    return heard


def note(http_status: int, request_id: object) -> None:
    """Note an answer for whoever listens."""
    heard = _current.get()
    if heard is not None:
        heard.http_status = http_status
        heard.request_id = request_id[:100] if isinstance(request_id, str) else ""
