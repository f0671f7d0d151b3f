from __future__ import annotations

import pytest

from app.hashing import Argon2Hasher


@pytest.fixture(scope="module")
def hasher() -> Argon2Hasher:
    return Argon2Hasher(memory_kib=8, rounds=1)


async def test_a_password_fits_its_own_hash_only(hasher: Argon2Hasher) -> None:
    stored = await hasher.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await hasher.verify("correct horse", stored)
    assert not await hasher.verify("correct house", stored)


async def test_two_hashes_of_one_password_differ(hasher: Argon2Hasher) -> None:
    assert await hasher.hash("correct horse") != await hasher.hash("correct horse")


@pytest.mark.parametrize("password", ["", "nobody's password", "anything"])
async def test_nobody_has_no_password(hasher: Argon2Hasher, password: str) -> None:
    assert not await hasher.verify(password, "")


@pytest.mark.parametrize("password", ["x" * 100_000, "\ud800", "a\x00b"])
async def test_what_cannot_be_a_password_is_wrong_and_no_failure(
    hasher: Argon2Hasher, password: str
) -> None:
    assert not await hasher.verify(password, await hasher.hash("correct horse"))
    assert not await hasher.verify(password, await hasher.hash(""))


async def test_a_hash_made_with_other_figures_is_outdated(hasher: Argon2Hasher) -> None:
    stored = await hasher.hash("correct horse")
    assert not hasher.is_outdated(stored)
    assert Argon2Hasher(memory_kib=16, rounds=2).is_outdated(stored)
