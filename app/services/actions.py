"""The actions that agents may call: each a function that registers itself with its definition."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict

from app.rules.gateway import ActionDef, Impact, Result, Scope, Unit
from app.services.context import Context

P = TypeVar("P", bound="Params")


class Params(BaseModel):
    """What an action takes; unknown names are refused."""

    model_config = ConfigDict(strict=True, extra="forbid")


Run = Callable[[Context, P], Awaitable[Result]]
Foresee = Callable[[Context, P], Awaitable[Impact]]


@dataclass(frozen=True, slots=True)
class Action:
    """A definition with what does it, and what tells beforehand what it would do."""

    definition: ActionDef
    params: type[Params]
    run: Run[Any]
    foresee: Foresee[Any] | None


ACTIONS: dict[str, Action] = {}


def action(
    name: str,
    scope: Scope,
    *,
    billable: bool,
    unit: Unit | None = None,
    foresee: Foresee[P] | None = None,
) -> Callable[[Run[P]], Run[P]]:
    """Register the function that does an action; its docstring describes it, its params type checks.

    Raises ``ValueError`` for a name taken, and for a billable action without a unit.
    """

    def register(function: Run[P]) -> Run[P]:
        if name in ACTIONS:
            raise ValueError(f"two actions named {name}")
        if billable != (unit is not None):
            raise ValueError(f"{name}: a unit goes with what is billable")
        params: type[Params] = get_type_hints(function)["params"]
        definition = ActionDef(
            name=name,
            scope=scope,
            description=inspect.getdoc(function) or "",
            params_schema=params.model_json_schema(),
            is_billable=billable,
            unit=unit,
            supports_dry_run=foresee is not None,
        )
        ACTIONS[name] = Action(definition, params, function, foresee)
        return function

    return register
