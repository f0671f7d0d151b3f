"""The calls of ``PaymentProvider``, read off the port itself, so that no list of them can grow stale."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

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


class Relay(abc.ABC):
    """Everything an ``Adapter`` can be asked, handed on to one place."""

    @abc.abstractmethod
    async def _do(self, verb: Verb, arguments: dict[str, Any]) -> Any:
        """Do one call; ``arguments`` are all by name."""


def _relayed(verb: Verb) -> Callable[..., Awaitable[Any]]:
    async def call(self: Relay, *given: Any, **named: Any) -> Any:
        arguments = dict(verb.signature.bind(self, *given, **named).arguments)
        del arguments["self"]
        return await self._do(verb, arguments)  # pyright: ignore[reportPrivateUsage]

    call.__name__ = verb.name
    return call


for _verb in VERBS.values():
    setattr(Relay, _verb.name, _relayed(_verb))
