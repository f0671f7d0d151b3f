"""The frame every endpoint stands in: ids, sizes, JSON, unknown addresses."""

from __future__ import annotations

import httpx
import pytest


async def test_the_process_is_up_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    answer = await client.get("/readyz")
    assert answer.status_code == 200, answer.text
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "queue": "ok"}
    assert answer.json()["now"] == "2026-11-20T09:00:00Z"


async def test_unknown_addresses_answer_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/nowhere")
    assert answer.status_code == 404
    assert answer.json()["reason"] == "not_found"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/api", "/v1", "/v1/", "/functions", "/functions/v1/nothing"])
async def test_no_address_of_the_api_answers_a_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/.well-known/jwks.json", "/api/docs"])
async def test_what_can_be_read_can_be_asked_about_without_its_body(
    client: httpx.AsyncClient, path: str
) -> None:
    whole, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert (await client.head("/v1/vendor/devices")).status_code == 401


@pytest.mark.parametrize("path", ["/v1/vendor/tokens", "/v1/nowhere", "/healthz", "/api"])
async def test_no_cache_keeps_what_the_api_said(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).headers["cache-control"] == "no-store"


async def test_keys_may_be_kept_for_five_minutes(client: httpx.AsyncClient) -> None:
    answer = await client.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "PURGE"])
async def test_an_address_says_which_methods_it_knows(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/v1/events")
    assert (answer.status_code, answer.json()["reason"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    assert (await client.request(method, "/healthz")).headers["allow"] == "GET, HEAD"
    assert (await client.request(method, "/v1/nowhere")).status_code == 404
    assert (await client.get("/auth/nowhere")).json()["reason"] == "not_found"


@pytest.mark.parametrize("character", ["%0A", "%00", "%0D%0A", "%7F"])
async def test_a_control_character_is_part_of_no_address(
    client: httpx.AsyncClient, character: str
) -> None:
    answer = await client.get(f"/v1/pay/abc{character}def")
    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


async def test_a_good_request_id_is_kept_and_a_bad_one_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/healthz", headers={"X-Request-ID": "abcdefgh-1"})
    assert kept.headers["x-request-id"] == "abcdefgh-1"
    made = await client.get("/healthz", headers={"X-Request-ID": "short"})
    assert made.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_what_is_not_plain_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(
        "/v1/nowhere", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")


async def test_a_number_too_long_to_read_is_said_so_in_plain_words(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/nowhere", content=b"9" * 5000, headers=headers)
    assert answer.json()["error"] == "The body is not valid JSON: a number is too long."


async def test_json_is_read_strictly_however_its_type_is_spelt(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "Application/JSON"}
    answer = await client.post("/v1/nowhere", content=b'{"a": NaN}', headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")


async def test_nul_is_refused_in_a_query_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/nowhere?q=a%00b")
    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")


async def test_a_length_that_only_looks_like_a_number_does_no_harm(
    client: httpx.AsyncClient,
) -> None:
    headers = {b"content-length": b"\xb2"}
    answer = await client.post("/v1/nowhere", content=b"x", headers=headers)
    assert answer.status_code == 404


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/nowhere", content=b"x" * ((1 << 20) + 1))
    assert answer.status_code == 413


async def test_a_large_body_without_a_length_is_refused(client: httpx.AsyncClient) -> None:
    async def endless() -> object:
        for _ in range(40):
            yield b"x" * 65536

    answer = await client.post("/v1/nowhere", content=endless())
    assert answer.status_code == 413
