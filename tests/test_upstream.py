"""Calls to other services, over real sockets: checked addresses, no redirects, limits, nothing kept."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from app.core.errors import ProviderDownError
from app.services.upstream_ports import UpstreamRequest
from app.upstream import HttpUpstream, load
from tests.serving import served

NAME = "crm.test"
SENT: list[int] = []


async def _echo(request: Request) -> Response:
    said = {
        "method": request.method,
        "query": dict(request.query_params),
        "headers": dict(request.headers),
        "body": (await request.body()).decode(),
    }
    answer = JSONResponse(said, headers={"Retry-After": "7"})
    answer.set_cookie("session", "of-the-first")
    return answer


async def _away(request: Request) -> Response:
    return RedirectResponse("/echo")


async def _slow(request: Request) -> Response:
    await asyncio.sleep(30)
    return Response()


async def _endless(request: Request) -> Response:
    async def parts() -> AsyncGenerator[bytes]:
        SENT.append(0)
        for _ in range(1_000):
            SENT[-1] += 1
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(parts())


async def _packed(request: Request) -> Response:
    return Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})


APP = Starlette(
    routes=[
        Route("/echo", _echo, methods=["GET", "POST"]),
        Route("/away", _away),
        Route("/slow", _slow),
        Route("/endless", _endless),
        Route("/packed", _packed),
    ]
)


@pytest.fixture
async def upstream() -> AsyncGenerator[HttpUpstream]:
    upstream = HttpUpstream()
    yield upstream
    await upstream.close()


@pytest.fixture
async def place() -> AsyncGenerator[str]:
    async with served(APP) as place:
        yield place


def request(url: str, **changed: Any) -> UpstreamRequest:
    usual = UpstreamRequest(
        method="GET",
        url=url,
        headers={"X-Request-ID": "r1"},
        body=b"",
        timeout_seconds=5,
        max_bytes=200_000,
        may_be_private=True,
    )
    return replace(usual, **changed)


Resolver = Callable[..., Any]


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[str]], list[str]]:
    """Makes a name resolve to these addresses, one after the other; what was asked is returned."""
    asked: list[str] = []

    def teach(name: str, answers: list[str]) -> list[str]:
        waiting = list(answers)
        real = socket.getaddrinfo

        def resolve(host: str, port: int, *rest: Any, **more: Any) -> Any:
            if host != name:
                return real(host, port, *rest, **more)
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (waiting.pop(0), port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return teach


async def test_it_sends_what_it_is_given_and_answers_what_comes(
    upstream: HttpUpstream, place: str
) -> None:
    answer = await upstream.ask(
        request(f"http://{place}/echo?a=1", method="POST", body=b'{"b": 2}')
    )
    said = json.loads(answer.body)
    assert (answer.status, answer.retry_after) == (200, 7)
    assert answer.content_type == "application/json"
    assert (said["method"], said["query"], said["body"]) == ("POST", {"a": "1"}, '{"b": 2}')
    assert said["headers"]["host"] == place
    assert said["headers"]["x-request-id"] == "r1"


async def test_nothing_is_kept_from_one_tenants_call_to_the_next(
    upstream: HttpUpstream, place: str
) -> None:
    for _ in range(2):
        answer = await upstream.ask(request(f"http://{place}/echo"))
        assert "cookie" not in json.loads(answer.body)["headers"]


async def test_a_private_address_is_called_only_where_that_is_allowed(
    upstream: HttpUpstream, place: str, resolves: Callable[[str, list[str]], list[str]]
) -> None:
    url = f"http://{NAME}:{place.rpartition(':')[2]}/echo"
    for inside in ("127.0.0.1", "169.254.169.254", "10.0.0.5"):
        resolves(NAME, [inside])
        with pytest.raises(ProviderDownError, match="private network"):
            await upstream.ask(request(url, may_be_private=False))
    resolves(NAME, ["127.0.0.1"])
    assert (await upstream.ask(request(url))).status == 200
    for literal in ("http://127.0.0.1:9/", "http://[::1]:9/", "http://[::ffff:127.0.0.1]:9/"):
        with pytest.raises(ProviderDownError, match="private network"):
            await upstream.ask(request(literal, may_be_private=False))


async def test_the_address_that_was_checked_is_the_one_that_is_called(
    upstream: HttpUpstream, place: str, resolves: Callable[[str, list[str]], list[str]]
) -> None:
    """A name that changes its mind between the look and the call changes nothing."""
    asked = resolves(NAME, ["127.0.0.1", "10.255.255.1"])
    answer = await upstream.ask(request(f"http://{NAME}:{place.rpartition(':')[2]}/echo"))
    assert answer.status == 200
    assert asked == [NAME]


async def test_no_redirect_is_followed(upstream: HttpUpstream, place: str) -> None:
    answer = await upstream.ask(request(f"http://{place}/away"))
    assert (answer.status, answer.body) == (307, b"")


async def test_what_takes_too_long_is_cut_off(upstream: HttpUpstream, place: str) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(ProviderDownError, match="in time"):
        await upstream.ask(request(f"http://{place}/slow", timeout_seconds=1))
    assert asyncio.get_running_loop().time() - began < 5


async def test_what_is_too_large_is_cut_off_while_it_comes(
    upstream: HttpUpstream, place: str
) -> None:
    with pytest.raises(ProviderDownError, match="more than 200000 bytes"):
        await upstream.ask(request(f"http://{place}/endless"))
    assert SENT.pop() < 1_000


async def test_an_encoding_that_was_not_asked_for_is_not_unpacked(
    upstream: HttpUpstream, place: str
) -> None:
    with pytest.raises(ProviderDownError, match="encoding"):
        await upstream.ask(request(f"http://{place}/packed"))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://no-such-host.invalid/"])
async def test_what_is_not_there_is_down(upstream: HttpUpstream, url: str) -> None:
    with pytest.raises(ProviderDownError):
        await upstream.ask(request(url))


def _certificate(folder: Path, name: str) -> dict[str, str]:
    """Write a key and a certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = {"ssl_keyfile": folder / "key.pem", "ssl_certfile": folder / "cert.pem"}
    files["ssl_keyfile"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files["ssl_certfile"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return {name: str(path) for name, path in files.items()}


async def test_a_certificate_is_of_the_name_and_not_of_the_address(
    upstream: HttpUpstream,
    resolves: Callable[[str, list[str]], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = _certificate(tmp_path, NAME)
    monkeypatch.setenv("SSL_CERT_FILE", files["ssl_certfile"])
    async with served(APP, **files) as place:
        port = place.rpartition(":")[2]
        resolves(NAME, ["127.0.0.1"])
        assert (await upstream.ask(request(f"https://{NAME}:{port}/echo"))).status == 200
        resolves("other.test", ["127.0.0.1"])
        with pytest.raises(ProviderDownError):
            await upstream.ask(request(f"https://other.test:{port}/echo"))


TOML = """
[[hosts]]
name = "crm.example.com"

[[actions]]
name = "domain.crm.ping"
scope = "manage.read"
description = "Ask whether it is there."
billable = false
method = "GET"
url = "https://crm.example.com/ping"
params = { type = "object" }
headers = { Authorization = "CRM_AUTHORIZATION" }
"""


def test_a_file_is_toml_or_json_and_its_secrets_are_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_AUTHORIZATION", "Bearer x")
    file = tmp_path / "actions.toml"
    file.write_text(TOML)
    (one,) = load(str(file))
    assert (one.definition.name, one.headers) == ("domain.crm.ping", {"Authorization": "Bearer x"})
    same = tmp_path / "actions.json"
    action = {"method": "GET", "url": "https://crm.example.com/ping", "params": {"type": "object"}}
    action |= {"name": "domain.crm.ping", "scope": "manage.read", "description": "?"}
    hosts = [{"name": "crm.example.com"}]
    same.write_text(json.dumps({"hosts": hosts, "actions": [action | {"billable": False}]}))
    assert [one.definition.name for one in load(str(same))] == ["domain.crm.ping"]
    assert load("") == ()


@pytest.mark.parametrize(
    ("text", "said"), [("[[hosts", "is not valid"), (TOML, "CRM_AUTHORIZATION"), (None, "read")]
)
def test_a_bad_file_says_which_it_is(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "actions.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ValueError, match=said) as refused:
        load(str(file))
    assert str(file) in str(refused.value)
