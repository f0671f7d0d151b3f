"""Calls to Stripe: the client of each event loop, and what its errors mean to us."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

import stripe
import structlog

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers import upstream
from app.providers.loops import PerLoop
from app.providers.stripe.settings import StripeSettings

T = TypeVar("T")
Failure = ProviderDownError | ProviderRefusedError

SECONDS = 20.0
"""Time-out of one call."""

log = structlog.get_logger(__name__)

_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


class Api:
    """What all parts of the adapter call Stripe by."""

    def __init__(self, settings: StripeSettings, *, seconds: float, retries: int) -> None:
        """``retries`` is how often the package repeats a call by itself, under the same key."""
        self._settings = settings
        self._seconds = seconds
        self._retries = retries
        self._clients = PerLoop(self._make, _close)

    @property
    def v1(self) -> Any:
        """The calls, as the package names them."""
        return self._clients.here()[0].v1

    async def close(self) -> None:
        """Give back every connection."""
        await self._clients.close()

    def _make(self) -> tuple[stripe.StripeClient, stripe.HTTPXClient]:
        url = self._settings.api_url
        bases = {"base_addresses": {"api": url}} if url else {}
        http = stripe.HTTPXClient(timeout=self._seconds)
        client = stripe.StripeClient(
            self._settings.secret_key.get_secret_value(),
            max_network_retries=self._retries,
            http_client=http,
            **cast("Any", bases),
        )
        return client, http


class Part:
    """A part of the adapter; all parts share one set of clients."""

    def __init__(self, api: Api) -> None:
        self._api = api


async def _close(made: tuple[stripe.StripeClient, stripe.HTTPXClient]) -> None:
    await made[1].close_async()


def key(value: str) -> dict[str, str]:
    """Return the options that make a repeated call harmless for 24 hours."""
    return {"idempotency_key": value}


async def ask(pending: Awaitable[T]) -> T:
    """Await one call and turn Stripe's errors into down or refused."""
    try:
        answer = await pending
    except stripe.StripeError as error:
        raise translate(error) from error
    said = getattr(answer, "last_response", None)
    if said is not None:
        upstream.note(said.code, said.request_id)
    return answer


def translate(error: stripe.StripeError) -> Failure:
    """Return what an error means: nobody knows the outcome, or the answer is no."""
    status = error.http_status or 0
    upstream.note(status, error.request_id)
    if isinstance(error, stripe.AuthenticationError):
        # Nobody's payment was refused: our key is wrong, and all goes on once it is mended.
        log.error("stripe.key_not_accepted", status=status)
        return ProviderDownError("Card payments are not available: STRIPE_SECRET_KEY is refused.")
    # 409 is another request under the same key, or a lock: what became of it is not known yet.
    unknown = isinstance(error, stripe.APIConnectionError) or status in (0, 409, 429)
    if unknown or status >= 500:
        log.warning("stripe.down", status=status, code=error.code, kind=type(error).__name__)
        return ProviderDownError("Stripe did not answer. Please try again in a minute.")
    said = error.user_message or error.code or status
    return ProviderRefusedError(f"Stripe refused: {said}", code=error.code or "", answer=status)


def is_gone(refusal: ProviderRefusedError) -> bool:
    """Tell whether Stripe refused because it knows no such thing."""
    return refusal.details.get("answer") == 404


def ref(value: Any) -> str:
    """Return the id of something that may be expanded, or nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value["id"])


def noted(thing: Any, name: str) -> str:
    """Return what we wrote into a thing's metadata."""
    metadata = part(thing, "metadata")
    return str(metadata[name]) if metadata and name in metadata else ""


def part(thing: Any, name: str) -> Any:
    """Return a part of a thing, None where it is absent: asking for it would raise."""
    return thing[name] if name in thing else None  # noqa: SIM401 - things have no get


def method_label(method: Any) -> str:
    """Return how people recognise what they pay with, e.g. ``Visa ending 4242``; perhaps empty."""
    kind = part(method, "type") if method else None
    details = part(method, str(kind)) if kind else None
    digits = part(details, "last4") if details else None
    if not digits:
        return ""
    brand = str(part(details, "brand") or "account")
    return f"{_BRANDS.get(brand, brand.replace('_', ' ').title())} ending {digits}"


def instant(seconds: int) -> dt.datetime:
    """Read Stripe's time."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
