from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.rules import passwords


def problem(text: str, email: str = "") -> str:
    with pytest.raises(InvalidInputError) as refusal:
        passwords.check_password(text, email)
    ((path, found),) = refusal.value.fields
    assert path == "password"
    return found


@pytest.mark.parametrize(
    "text",
    [
        "zq8vk2mdp0xs",
        "correct horse battery staple",
        "my dog likes tea",
        "我的狗喜欢在下午喝茶并且看书",
        "zq8vk2mdp0xs" + "ab7." * 29,
    ],
)
def test_length_and_rarity_are_enough_without_classes(text: str) -> None:
    assert passwords.check_password(text, "bob@example.com") == text


@pytest.mark.parametrize("text", ["", "zq8vk2mdp0x", "zq8vk2mdp0xs" + "ab7." * 29 + "x"])
def test_a_password_has_12_to_128_characters(text: str) -> None:
    assert problem(text) == "must have 12 to 128 characters"


@pytest.mark.parametrize(
    "text",
    [
        "password1234",
        "Password123!",
        "Pa$$w0rd12345",
        "qwertyuiop12",
        "1q2w3e4r5t6y",
        "iloveyou1234",
        "123456789012",
        "abcdefghijkl",
        "aaaaaaaaaaaa",
        "hunter2hunter2",
        "abcabcabcabc" * 10,
    ],
)
def test_what_everybody_tries_first_is_refused(text: str) -> None:
    assert problem(text) == "is too common or too simple"


@pytest.mark.parametrize("text", ["zq8vk2mdp0xs\n", "zq8vk2m\x00dp0xs", "zq8vk2m\ud800dp0xs"])
def test_control_characters_are_refused(text: str) -> None:
    assert problem(text) == "must not contain control characters"


def test_the_name_in_the_address_is_refused_in_any_case() -> None:
    named = "must not contain the name in your e-mail address"
    assert problem("zq8-AliceB-vk2mdp", "aliceb@example.com") == named
    assert problem("zq8-aliceb-vk2mdp", "AliceB@example.com") == named


def test_a_name_too_short_to_matter_may_occur() -> None:
    for email in ("bob@example.com", "@example.com", ""):
        assert passwords.check_password("zq8vk2-bob-mdp0xs", email)
    assert problem("zq8vk2-bobo-mdp0xs", "bobo@example.com")


def test_different_keyboards_send_the_same_password() -> None:
    composed, decomposed = "caf\u00e9 zq8vk2mdp0xs", "cafe\u0301 zq8vk2mdp0xs"
    full_width = "ｚｑ８ｖｋ２ｍｄｐ０ｘｓ"
    assert passwords.check_password(decomposed) == passwords.check_password(composed) == composed
    assert passwords.normalise_password(full_width) == "zq8vk2mdp0xs"


def test_length_counts_after_normalising() -> None:
    assert problem("\ufdfa" * 8) == "must have 12 to 128 characters"


def test_a_refusal_names_the_field_it_was_given() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        passwords.check_password("short", field="new_password")
    assert refusal.value.fields == [("new_password", "must have 12 to 128 characters")]


@given(st.text(max_size=140))
def test_any_text_is_accepted_in_its_normal_form_or_refused(text: str) -> None:
    try:
        password = passwords.check_password(text, "someone@example.com")
    except InvalidInputError:
        return
    assert passwords.normalise_password(password) == password
    assert passwords.check_password(password, "someone@example.com") == password
