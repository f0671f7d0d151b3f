from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.keyring import Keyring

ONE, OTHER = Keyring(bytes(32)), Keyring(bytes([1]) * 32)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_the_master_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(bytes(length))


def test_a_token_is_found_by_its_hash_under_the_same_key_only() -> None:
    assert ONE.hash_token("vnd_a") == Keyring(bytes(32)).hash_token("vnd_a")
    assert len({ONE.hash_token("vnd_a"), ONE.hash_token("vnd_b"), OTHER.hash_token("vnd_a")}) == 3
    assert len(ONE.hash_token("vnd_a")) == 64


@given(st.binary(max_size=100))
def test_what_is_sealed_opens_for_its_purpose_only(plain: bytes) -> None:
    sealed = ONE.seal(plain, purpose="totp")
    assert ONE.unseal(sealed, purpose="totp") == plain
    for keyring, purpose in ((ONE, "other"), (OTHER, "totp")):
        with pytest.raises(ValueError, match="not sealed"):
            keyring.unseal(sealed, purpose=purpose)


def test_sealing_twice_shows_nothing_in_common() -> None:
    assert ONE.seal(b"secret", purpose="totp") != ONE.seal(b"secret", purpose="totp")


@pytest.mark.parametrize("length", [0, 11, 12, 27, 40])
def test_what_was_never_sealed_does_not_open(length: int) -> None:
    with pytest.raises(ValueError, match=r"not sealed|[Nn]once"):
        ONE.unseal(bytes(length), purpose="totp")


def test_a_changed_seal_does_not_open() -> None:
    sealed = bytearray(ONE.seal(b"secret", purpose="totp"))
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(ValueError, match="not sealed"):
            ONE.unseal(bytes(changed), purpose="totp")
