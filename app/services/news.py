"""What a stored notification says, in the form the use cases take it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from app.core.errors import UnavailableError
from app.core.money import Money


class NotKnownYetError(UnavailableError):
    """The thing a notification is about is not stored here: perhaps not yet, so it is tried again."""

    reason = "not_known_yet"


@dataclass(frozen=True, slots=True)
class News:
    """One notification; ``provider`` is the adapter that can be asked more about it."""

    provider: str
    event_id: str
    subject_ref: str
    occurred_at: dt.datetime
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def text(self, key: str) -> str:
        """Return a fact as words, empty when it is absent."""
        value = self.facts.get(key)
        return value if isinstance(value, str) else ""

    def flag(self, key: str) -> bool:
        """Return a fact as yes or no."""
        return self.facts.get(key) is True

    def amount(self, key: str) -> Money | None:
        """Return a fact as an amount, None when it is absent; raises ``ValueError`` for nonsense."""
        value = self.facts.get(key)
        if not isinstance(value, Mapping):
            return None
        pair = cast("Mapping[str, Any]", value)
        return Money.of(str(pair.get("amount")), str(pair.get("currency")))
