"""Calls to services that forwarded actions go to: only to an address that was checked, and no further."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import tomllib
from functools import cached_property
from pathlib import Path

import certifi
import httpx
import structlog
from dotenv import dotenv_values

from app.core.errors import ProviderDownError
from app.rules.forwarding import Forward, is_public, parse
from app.services.upstream_ports import UpstreamAnswer, UpstreamRequest

log = structlog.get_logger(__name__)


def load(file: str) -> tuple[Forward, ...]:
    """Return the actions that a TOML or JSON file defines, none for no file.

    Raises ``ValueError`` with a sentence for the operator. Secrets come from the environment or ``.env``.
    """
    if not file:
        return ()
    path = Path(file)
    environment = {name: value or "" for name, value in dotenv_values(".env").items()}
    try:
        text = path.read_text()
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        return parse(document, environment | dict(os.environ))
    except OSError as error:
        raise ValueError(f"ACTIONS_FILE {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"ACTIONS_FILE {file} is not valid: {error}") from error


class HttpUpstream:
    """Speaks HTTP without cookies, proxies or redirects; connections are kept a host each."""

    def __init__(self) -> None:
        self._transports: dict[str, httpx.AsyncHTTPTransport] = {}

    async def ask(self, request: UpstreamRequest) -> UpstreamAnswer:
        """Return the answer of an address that may be called."""
        url = httpx.URL(request.url)
        try:
            async with asyncio.timeout(request.timeout_seconds):
                address = await _resolve(url, may_be_private=request.may_be_private)
                return await self._exchange(url, address, request)
        except TimeoutError as error:
            raise _down(url, "did not answer in time") from error
        except (httpx.HTTPError, OSError) as error:
            raise _down(url, f"cannot be reached: {type(error).__name__}") from error

    async def close(self) -> None:
        """Give back every connection."""
        while self._transports:
            _, transport = self._transports.popitem()
            await transport.aclose()

    async def _exchange(
        self, url: httpx.URL, address: str, request: UpstreamRequest
    ) -> UpstreamAnswer:
        # Its name is proved by the certificate, while the connection goes to the address that was checked.
        asked = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers={**request.headers, "Host": url.netloc.decode()},
            content=request.body,
            extensions={"sni_hostname": url.host},
        )
        answer = await self._transport(url.netloc.decode()).handle_async_request(asked)
        try:
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise _down(url, "answered in an encoding that it was not asked for")
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > request.max_bytes:
                    raise _down(url, f"answered more than {request.max_bytes} bytes")
        finally:
            await answer.aclose()
        wait = answer.headers.get("retry-after", "")
        return UpstreamAnswer(
            answer.status_code,
            answer.headers.get("content-type", ""),
            bytes(body),
            int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None,
        )

    def _transport(self, host: str) -> httpx.AsyncHTTPTransport:
        """Return the connections of one host: one with another's name must never be taken for its own."""
        if host not in self._transports:
            self._transports[host] = httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False)
        return self._transports[host]

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        trust = ssl.create_default_context()  # what the machine trusts, or SSL_CERT_FILE
        trust.load_verify_locations(certifi.where())
        return trust


async def _resolve(url: httpx.URL, *, may_be_private: bool) -> str:
    """Return an address of a host; raises ``ProviderDownError`` if any of them must not be called."""
    loop = asyncio.get_running_loop()
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    inside = [one for one in addresses if not is_public(one)]
    if inside and not may_be_private:
        log.error("upstream.private_address", host=url.host, address=inside[0])
        raise _down(url, "has an address in a private network")
    return addresses[0]


def _down(url: httpx.URL, what: str) -> ProviderDownError:
    log.warning("upstream.down", host=url.host, what=what)
    return ProviderDownError(f"The service behind this action {what}.")
