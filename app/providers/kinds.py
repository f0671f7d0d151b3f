"""What the registry knows of an outside system: its settings, and the adapters they configure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic_settings import BaseSettings

from app.core.errors import DomainError
from app.services.ports import Mailer, NotificationSource, PaymentProvider


class Adapter(PaymentProvider, Protocol):
    """A payment provider that keeps connections open and can be tried."""

    async def close(self) -> None:
        """Give back every connection."""
        ...

    async def check(self) -> None:
        """Make a call that changes nothing; raises what any call would."""
        ...


class Sender(Mailer, Protocol):
    """A way mail leaves that can be tried."""

    async def check(self) -> None:
        """Reach the server without sending; raises what sending would."""
        ...


@dataclass(frozen=True, slots=True)
class Built:
    """The adapters that the environment configures; each may be missing."""

    adapter: Adapter | None = None
    sources: Sequence[NotificationSource] = ()
    sender: Callable[[str], Sender] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """An outside system: one line in the registry."""

    settings: type[BaseSettings]
    build: Callable[[], Built]


async def tried(one: Adapter | Sender) -> str:
    """Return what is wrong with an adapter, empty when nothing is."""
    try:
        await one.check()
    except DomainError as error:
        return error.message
    return ""
