"""The API's description: complete, and readable without the network."""

from __future__ import annotations

import re

import httpx


async def test_the_page_shows_every_endpoint_and_loads_nothing(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()
    answer = await client.get("/api/docs")
    assert answer.status_code == 200
    page = answer.text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    assert re.findall(r'(?:src|href)="(?!/api/openapi\.json)[^"]*"', page) == []
    assert "<script" not in page


async def test_each_endpoint_says_which_credential_it_wants(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()

    def wanted(method: str, path: str) -> list[dict[str, list[str]]]:
        return document["paths"][path][method]["security"]

    assert wanted("post", "/v1/vendor/devices/register") == [{"vendorToken": []}]
    assert wanted("post", "/v1/events") == [{"platformToken": []}]
    assert wanted("get", "/.well-known/jwks.json") == []
    schemes = document["components"]["securitySchemes"]
    assert {"vendorToken", "platformToken", "session"} <= set(schemes)


async def test_every_reference_in_the_description_leads_somewhere(
    client: httpx.AsyncClient,
) -> None:
    text = (await client.get("/api/openapi.json")).text
    known = (await client.get("/api/openapi.json")).json()["components"]["schemas"]
    for ref in set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', text)):
        assert ref in known
