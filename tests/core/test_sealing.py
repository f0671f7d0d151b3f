"""The vault's seal opens for what it was made for, under any key at hand, and for nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.sealing import MasterKeys, Sealed, UnknownKeyError

ONE, OTHER = bytes(range(32)), bytes(range(1, 33))
BOUND = ("stripe", "secret_key", "1")


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_bound_to_the_same_words_only(plain: bytes) -> None:
    keys = MasterKeys([ONE])
    sealed = keys.seal(plain, *BOUND)
    assert keys.open(sealed, *BOUND) == plain
    for other in (
        ("stripe", "secret_key", "2"),
        ("alipay", "secret_key", "1"),
        ("stripe", "secret", "_key", "1"),
        ("stripesecret_key", "1"),
        (),
    ):
        with pytest.raises(ValueError, match="belongs to something else"):
            keys.open(sealed, *other)


def test_the_newest_key_seals_and_every_key_opens() -> None:
    old = MasterKeys([ONE]).seal(b"x", *BOUND)
    both = MasterKeys([OTHER, ONE])
    assert both.open(old, *BOUND) == b"x"
    new = both.seal(b"x", *BOUND)
    assert new.key_id == MasterKeys([OTHER]).newest != old.key_id
    with pytest.raises(UnknownKeyError, match=new.key_id):
        MasterKeys([ONE]).open(new, *BOUND)


def test_a_wrong_key_under_the_right_name_does_not_open() -> None:
    sealed = MasterKeys([ONE]).seal(b"x", *BOUND)
    renamed = Sealed(MasterKeys([OTHER]).newest, sealed.data)
    with pytest.raises(ValueError, match="changed"):
        MasterKeys([OTHER]).open(renamed, *BOUND)


def test_a_changed_seal_does_not_open() -> None:
    keys = MasterKeys([ONE])
    sealed = keys.seal(b"secret", *BOUND)
    for index in range(len(sealed.data)):
        changed = bytearray(sealed.data)
        changed[index] ^= 1
        with pytest.raises(ValueError, match="changed"):
            keys.open(Sealed(sealed.key_id, bytes(changed)), *BOUND)


def test_keys_are_read_as_hex_or_base64_the_newest_first() -> None:
    text = f"{base64.b64encode(OTHER).decode()}\n{ONE.hex()}\n"
    keys = MasterKeys.read(text)
    assert keys.newest == MasterKeys([OTHER]).newest
    assert MasterKeys([ONE]).newest in keys
    assert MasterKeys.read(f"{ONE.hex()}, {OTHER.hex()}").newest == MasterKeys([ONE]).newest


@pytest.mark.parametrize("text", ["", " \n", "abc", "00" * 31, "zz" * 32, f"{'00' * 32} short"])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="32 bytes") as refusal:
        MasterKeys.read(text)
    assert not text.split() or text.split()[-1] not in str(refusal.value)


def test_a_name_tells_nothing_of_its_key() -> None:
    name = MasterKeys([ONE]).newest
    assert name not in ONE.hex()
    assert len(name) == 16
