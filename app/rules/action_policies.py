"""What operations say about actions beyond a key's scopes: for everybody, or for one tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.core.errors import InvalidInputError

_PATTERN: Final = re.compile(r"\*|[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?")


class Effect(StrEnum):
    """What becomes of a call, the mildest first."""

    ALLOW = "allow"
    REQUIRE_APPROVAL = "require_approval"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is to become of the actions that a pattern names: one, all below a prefix, or all."""

    id: UUID
    pattern: str
    effect: Effect
    is_global: bool
    reason: str = ""

    def covers(self, action: str) -> bool:
        """Tell whether an action is one of those."""
        if not self.pattern.endswith("*"):
            return action == self.pattern
        return action.startswith(self.pattern.removesuffix("*"))


def decide(action: str, policies: Iterable[Policy]) -> Policy | None:
    """Return the policy that decides about an action, None where none does: then its scope alone decides.

    The narrowest pattern decides; of two alike the tenant's own, so that it can be an exception.
    """
    covering = [one for one in policies if one.covers(action)]
    return max(covering, key=_weight, default=None)


def checked_pattern(text: str) -> str:
    """Return a pattern: an action's name, a prefix with ``.*``, or ``*``; raises ``InvalidInputError``."""
    pattern = text.strip()
    if len(pattern) > 128 or not _PATTERN.fullmatch(pattern):
        problem = "must be an action's name, a prefix with .* behind it, or *"
        raise InvalidInputError(f"The pattern {problem}.", fields=[("pattern", problem)])
    return pattern


def _weight(policy: Policy) -> tuple[bool, int, bool]:
    exact = not policy.pattern.endswith("*")
    return exact, len(policy.pattern), not policy.is_global
