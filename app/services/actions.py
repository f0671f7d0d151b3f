"""The actions that agents may call: each a function that registers itself with its definition."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.errors import InvalidInputError
from app.rules.forwarding import Forward, problems
from app.rules.gateway import ActionDef, Impact, Result, Scope, Unit
from app.services.context import Context

P = TypeVar("P", bound="Params")


class Params(BaseModel):
    """What an action takes; unknown names are refused."""

    model_config = ConfigDict(strict=True, extra="forbid")


MOST_PROBLEMS: Final = 20

Run = Callable[[Context, P], Awaitable[Result]]
Foresee = Callable[[Context, P], Awaitable[Impact]]


@dataclass(frozen=True, slots=True)
class Action:
    """A definition with what does it, here or elsewhere, and what tells beforehand what it would do."""

    definition: ActionDef
    params: type[Params]
    run: Run[Any] | Forward
    foresee: Foresee[Any] | None

    def checked(self, given: Mapping[str, Any]) -> Any:
        """Return params that are valid; raises ``InvalidInputError`` that names what is not."""
        if isinstance(self.run, Forward):
            if fields := problems(self.definition.params_schema, given):
                raise _not_valid(fields)
            return dict(given)
        try:
            return self.params.model_validate(given)
        except ValidationError as error:
            raise _not_valid(
                [
                    (
                        ".".join(map(str, one["loc"])) or "params",
                        one["msg"].removeprefix("Value error, "),
                    )
                    for one in error.errors(include_url=False, include_input=False)
                ]
            ) from error


def _not_valid(fields: list[tuple[str, str]]) -> InvalidInputError:
    said = "; ".join(f"{path}: {problem}" for path, problem in fields[:5])
    return InvalidInputError(f"The params are not valid. {said}", fields=fields[:MOST_PROBLEMS])


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
