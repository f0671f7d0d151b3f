"""What the contract suite must know of an adapter: a file in ``samples/`` says it for each."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.discover import import_all
from app.providers.kinds import Adapter
from app.services.ports import EventKind, NotificationSource
from tests.providers import samples
from tests.providers.outside import Outside
from tests.sandbox.receiver import Note

PATIENCE = 20.0
"""Seconds an adapter waits for an answer, where no test is about that."""


@dataclass(frozen=True)
class Prepared:
    """Things at the provider that calls are about; a sample fills in what its provider has."""

    until: dt.datetime
    customer: str = ""
    page: str = ""
    payment: str = ""
    method: str = ""
    invoice: str = ""
    account: str = ""


@dataclass(frozen=True)
class Call:
    """One call of an adapter.

    ``route`` is what it is at the sandbox, for faults; empty for one that asks nobody. ``makes``
    names what exists once more after it, and only once however often it is made under one key;
    ``lasts`` says that this holds even after the provider forgot the key. After a call that
    ``spends`` its thing, nothing else can be done with it.
    """

    name: str
    route: str
    make: Callable[[Any, Prepared, str], Awaitable[Any]]
    makes: str = ""
    lasts: bool = False
    spends: bool = False


class SourceSample(abc.ABC):
    """How notifications of a source are made, by material that is not the adapter's."""

    slug: str
    path: str
    kinds: frozenset[EventKind]
    """Everything this source can tell of."""
    has_window = True
    """Whether a signature is good for a few minutes only."""

    @abc.abstractmethod
    def source(self, outside: Outside) -> NotificationSource:
        """Return the source with its secret."""

    @abc.abstractmethod
    def without_secret(self) -> NotificationSource:
        """Return the source of an installation that set no secret."""

    @abc.abstractmethod
    def write(
        self,
        outside: Outside,
        *,
        at: dt.datetime,
        is_forged: bool = False,
        body: bytes | None = None,
    ) -> Note:
        """Return a notification signed at an instant, with a wrong key if forged; ``body`` as it is."""

    def rotated(self, outside: Outside, at: dt.datetime) -> Note | None:
        """Return a notification signed with an unknown key and ours, where one can be signed twice."""
        return None


class PaymentSample(abc.ABC):
    """How a payment provider is called, and what it can be made to tell."""

    slug: str
    name: str = ""
    """What tells it from another sample of the same provider."""
    sources: Sequence[SourceSample]
    unknown_currency: str = "GBP"

    @abc.abstractmethod
    def provider(
        self, outside: Outside, *, is_lost: bool = False, seconds: float = PATIENCE
    ) -> Adapter:
        """Return the adapter; one that is lost knocks where nobody listens."""

    @abc.abstractmethod
    async def prepare(self, provider: Any, outside: Outside) -> Prepared:
        """Make what the calls are about."""

    @abc.abstractmethod
    def calls(self) -> Sequence[Call]:
        """Return every call that reaches the provider."""

    @abc.abstractmethod
    def refusals(self) -> Mapping[str, Callable[[Any, Prepared], Awaitable[Any]]]:
        """Return calls that the provider says no to, by a name that says why."""

    @abc.abstractmethod
    async def story(self, provider: Any, outside: Outside) -> None:
        """Live through everything the provider sends notifications about."""

    @abc.abstractmethod
    def made(self, outside: Outside, kind: str) -> int:
        """Count the things of a kind at the provider."""


def _all(kind: type[Any]) -> list[Any]:
    found = [getattr(module, "SAMPLES", ()) for module in import_all(samples)]
    return [one for several in found for one in several if isinstance(one, kind)]


def payment_samples() -> list[PaymentSample]:
    return _all(PaymentSample)


def source_samples() -> list[SourceSample]:
    of_payments = [source for sample in payment_samples() for source in sample.sources]
    return [*of_payments, *_all(SourceSample)]
