from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.rules.emails import normalise_email


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alice@example.com", "alice@example.com"),
        ("  Alice.Smith+Toys@Example.COM ", "alice.smith+toys@example.com"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("a@münchen.example", "a@xn--mnchen-3ya.example"),
        ("a@XN--MNCHEN-3YA.example", "a@xn--mnchen-3ya.example"),
        ("a@玩具.example", "a@xn--h6q964f.example"),
        ("a@toys。example", "a@toys.example"),
        ("a@mail.toys.example", "a@mail.toys.example"),
        ("a@163.com", "a@163.com"),
        ("a@mail.163.com", "a@mail.163.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    assert normalise_email(text) == expected
    assert normalise_email(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "a@b@example.com",
        "alice@localhost",
        "alice@example.com.",
        "alice@example..com",
        "alice@-example.com",
        "alice@exam ple.com",
        "alice@exam_ple.com",
        "alice@127.0.0.1",
        "alice@[127.0.0.1]",
        ".alice@example.com",
        "alice.@example.com",
        "al..ice@example.com",
        "al ice@example.com",
        "alice\n@example.com",
        "alice@example.com\n",
        "alice@example.com\r\nBcc: b@example.com",
        "alice\x00@example.com",
        '"al ice"@example.com',
        "älice@example.com",
        "a" * 65 + "@example.com",
        "a@" + ".".join(["b" * 63] * 4),
        "a" * 60 + "@" + ".".join(["b" * 63] * 3) + ".example",
        "a@\ud800.example",
        "Alice <alice@example.com>",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        normalise_email(text, "contact")
    assert refusal.value.fields == [("contact", "must be an e-mail address")]


def test_an_address_has_at_most_254_characters() -> None:
    local, start = "a" * 64, ".".join(["b" * 63] * 2)
    longest = f"{local}@{start}.{'c' * 61}"
    assert len(normalise_email(longest)) == 254
    with pytest.raises(InvalidInputError):
        normalise_email(longest + "c")


@given(st.text() | st.emails())
def test_any_text_becomes_one_safe_spelling_or_is_refused(text: str) -> None:
    try:
        address = normalise_email(text)
    except InvalidInputError:
        return
    assert normalise_email(address) == address
    assert address.isascii()
    assert address.isprintable()
    assert address.count("@") == 1
    assert len(address) <= 254
