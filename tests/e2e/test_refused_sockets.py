"""Doors of the UI server that stay shut: event sockets from elsewhere, and uploads without limit."""

from __future__ import annotations

import base64
import http.client
import secrets
from urllib.parse import urlsplit

import httpx
import pytest

from tests.running import Product

SOCKET = "/_event/?EIO=4&transport=websocket"


def _shake_hands(shop: Product, origin: str | None) -> int:
    """Ask for an event socket as a browser on that origin would; returns the answer's status."""
    own = urlsplit(shop.url)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
    }
    if origin is not None:
        headers["Origin"] = origin
    connection = http.client.HTTPConnection(own.hostname or "", own.port, timeout=30)
    try:
        connection.request("GET", SOCKET, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_our_own_pages_get_an_event_socket(shop: Product) -> None:
    assert _shake_hands(shop, shop.url) == 101


@pytest.mark.parametrize(
    "origin", [None, "null", "https://elsewhere.example.com", "http://localhost"]
)
def test_nobody_else_gets_an_event_socket(shop: Product, origin: str | None) -> None:
    assert _shake_hands(shop, origin) == 403


def test_events_travel_over_sockets_only(shop: Product) -> None:
    """Long polling carries no origin that could be trusted, so it does not exist."""
    answer = httpx.get(f"{shop.url}/_event/", params={"EIO": "4", "transport": "polling"})
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_upload_of_the_framework_does_not_exist(shop: Product, method: str) -> None:
    answer = httpx.request(method, f"{shop.url}/_upload", headers={"Origin": shop.url})
    assert answer.status_code == 404
