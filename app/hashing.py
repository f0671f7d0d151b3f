"""Argon2id by passlib, in a few threads: hashing takes a core and tens of megabytes each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from passlib.hash import argon2  # pyright: ignore[reportAttributeAccessIssue] - made at import

T = TypeVar("T")

MEMORY_KIB: Final = 19_456
ROUNDS: Final = 2
"""The OWASP profile with the least memory; hashes made with other figures are renewed at sign-in."""

LONGEST: Final = 512
"""No stored password is longer; more than this is never hashed."""

PARALLEL: Final = 2


class Argon2Hasher:
    """Implements ``services.hasher.PasswordHasher``."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, rounds: int = ROUNDS) -> None:
        self._hasher: Any = argon2.using(memory_cost=memory_kib, rounds=rounds, parallelism=1)
        # Hashing once loads the backend: a verify bound before that raises. The result is what
        # passwords of nobody are compared with.
        self._nobody: str = self._hasher.hash("nobody's password")
        self._threads = ThreadPoolExecutor(PARALLEL, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await self._apart(lambda: str(self._hasher.hash(password)))

    async def verify(self, password: str, stored: str) -> bool:
        """Compare; with nothing stored the same work is done and the answer is no."""
        is_usable = len(password) <= LONGEST and _is_text(password)
        candidate = password if is_usable else ""
        fits = await self._apart(
            lambda: bool(self._hasher.verify(candidate, stored or self._nobody))
        )
        return fits and is_usable and bool(stored)

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other figures than today's."""
        return bool(self._hasher.needs_update(stored))

    async def _apart(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _is_text(password: str) -> bool:
    """Tell whether it can be encoded; a browser may send half a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in password)
