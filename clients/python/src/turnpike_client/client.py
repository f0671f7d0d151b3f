"""The clients: the calls of ``calls`` as methods, blocking and for asyncio."""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
)
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from turnpike_client import calls
from turnpike_client.core import Answer, Call, Page, Secret, Tries, check_base_url, next_call
from turnpike_client.errors import TurnpikeError
from turnpike_client.models import EventsResult

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
T = TypeVar("T")


class _Client:
    """What both kinds of client keep: the address, the token and the limits."""

    def __init__(
        self, base_url: str, token: str | None, timeout: float, retries: int, total: float
    ) -> None:
        # A proxy from the environment must not see what is meant for this machine over plain http.
        self._base, self._is_local = check_base_url(base_url)
        self._secret = None if token is None else Secret(token)
        self._limits = (timeout, retries, total)

    def __repr__(self) -> str:
        """Return the address, never the token."""
        return f"{type(self).__name__}({self._base!r})"

    def _tries(self) -> Tries:
        return Tries(*self._limits)

    def _request(self, call: Call[Any], limit: float) -> dict[str, Any]:
        return {
            "method": call.method,
            "url": self._base + call.path,
            "params": call.params,
            "content": call.body,
            "headers": call.headers(self._secret),
            "timeout": limit,
        }


class BlockingClient(_Client):
    """Sends calls with retries; use it in a ``with`` block or call ``close``.

    ``timeout`` bounds one try and ``total`` a whole call with its tries and pauses, both in seconds. Retried are
    lost connections, time-outs, 429, 502, 503, 504 and 409 ``in_progress``, up to ``retries`` times. Redirects
    are never followed. Safe to share between threads. ``pause`` waits between tries. Raises ValueError for a
    base URL that would be unsafe.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout: float = 10.0,
        retries: int = 4,
        total: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        super().__init__(base_url, token, timeout, retries, total)
        self._pause = pause
        self._http = httpx.Client(transport=transport, trust_env=not self._is_local)

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, call: Call[T]) -> T:
        """Send a call, again if that helps, and return what its answer says."""
        tries = self._tries()
        while True:
            try:
                return call.finish(self._send(call, tries.limit()), self._secret)
            except TurnpikeError as error:
                pause = tries.pause_after(error)
            self._pause(pause)

    def _send(self, call: Call[Any], limit: float) -> Answer:
        ends = time.monotonic() + limit
        try:
            with self._http.stream(**self._request(call, limit)) as response:
                body = bytearray()
                for part in response.iter_bytes():
                    body += part
                    if time.monotonic() > ends:  # httpx bounds each read, not their sum
                        raise httpx.ReadTimeout("the answer came too slowly")
                return Answer(response.status_code, response.headers, bytes(body))
        except httpx.HTTPError as error:
            raise call.no_answer(error) from error

    def pages(self, first: Call[Page[T]]) -> Iterator[T]:
        """Send the call for a first page and the calls for those after it as they are needed."""
        call: Call[Page[T]] | None = first
        while call is not None:
            page = self.run(call)
            yield from page.rows
            call = next_call(call, page)


class AsyncClient(_Client):
    """BlockingClient for asyncio, with the same arguments and rules."""

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        timeout: float = 10.0,
        retries: int = 4,
        total: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(base_url, token, timeout, retries, total)
        self._pause = pause
        self._http = httpx.AsyncClient(transport=transport, trust_env=not self._is_local)

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, call: Call[T]) -> T:
        """Send a call, again if that helps, and return what its answer says."""
        tries = self._tries()
        while True:
            try:
                return call.finish(await self._send(call, tries.limit()), self._secret)
            except TurnpikeError as error:
                pause = tries.pause_after(error)
            await self._pause(pause)

    async def _send(self, call: Call[Any], limit: float) -> Answer:
        try:
            async with asyncio.timeout(limit):
                response = await self._http.request(**self._request(call, limit))
            return Answer(response.status_code, response.headers, response.content)
        except (TimeoutError, httpx.HTTPError) as error:
            raise call.no_answer(error) from error

    async def pages(self, first: Call[Page[T]]) -> AsyncIterator[T]:
        """Send the call for a first page and the calls for those after it as they are needed."""
        call: Call[Page[T]] | None = first
        while call is not None:
            page = await self.run(call)
            for row in page.rows:
                yield row
            call = next_call(call, page)


def _named(method: Callable[Q, R], make: Callable[..., Any]) -> Callable[Q, R]:
    """Give a method the name, the text and the arguments of the call it sends."""
    functools.update_wrapper(method, make)
    given = list(inspect.signature(make).parameters.values())
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = inspect.Signature([own, *given])  # pyright: ignore[reportFunctionMemberAccess]
    return method


def one(make: Callable[P, Call[T]]) -> Callable[Concatenate[BlockingClient, P], T]:
    """Return the method that sends a call."""

    def method(client: BlockingClient, *args: P.args, **kwargs: P.kwargs) -> T:
        return client.run(make(*args, **kwargs))

    return _named(method, make)


def many(
    make: Callable[P, Call[Page[T]]],
) -> Callable[Concatenate[BlockingClient, P], Iterator[T]]:
    """Return the method that iterates over a list."""

    def method(client: BlockingClient, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return client.pages(make(*args, **kwargs))

    return _named(method, make)


def one_async(
    make: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """Return the method that sends a call, for asyncio."""

    async def method(client: AsyncClient, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client.run(make(*args, **kwargs))

    return _named(method, make)


def many_async(
    make: Callable[P, Call[Page[T]]],
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    """Return the method that iterates over a list, for asyncio."""

    def method(client: AsyncClient, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return client.pages(make(*args, **kwargs))

    return _named(method, make)


class VendorClient(BlockingClient):
    """A vendor's calls; failures are TurnpikeError.

    Every POST carries one ``Idempotency-Key`` for all its tries. Pass your own ``idempotency_key`` to be able to
    repeat a call after a restart of your program.
    """

    register_device = one(calls.register_device)
    rekey_device = one(calls.rekey_device)
    release_device = one(calls.release_device)
    device = one(calls.device)
    devices = many(calls.devices)
    usage = one(calls.usage)
    invoices = many(calls.invoices)
    invoice = one(calls.invoice)
    invoice_pdf = one(calls.invoice_pdf)
    audit = many(calls.audit)
    create_token = one(calls.create_token)
    rotate_token = one(calls.rotate_token)
    revoke_token = one(calls.revoke_token)
    jwks = one(calls.jwks)


class AsyncVendorClient(AsyncClient):
    """VendorClient for asyncio: ``await`` its calls, ``async for`` over its lists."""

    register_device = one_async(calls.register_device)
    rekey_device = one_async(calls.rekey_device)
    release_device = one_async(calls.release_device)
    device = one_async(calls.device)
    devices = many_async(calls.devices)
    usage = one_async(calls.usage)
    invoices = many_async(calls.invoices)
    invoice = one_async(calls.invoice)
    invoice_pdf = one_async(calls.invoice_pdf)
    audit = many_async(calls.audit)
    create_token = one_async(calls.create_token)
    rotate_token = one_async(calls.rotate_token)
    revoke_token = one_async(calls.revoke_token)
    jwks = one_async(calls.jwks)


class PlatformClient(BlockingClient):
    """Reports events with the platform token."""

    def send_events(self, batch: Iterable[Mapping[str, Any]]) -> EventsResult:
        """Store events ``{id, type, time, data}`` durably, in chunks of at most 1,000.

        A chunk is stored whole or not at all. When one is refused, the error's ``events_accepted`` says how many
        events before it are stored (indexes in its ``fields`` count from there). Sending the whole batch again
        is safe, because the server knows each event by its id.
        """
        inserted = duplicates = 0
        try:
            for call in calls.event_batches(batch):
                result = self.run(call)
                inserted += result.inserted
                duplicates += result.duplicates
        except TurnpikeError as error:
            error.events_accepted = inserted + duplicates
            raise
        return EventsResult(inserted, duplicates)


def fetch_jwks(
    base_url: str, *, timeout: float = 10.0, transport: httpx.BaseTransport | None = None
) -> dict[str, Any]:
    """Fetch the public keys that verify receipts; this needs no token."""
    with VendorClient(base_url, None, timeout=timeout, transport=transport) as client:
        return client.jwks()
