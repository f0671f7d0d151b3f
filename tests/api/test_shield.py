"""Headers of every answer, and doors that stay shut."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.responses import HTMLResponse

from app.api.shield import Shield
from app.settings import Settings


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/v1/nowhere")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/_upload", "/_event/", "/_all_routes", "/auth-codespace"])
async def test_doors_of_the_ui_server_that_nobody_needs_are_shut(
    client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.post(path, content=b"x")).status_code == 404


@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        (b"http://portal.test", True),
        (b"http://elsewhere.test", False),
        (b"null", False),
        (b"http://portal.test.elsewhere.test", False),
        (None, False),
    ],
)
async def test_event_sockets_are_for_our_own_pages(
    settings: Settings, origin: bytes | None, passes: bool
) -> None:
    reached, sent = [], []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    headers = [(b"origin", origin)] if origin is not None else []
    scope = {"type": "websocket", "path": "/_event/", "headers": headers}
    await Shield(inner, settings)(scope, receive, send)
    assert bool(reached) is passes
    assert bool(sent) is not passes


def _page(settings: Settings, pages: tuple[str, ...] = ()) -> tuple[httpx.AsyncClient, list[str]]:
    """A shield before something that answers every address with a page, and the addresses it was asked for."""
    asked: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await HTMLResponse("<p>Here</p>")(scope, receive, send)

    transport = httpx.ASGITransport(Shield(inner, settings, pages))
    return httpx.AsyncClient(transport=transport, base_url="http://portal.test"), asked


async def test_a_page_is_answered_where_it_is_asked_for(settings: Settings) -> None:
    client, asked = _page(settings, ("/", "/login"))
    for path in ("/", "/login", "/login/", "/login/more"):
        assert (await client.get(path)).status_code == 200
    assert asked == ["/", "/login/", "/login/", "/login/more"]


async def test_a_page_is_never_shown_from_an_old_copy(settings: Settings) -> None:
    client, _ = _page(settings)
    assert (await client.get("/login")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("is_sandbox", [True, False])
async def test_a_page_learns_whether_it_is_of_a_sandbox_before_it_is_painted(
    settings: Settings, is_sandbox: bool
) -> None:
    mode = settings.model_copy(update={"mode": "sandbox" if is_sandbox else "production"})
    client, _ = _page(mode)
    assert ("server-timing" in (await client.get("/")).headers) is is_sandbox
