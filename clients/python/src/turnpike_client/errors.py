"""Every way a call can fail, as one family of exceptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class FieldProblem(NamedTuple):
    """One field the server did not accept, and why."""

    path: str
    problem: str


class TurnpikeError(Exception):
    """A call that did not succeed.

    ``reason`` is stable snake_case to branch on, ``status`` the HTTP status (None when no answer came),
    ``request_id`` what to quote to support, ``retry_after`` the seconds the server asked to wait.
    ``details`` holds what some refusals say besides: ``upgrade_url``, ``usage``, ``index``.
    ``events_accepted`` counts the events that earlier chunks of the same ``send_events`` call stored.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        status: int | None = None,
        request_id: str | None = None,
        fields: Sequence[FieldProblem] = (),
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.reason, self.status = message, reason, status
        self.request_id, self.fields, self.retry_after = request_id, tuple(fields), retry_after
        self.details: Mapping[str, Any] = details or {}
        self.events_accepted = 0

    def __str__(self) -> str:
        """Return the sentence, the fields at fault and what support needs."""
        problems = "".join(f"; {path}: {problem}" for path, problem in self.fields)
        known = (self.reason, self.status, self.request_id and f"request {self.request_id}")
        return f"{self.message}{problems} ({', '.join(str(part) for part in known if part)})"

    @property
    def is_transient(self) -> bool:
        """Tell whether the very same call may succeed a little later."""
        if self.status == 409:  # the gateway has one code for both: only what passes has a time
            is_passing = self.reason == "conflict" and self.retry_after is not None
            return self.reason == "in_progress" or is_passing
        if self.status is None:
            return self.reason in {"connection_failed", "timeout"}
        return self.status in {429, 502, 503, 504}


class Unauthorized(TurnpikeError):
    """401: the token is missing, wrong, expired or revoked."""


class PaymentRequired(TurnpikeError):
    """402: no payment method is connected, or an invoice is overdue."""


class UpgradeRequired(PaymentRequired):
    """402 of the gateway: the month's free calls are used up; see ``upgrade_url`` and ``usage``."""

    @property
    def upgrade_url(self) -> str:
        """Return the page for whoever pays."""
        return str(self.details.get("upgrade_url", ""))

    @property
    def usage(self) -> Mapping[str, Any]:
        """Return what was used of how much."""
        return self.details.get("usage", {})


class Forbidden(TurnpikeError):
    """403: the token may not do this, or the terms are not accepted."""


class ScopeDenied(Forbidden):
    """403 of the gateway: the key lacks the action's scope."""


class CeilingExceeded(Forbidden):
    """403 of the gateway: the month's budget is spent and stops calls; the sentence says whose it is."""


class NotFound(TurnpikeError):
    """404: it does not exist or belongs to somebody else."""


class Conflict(TurnpikeError):
    """409: it clashes with what is there, such as an idempotency key used with another body."""


class InvalidInput(TurnpikeError):
    """400, 413, 415, 422, or refused before sending: see ``fields``."""


class RateLimited(TurnpikeError):
    """429, still, after all tries: wait ``retry_after`` seconds."""


class Unavailable(TurnpikeError):
    """No answer or a 5xx, still, after all tries; the outcome of a change is unknown."""


class ReceiptError(TurnpikeError):
    """The receipt proves nothing; ``reason`` names the first check that failed."""


BY_STATUS: dict[int, type[TurnpikeError]] = {
    **dict.fromkeys((400, 413, 415, 422), InvalidInput),
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


BY_CODE: dict[str, type[TurnpikeError]] = {
    "UPGRADE_REQUIRED": UpgradeRequired,
    "CEILING_EXCEEDED": CeilingExceeded,
    "SCOPE_DENIED": ScopeDenied,
}
"""Refusals of the gateway that a program may want to tell from others of their status."""


def invalid(path: str, problem: str) -> InvalidInput:
    """Build the refusal of an argument that need not travel to the server to be wrong."""
    field = FieldProblem(path, problem)
    return InvalidInput("The input is not valid", reason="invalid_input", fields=[field])
