"""The calls of ``PaymentProvider``, read off the port itself, so that no list of them can grow stale."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

from app.core.errors import ProviderRefusedError
from app.providers.kinds import Adapter


@dataclass(frozen=True, slots=True)
class Verb:
    """One call: its name, its params with their types, and the type of its answer."""

    name: str
    signature: inspect.Signature
    params: Mapping[str, Any]
    result: Any


def _read() -> dict[str, Verb]:
    found: dict[str, Verb] = {}
    for name, function in inspect.getmembers(Adapter, inspect.iscoroutinefunction):
        if name == "close":
            continue
        hints = get_type_hints(function)
        result = hints.pop("return")
        found[name] = Verb(name, inspect.signature(function), hints, result)
    return found


VERBS: Final[Mapping[str, Verb]] = _read()


_NEEDS: Final = {
    "detach_method": "can_store_method",
    "open_invoice": "can_invoice",
    "charge_invoice": "can_invoice",
    "void_invoice": "can_invoice",
    "fetch_invoice": "can_invoice",
    "start_payout_onboarding": "can_pay_out",
    "pay_out": "can_pay_out",
}
"""Calls that not every provider takes, and the capability that says which do."""


def can(adapter: Any, verb: str) -> bool:
    """Tell whether a provider takes a call."""
    return bool(getattr(adapter, _NEEDS.get(verb, ""), True))


class Relay(abc.ABC):
    """Everything an ``Adapter`` can be asked, handed on to one place."""

    def __init__(self, adapter: type[Any]) -> None:
        self.slug: str = adapter.slug
        self.currencies: frozenset[str] = adapter.currencies
        self.can_store_method: bool = adapter.can_store_method
        self.can_invoice: bool = adapter.can_invoice
        self.can_pay_out: bool = adapter.can_pay_out

    @abc.abstractmethod
    async def _do(self, verb: Verb, arguments: dict[str, Any]) -> Any:
        """Do one call; ``arguments`` are all by name."""


def _relayed(verb: Verb) -> Callable[..., Awaitable[Any]]:
    async def call(self: Relay, *given: Any, **named: Any) -> Any:
        arguments = dict(verb.signature.bind(self, *given, **named).arguments)
        del arguments["self"]
        if not can(self, verb.name):
            raise ProviderRefusedError(
                f"{self.slug} does not do {verb.name}.", reason="not_supported"
            )
        return await self._do(verb, arguments)  # pyright: ignore[reportPrivateUsage]

    call.__name__ = verb.name
    return call


for _verb in VERBS.values():
    setattr(Relay, _verb.name, _relayed(_verb))
