"""The port behind which passwords are hashed, off the event loop."""

from __future__ import annotations

from typing import Protocol


class PasswordHasher(Protocol):
    """Hashes passwords slowly, on purpose; call it with nothing locked."""

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        ...

    async def verify(self, password: str, stored: str) -> bool:
        """Compare; with nothing stored the same work is done and the answer is no."""
        ...

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with weaker figures than today's."""
        ...
