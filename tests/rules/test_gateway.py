"""What the gateway says and writes down: codes, redaction, hashes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.rules import gateway
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


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
SECRET = "hunter2-" + "s3cret"


@st.composite
def spelt(draw: st.DrawFn) -> str:
    """A name of a secret with other letters' case, and with marks between them."""
    name = draw(st.sampled_from(sorted(gateway._SECRET)))
    marks = draw(
        st.lists(
            st.sampled_from(["", "", "_", "-", " ", "."]), min_size=len(name), max_size=len(name)
        )
    )
    upper = draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    return "".join(
        mark + (letter.upper() if is_upper else letter)
        for letter, mark, is_upper in zip(name, marks, upper, strict=True)
    )


@st.composite
def hiding(draw: st.DrawFn, secret: str = SECRET) -> Any:
    """A document that holds a secret somewhere, as deep as it likes."""
    document: Any = {draw(spelt()): draw(st.sampled_from([secret, [secret], {"value": secret}]))}
    for _ in range(draw(st.integers(0, 6))):
        beside = draw(plain)
        document = (
            [beside, document] if draw(st.booleans()) else {"inner": document, "beside": beside}
        )
    return document


@given(document=hiding())
def test_no_secret_survives_at_any_depth_in_any_spelling(document: Any) -> None:
    assert SECRET in json.dumps(document)
    assert SECRET not in json.dumps(gateway.redact(document))


@given(document=hiding(secret="agk_0123456789abcdef"), around=st.text(max_size=10))
def test_what_looks_like_a_key_survives_under_no_name(document: Any, around: str) -> None:
    said = [document, {"innocent": f"{around} agk_0123456789abcdef {around}"}]
    assert "0123456789abcdef" not in json.dumps(gateway.redact(said))


@given(document=plain)
def test_redacting_twice_is_redacting_once(document: Any) -> None:
    once = gateway.redact(document)
    assert gateway.redact(once) == once


def _turned(value: Any) -> Any:
    """The same document with every object's names in another order."""
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(list(value))}
    return [_turned(one) for one in value] if isinstance(value, list) else value


@given(params=st.dictionaries(st.text(max_size=8), plain, max_size=4), dry=st.booleans())
def test_a_hash_is_of_what_is_said_and_not_of_its_order(params: dict[str, Any], dry: bool) -> None:
    assert request_hash("a.b", params, dry_run=dry) == request_hash(
        "a.b", json.loads(json.dumps(_turned(params))), dry_run=dry
    )
    assert request_hash("a.b", params, dry_run=dry) != request_hash("a.b", params, dry_run=not dry)


@given(one=plain, other=plain)
def test_requests_that_differ_have_other_hashes(one: Any, other: Any) -> None:
    said = [json.dumps(gateway.redact(value), sort_keys=True) for value in (one, other)]
    assume(said[0] != said[1])
    assert request_hash("a.b", {"x": one}, dry_run=False) != request_hash(
        "a.b", {"x": other}, dry_run=False
    )


@given(name=spelt(), one=st.text(), other=st.text())
def test_a_secret_is_no_part_of_a_hash(name: str, one: str, other: str) -> None:
    assert request_hash("a.b", {name: one}, dry_run=False) == request_hash(
        "a.b", {name: other}, dry_run=False
    )
