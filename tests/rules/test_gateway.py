"""What the gateway says and writes down: codes, redaction, hashes."""

from __future__ import annotations

import pytest

from app.rules.gateway import HIDDEN, HTTP_STATUS, Code, code_for, redact, request_hash


def test_every_code_has_its_status() -> None:
    assert set(HTTP_STATUS) == set(Code)
    assert HTTP_STATUS[Code.UPGRADE_REQUIRED] == 402
    assert HTTP_STATUS[Code.VALIDATION_ERROR] == 400


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        (402, "upgrade_required", Code.UPGRADE_REQUIRED),
        (403, "scope_denied", Code.SCOPE_DENIED),
        (403, "account_suspended", Code.AUTHORIZATION_ERROR),
        (422, "invalid_input", Code.VALIDATION_ERROR),
        (413, "too_large", Code.VALIDATION_ERROR),
        (404, "not_found", Code.NOT_FOUND),
        (418, "teapot", Code.INTERNAL_ERROR),
    ],
)
def test_refusals_have_a_code(status: int, reason: str, code: Code) -> None:
    assert code_for(status, reason) is code


@pytest.mark.parametrize(
    "key",
    ["Authorization", "cookie", "X-API-Key", "apiKey", "api_key", "accessToken", "refresh_token",
     "CLIENT_SECRET", "password", "privateKey", "session_id", "Bearer", "credentials"],
)  # fmt: skip
def test_secrets_are_hidden_however_deep_and_however_spelt(key: str) -> None:
    said = redact({"outer": [{key: "hunter2", "name": "kept"}]})
    assert said == {"outer": [{key: HIDDEN, "name": "kept"}]}


def test_a_key_in_a_text_is_hidden_too() -> None:
    assert redact("my key is agk_0123456789abcdef.") == f"my key is {HIDDEN}."


def test_a_request_has_one_hash_and_its_secrets_none() -> None:
    one = request_hash("a.b", {"x": 1, "y": {"token": "s3cret"}}, dry_run=False)
    assert one == request_hash("a.b", {"y": {"token": "other"}, "x": 1}, dry_run=False)
    assert one != request_hash("a.b", {"x": 2, "y": {"token": "s3cret"}}, dry_run=False)
    assert one != request_hash("a.b", {"x": 1, "y": {"token": "s3cret"}}, dry_run=True)
