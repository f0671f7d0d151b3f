"""Identifiers and secrets: time-ordered ids, and tokens nobody can guess."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """Return a UUIDv7: time-ordered, so that indexes stay warm."""
    millis = time.time_ns() // 1_000_000
    value = (
        (millis & (1 << 48) - 1) << 80
        | 7 << 76
        | secrets.randbits(12) << 64
        | 2 << 62
        | secrets.randbits(62)
    )
    return UUID(int=value)


def new_secret(prefix: str = "") -> str:
    """Return ``prefix`` plus 32 random bytes as base64url without padding."""
    return prefix + secrets.token_urlsafe(32)
