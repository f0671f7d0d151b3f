"""Stripe's notifications: verified, then put into our words."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final, cast

import stripe
import structlog

from app.core.errors import MalformedError, ProviderRefusedError
from app.providers.stripe.facts import OF_ACCOUNTS, READERS
from app.services.ports import ProviderEvent

TOLERANCE: Final = dt.timedelta(minutes=5)
CONNECT: Final = "stripe-connect"
"""The address of notifications about connected accounts, which are signed with a secret of their own."""

log = structlog.get_logger(__name__)


class StripeEvents:
    """Implements ``NotificationSource`` for one endpoint; several secrets while one is rotated."""

    acknowledgement = "ok"

    def __init__(self, slug: str, secrets: str, *, is_live: bool) -> None:
        self.slug = slug
        self._secrets = [secret.strip() for secret in secrets.split(",") if secret.strip()]
        self._is_live = is_live

    @property
    def is_configured(self) -> bool:
        """Whether a secret is set."""
        return bool(self._secrets)

    def parse_event(
        self, body: bytes, headers: Mapping[str, str], now: dt.datetime
    ) -> ProviderEvent | None:
        """Verify the signature and translate; None for kinds nothing here follows from."""
        event = self._verified(body, headers.get("stripe-signature", ""), now)
        try:
            return self._translated(event)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise MalformedError(f"A notification without {error}.") from error
        except ProviderRefusedError as error:  # a currency that is not known here
            raise MalformedError(error.message) from error

    def _translated(self, event: Any) -> ProviderEvent | None:
        kind, data = event["type"], event["data"]
        if event["livemode"] is not self._is_live:
            # Genuine, but of the other mode: endpoints of connected accounts get test events too.
            log.warning("stripe.other_mode", kind=kind, source=self.slug)
            return None
        before: Any = data.get("previous_attributes") or {}
        # What a connected account takes or pays is not ours, whatever it is called.
        for reader in (OF_ACCOUNTS if self.slug == CONNECT else READERS).get(kind, ()):
            facts = reader.read(data["object"], before)
            if facts is None:
                continue
            subject = data["object"]["id"]
            if facts.get("account_ref") == "":
                subject = facts["account_ref"] = _text(event["account"])
            return ProviderEvent(
                event_id=_text(event["id"]),
                kind=reader.kind,
                subject_ref=_text(subject),
                occurred_at=dt.datetime.fromtimestamp(event["created"], dt.UTC),
                facts=facts,
            )
        return None

    def _verified(self, body: bytes, header: str, now: dt.datetime) -> Any:
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise MalformedError("The body is not UTF-8.") from error
        _check_stamp(header, now)
        # The time is checked above, by the given clock and in both directions, which the package
        # does in one only; it compares the signatures.
        verify = cast("Any", stripe.WebhookSignature).verify_header
        for secret in self._secrets:
            try:
                verify(text, header, secret, None)
            except stripe.SignatureVerificationError:
                continue
            return _load(text)
        raise MalformedError("The signature does not match.")


def _check_stamp(header: str, now: dt.datetime) -> None:
    stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
    stamp = stamps[0] if len(stamps) == 1 and header.isascii() else ""
    is_number = stamp.isdigit() and len(stamp) < 12
    if not is_number or abs(int(stamp) - now.timestamp()) > TOLERANCE.total_seconds():
        raise MalformedError("The signature's time is missing or too far off.")


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("The body is not JSON.") from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("an id")
    return value
