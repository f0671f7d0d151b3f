"""What every browser event passes before a handler sees it: only declared handlers, only declared types."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, get_type_hints

import structlog
from pydantic import ConfigDict, TypeAdapter, ValidationError
from reflex import App
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext
from reflex_base.utils.form import form_data_as_dict

log = structlog.get_logger(__name__)

LONGEST_TEXT = 20_000


class Gate(Middleware):
    """Refuses Reflex's own ``setvar`` and arguments that are not what a handler declares.

    Any client can send any event with arguments of any type, and Reflex hands them on.
    """

    async def preprocess(
        self,
        app: App,  # noqa: ARG002
        state: BaseState,  # noqa: ARG002
        event: Event,
    ) -> StateUpdate | None:
        """Let an event pass (None) or end it here, saying nothing to whoever forged it."""
        problem = refusal(event.name, event.payload or {})
        if problem is None:
            return None
        log.warning("event.refused", handler=event.name, problem=problem)
        return StateUpdate()


def refusal(name: str, payload: dict[str, Any]) -> str | None:
    """Say why an event must not reach its handler; None when it may."""
    found = RegistrationContext.get().event_handlers.get(name)
    if found is None:
        return "unknown handler"
    if not found.handler.fn.__module__.startswith("state."):
        return "a setter of any value" if name.endswith(".setvar") else None
    parameters = _parameters(found.handler.fn)
    unknown = set(payload) - set(parameters)
    if unknown:
        return "undeclared argument"
    for key, value in payload.items():
        try:
            parameters[key].validate_python(_unwrapped(value), strict=True)
        except (ValidationError, TypeError, ValueError):
            return f"{key} is not of its type"
    return None


def _unwrapped(value: Any) -> Any:
    """Return a form as its handler gets it: browsers send its fields as wrapped pairs.

    Raises ``TypeError`` or ``ValueError`` for what no form of ours sends.
    """
    return form_data_as_dict(value)


@cache
def _parameters(function: Any) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(function)
    config = ConfigDict(str_max_length=LONGEST_TEXT, arbitrary_types_allowed=True)
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return {name: _adapter(hints.get(name, Any), config) for name in names}


def _adapter(hint: Any, config: ConfigDict) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=config)
