"""What both clients share and what needs no network: requests, answers, and when to try again."""

from __future__ import annotations

import ipaddress
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar, cast
from uuid import uuid4

import httpx

from turnpike_client.errors import BY_CODE, BY_STATUS, FieldProblem, TurnpikeError, Unavailable
from turnpike_client.models import unexpected
from turnpike_client.version import VERSION

T = TypeVar("T")
FIRST_CEILING = 0.25
LAST_CEILING = 8.0
LEAST_PAUSE = 0.05
BROKEN_CONNECTION = (
    httpx.NetworkError,
    httpx.ProxyError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
)
DETAILS = ("upgrade_url", "usage", "index")
"""What some refusals say beside their sentence."""
DRAW = random.SystemRandom().uniform


class Secret:
    """A token that cannot be printed by accident."""

    def __init__(self, text: str) -> None:
        # What HTTP refuses in a header would otherwise be quoted in that library's own error.
        if not re.fullmatch(r"[!-~]+", text):
            raise ValueError("The token must be printable ASCII without blanks")
        self._text = text

    def __repr__(self) -> str:
        """Return a placeholder."""
        return "Secret(***)"

    def reveal(self) -> str:
        """Return the token itself."""
        return self._text

    def hide_in(self, text: str) -> str:
        """Return a text without the token, should a server ever echo it."""
        return text.replace(self._text, "***")


@dataclass(frozen=True)
class Answer:
    """A received HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object."""
        try:
            value: Any = json.loads(self.body)
        except (ValueError, RecursionError):
            raise unexpected("it is not JSON") from None
        if not isinstance(value, dict):
            raise unexpected("it is not a JSON object")
        return cast("dict[str, Any]", value)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call: what to send, the same on every try, and how to read a success."""

    method: str
    path: str
    read: Callable[[Answer], T]
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    idempotency_key: str | None = None
    request_id: str = field(default_factory=lambda: uuid4().hex)

    def headers(self, secret: Secret | None) -> dict[str, str]:
        """Return the headers to send."""
        headers = {
            "User-Agent": f"turnpike-client/{VERSION}",
            "X-Request-ID": self.request_id,
            "Accept": "application/json, application/pdf",
        }
        if secret is not None:
            headers["Authorization"] = f"Bearer {secret.reveal()}"
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers

    def finish(self, answer: Answer, secret: Secret | None) -> T:
        """Return what a success says, or raise what a failure says."""
        if 200 <= answer.status < 300:
            return self.read(answer)
        raise failure(answer, secret, self.request_id)

    def no_answer(self, error: Exception) -> Unavailable:
        """Build the error for a try that got no answer."""
        reason = "request_failed"  # a mistake in the request itself, which no second try mends
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            reason = "timeout"
        elif isinstance(error, BROKEN_CONNECTION):
            reason = "connection_failed"
        message = f"No answer to {self.method} {self.path}: {type(error).__name__}"
        return Unavailable(message, reason=reason, request_id=self.request_id)


@dataclass(frozen=True)
class Page(Generic[T]):
    """A slice of a list and where the next one starts."""

    rows: list[T]
    next_cursor: str | None


def next_call(call: Call[Page[T]], page: Page[T]) -> Call[Page[T]] | None:
    """Return the call for the page after this one, or None at the end."""
    if page.next_cursor is None:
        return None
    if page.next_cursor == call.params.get("cursor"):
        raise unexpected("the next page is the same page again")
    params = {**call.params, "cursor": page.next_cursor}
    return replace(call, params=params, request_id=uuid4().hex)


def failure(answer: Answer, secret: Secret | None, request_id: str) -> TurnpikeError:
    """Turn a non-2xx answer into its exception, whatever its body is.

    The agent gateway says a ``code`` where the rest of the API says a ``reason``; both end as ``reason``.
    """
    try:
        document = answer.document()
    except TurnpikeError:
        document = {}
    code = str(document.get("code", ""))
    kind = Unavailable if answer.status >= 500 else BY_STATUS.get(answer.status, TurnpikeError)
    message = str(document.get("error", f"The server answered {answer.status} without saying why"))
    try:
        fields = [FieldProblem(str(f["path"]), str(f["problem"])) for f in document["fields"]]
    except (KeyError, TypeError):
        fields = []
    sent = answer.headers.get("x-request-id", request_id)
    return BY_CODE.get(code, kind)(
        secret.hide_in(message) if secret else message,
        reason=str(document.get("reason", code.lower() or "unexpected_answer")),
        status=answer.status,
        request_id=str(document.get("request_id", sent)),
        fields=fields,
        retry_after=parse_retry_after(answer.headers),
        details={name: document[name] for name in DETAILS if name in document},
    )


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After as seconds; a date counts from the server's own Date, so clocks need not agree."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        start = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (until - start).total_seconds())
    except (ValueError, TypeError):
        return None


class Tries:
    """The tries of one call: decides if and when to try again.

    Pauses are drawn from zero to a ceiling that doubles, on top of what Retry-After demands, so a crowd of
    clients spreads out instead of coming back at once. A pause that would outlast ``total`` is not begun.
    """

    def __init__(
        self,
        timeout: float,
        retries: int,
        total: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[float, float], float] = DRAW,
    ) -> None:
        self._timeout, self._left, self._clock, self._draw = timeout, retries, clock, draw
        self._ends = clock() + total
        self._ceiling = FIRST_CEILING

    def limit(self) -> float:
        """Return the seconds that the next try may take."""
        return max(0.001, min(self._timeout, self._ends - self._clock()))

    def pause_after(self, error: TurnpikeError) -> float:
        """Return how long to wait before the next try; raises the error when there is none."""
        pause = max(error.retry_after or 0.0, LEAST_PAUSE) + self._draw(0.0, self._ceiling)
        if not error.is_transient or self._left <= 0 or self._clock() + pause >= self._ends:
            raise error
        self._left -= 1
        self._ceiling = min(LAST_CEILING, self._ceiling * 2)
        return pause


def check_base_url(text: str) -> tuple[str, bool]:
    """Return the base URL without a trailing slash and whether it is this machine; raises ValueError."""
    try:
        url = httpx.URL(text)  # the very parser that will pick the host to connect to
    except httpx.InvalidURL as error:
        raise ValueError(f"The base URL is not valid: {error}") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("The base URL must start with https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("The base URL must have no user, query or fragment")
    try:
        is_local = ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        is_local = url.host == "localhost"
    if url.scheme == "http" and not is_local:
        raise ValueError("Plain http would show the token to the network: use https")
    return str(url).rstrip("/"), is_local
