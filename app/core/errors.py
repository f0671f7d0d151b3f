"""Refusals: every way the product says no, with a stable reason and a sentence fit for customers."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal. ``reason`` is stable snake_case, ``message`` a sentence for the customer."""

    status = 400
    reason = "invalid_input"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        retry_after: int | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or type(self).reason
        self.retry_after = retry_after
        self.details = details


class InvalidInputError(DomainError):
    """The request makes no sense as it is; ``fields`` lists ``(path, problem)`` pairs."""

    status = 422

    def __init__(
        self,
        message: str,
        *,
        fields: list[tuple[str, str]] | None = None,
        reason: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, reason=reason, **details)
        self.fields = fields or []


class MalformedError(DomainError):
    """The request cannot even be read."""

    status = 400
    reason = "malformed"


class NotSignedInError(DomainError):
    """No valid credential came with the request."""

    status = 401
    reason = "unauthorized"


class PaymentRequiredError(DomainError):
    """Nothing goes on until money is settled."""

    status = 402
    reason = "payment_required"


class ForbiddenError(DomainError):
    """The credential is valid but may not do this."""

    status = 403
    reason = "forbidden"


class NotFoundError(DomainError):
    """It does not exist, or it belongs to somebody else: the two look the same."""

    status = 404
    reason = "not_found"


class ConflictError(DomainError):
    """It clashes with what is already there."""

    status = 409
    reason = "conflict"


class TooLargeError(DomainError):
    """The body is larger than allowed."""

    status = 413
    reason = "too_large"


class UnsupportedMediaError(DomainError):
    """The body is of a kind that this address does not read."""

    status = 415
    reason = "unsupported_media_type"


class RateLimitedError(DomainError):
    """Too many tries; ``retry_after`` seconds must pass."""

    status = 429
    reason = "rate_limited"


class UnavailableError(DomainError):
    """Something we depend on is down; trying again later helps."""

    status = 503
    reason = "unavailable"


class ProviderDownError(UnavailableError):
    """An outside system did not answer or failed: the outcome is unknown, the same call may be repeated."""

    reason = "provider_down"


class ProviderRefusedError(DomainError):
    """An outside system answered no: repeating the call does not help."""

    status = 502
    reason = "provider_refused"
