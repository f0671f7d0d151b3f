"""The signature scheme that several senders share (Standard Webhooks, Svix), by header names."""

from __future__ import annotations

import datetime as dt
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from standardwebhooks import Webhook

from app.core.errors import MalformedError

TOLERANCE: Final = dt.timedelta(minutes=5)


class Verifier:
    """Knows the secrets of one sender, several while one is rotated.

    ``prefix`` begins the three headers' names: ``svix`` for ``svix-id`` and so on. Raises
    ``ValueError`` for a secret that cannot be one.
    """

    def __init__(self, prefix: str, secrets: str) -> None:
        self._prefix = prefix
        given = [secret.strip() for secret in secrets.split(",") if secret.strip()]
        self._keys = [_key(secret) for secret in given]

    @property
    def is_configured(self) -> bool:
        """Whether a secret is set."""
        return bool(self._keys)

    def verify(
        self, body: bytes, headers: Mapping[str, str], now: dt.datetime
    ) -> tuple[str, dict[str, Any]]:
        """Return the message's id and its document; raises ``MalformedError``."""
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise MalformedError("The body is not UTF-8.") from error
        name, stamp, given = (
            headers.get(f"{self._prefix}-{part}", "") for part in ("id", "timestamp", "signature")
        )
        is_number = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
        if not is_number or abs(int(stamp) - now.timestamp()) > TOLERANCE.total_seconds():
            raise MalformedError("The signature's time is missing or too far off.")
        at = dt.datetime.fromtimestamp(int(stamp), dt.UTC)
        if not name or not self._is_signed(name, at, text, given.split(" ")):
            raise MalformedError("The signature does not match.")
        return name, _load(text)

    def _is_signed(self, name: str, at: dt.datetime, text: str, given: Sequence[str]) -> bool:
        # The package compares with the machine's clock, which tests could not move; it signs here,
        # and the comparison is ours.
        expected = [key.sign(name, at, text).encode() for key in self._keys]
        return any(
            hmac.compare_digest(one, each.encode("utf-8", "replace"))
            for one in expected
            for each in given
        )


def _key(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except Exception as error:
        raise ValueError("a webhook secret is not base64 after whsec_") from error


def _load(text: str) -> dict[str, Any]:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("The body is not JSON.") from error
    if not isinstance(document, dict):
        raise MalformedError("The body is no document.")
    return cast("dict[str, Any]", document)
