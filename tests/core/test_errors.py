from __future__ import annotations

import pytest

from app.core import errors


def kinds(root: type[errors.DomainError]) -> list[type[errors.DomainError]]:
    return [root, *(kind for sub in root.__subclasses__() for kind in kinds(sub))]


def test_a_refusal_carries_what_both_edges_need() -> None:
    error = errors.RateLimitedError("Too many tries.", retry_after=7, limit=5)
    assert str(error) == error.message == "Too many tries."
    assert (error.status, error.reason, error.retry_after) == (429, "rate_limited", 7)
    assert error.details == {"limit": 5}


def test_a_reason_can_be_more_exact_than_its_class() -> None:
    error = errors.PaymentRequiredError("Connect first.", reason="payment_not_connected")
    assert error.reason == "payment_not_connected"
    assert errors.PaymentRequiredError("x").reason == "payment_required"


def test_invalid_input_names_its_fields() -> None:
    error = errors.InvalidInputError("No.", fields=[("email", "is taken")], reason="taken")
    assert (error.status, error.reason, error.fields) == (422, "taken", [("email", "is taken")])
    assert errors.InvalidInputError("No.").fields == []
    assert errors.InvalidInputError("No.").reason == "invalid_input"


@pytest.mark.parametrize("kind", kinds(errors.DomainError))
def test_every_refusal_has_an_error_status_and_a_snake_case_reason(
    kind: type[errors.DomainError],
) -> None:
    error = kind("Sentence.")
    assert 400 <= error.status < 600
    assert error.reason.replace("_", "").isalpha()
    assert error.reason.islower()


def test_a_provider_that_is_down_may_be_called_again_and_one_that_refused_may_not() -> None:
    assert issubclass(errors.ProviderDownError, errors.UnavailableError)
    assert not issubclass(errors.ProviderRefusedError, errors.UnavailableError)
