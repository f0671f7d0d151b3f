"""What the registry knows of an outside system: its settings, and the adapters they configure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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
class Secret:
    """What lets somebody act as us at a provider: the vault's name for it, and the settings it may be in.

    ``file`` is the setting that names a file with it, where there is one.
    """

    name: str
    setting: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment provider, taken apart: what calls it needs secrets, what hears of it needs none.

    ``make`` takes settings that go before the environment's; it returns None where the provider is
    not configured, and raises ``ValueError`` for settings that cannot be.
    """

    adapter: type[Any]
    secrets: Sequence[Secret]
    make: Callable[[Mapping[str, str]], Adapter | None]
    listen: Callable[[], Sequence[NotificationSource]]

    @property
    def slug(self) -> str:
        """The provider's name, here and in the vault."""
        return self.adapter.slug


@dataclass(frozen=True, slots=True)
class Kind:
    """An outside system: one line in the registry."""

    settings: type[BaseSettings]
    build: Callable[[], Built]
    payment: Payment | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A secret that lies in the environment, by the setting it lies in."""

    provider: str
    name: str
    setting: str
    value: str

    def __repr__(self) -> str:
        """Name it without showing it."""
        return f"Found({self.setting})"


def in_environment(kind: Kind) -> list[Found]:
    """Return the secrets of a provider that this process' environment holds.

    Raises ``ValueError`` for a file that cannot be read.
    """
    if kind.payment is None:
        return []
    settings = kind.settings()
    held = {
        str(field.validation_alias): getattr(settings, name)
        for name, field in type(settings).model_fields.items()
    }
    found: list[Found] = []
    for secret in kind.payment.secrets:
        if value := held[secret.setting].get_secret_value():
            found.append(Found(kind.payment.slug, secret.name, secret.setting, value))
        if secret.file and (name := str(held[secret.file])):
            found.append(Found(kind.payment.slug, secret.name, secret.file, _content(name)))
    return found


def _content(name: str) -> str:
    try:
        return Path(name).read_text()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from error


async def tried(one: Adapter | Sender) -> str | None:
    """Return what is wrong with an adapter, empty when nothing is; None for one that is not set up."""
    try:
        await one.check()
    except DomainError as error:
        return None if error.reason == "provider_not_configured" else error.message
    return ""
