"""A logo is taken from its vendor's owner only, up to a size, and shown with harmless headers."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image

from app.core.ids import new_id
from app.runtime import Runtime
from app.services import branding
from models.person import Person
from tests.getting_in import PASSWORD, make_owner

OURS = {"Origin": "http://portal.test"}
SCRIPT = {**OURS, "Accept": "application/json"}


def _picture(kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(stream, kind)
    return stream.getvalue()


@pytest.fixture
async def owner(run: Runtime, client: httpx.AsyncClient) -> Person:
    """A vendor's owner, signed in with this client."""
    async with run.as_system() as ctx:
        person = await make_owner(ctx)
        await make_owner(ctx, "other@example.com")
    await _sign_in(client, person.email)
    return person


async def _sign_in(client: httpx.AsyncClient, email: str) -> None:
    answer = await client.post(
        "/auth/login", data={"email": email, "password": PASSWORD}, headers=SCRIPT
    )
    assert answer.status_code == 200


async def _upload(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    files = {"logo": ("evil.svg", content, "image/svg+xml")}
    return await client.post("/auth/logo", files=files, headers={**SCRIPT, **headers})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_logo_is_known_by_its_content_and_shown_as_a_png(
    client: httpx.AsyncClient, owner: Person, kind: str
) -> None:
    answer = await _upload(client, _picture(kind))
    assert (answer.status_code, answer.json()) == (200, {"redirect": "/vendor/onboarding"})
    shown = await client.get(f"/auth/logo/{owner.tenant_id}")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert shown.headers["cache-control"].startswith("private")
    with Image.open(io.BytesIO(shown.content)) as opened:
        assert (opened.format, opened.size) == ("PNG", (64, 48))
    again = await client.get(
        f"/auth/logo/{owner.tenant_id}", headers={"If-None-Match": shown.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_a_plain_form_goes_on_where_it_wanted(
    client: httpx.AsyncClient, owner: Person
) -> None:
    for wanted, reached in (
        ("/vendor/settings", "/vendor/settings"),
        ("//x", "/vendor/onboarding"),
    ):
        answer = await client.post(
            "/auth/logo",
            files={"logo": ("a.png", _picture())},
            data={"next": wanted},
            headers=OURS,
        )
        assert (answer.status_code, answer.headers["location"]) == (303, reached)


@pytest.mark.parametrize("content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a"])
async def test_what_is_no_picture_is_refused(
    client: httpx.AsyncClient, owner: Person, content: bytes
) -> None:
    answer = await _upload(client, content)
    assert answer.status_code == 422
    assert [one["path"] for one in answer.json()["fields"]] == ["logo"]
    answer = await client.post("/auth/logo", files={"logo": ("a.png", content)}, headers=OURS)
    assert answer.headers["location"] == "/vendor/onboarding?error=invalid_logo"


async def test_a_form_without_a_picture_is_refused(
    client: httpx.AsyncClient, owner: Person
) -> None:
    for body in ({"data": {"logo": "text"}}, {"data": {}}, {"json": {"logo": "text"}}):
        answer = await client.post("/auth/logo", headers=SCRIPT, **body)  # type: ignore[arg-type]
        assert answer.status_code == 422


async def test_the_largest_logo_passes_the_frame_and_a_larger_one_does_not(
    client: httpx.AsyncClient, owner: Person
) -> None:
    largest = _picture() + b"\x00" * (branding.MAX_LOGO_BYTES - len(_picture()))
    assert (await _upload(client, largest)).status_code == 200
    answer = await _upload(client, largest + b"\x00")
    assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
    answer = await _upload(client, largest + b"\x00" * (1 << 20))
    assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")


async def test_other_forms_keep_the_smaller_limit(client: httpx.AsyncClient) -> None:
    answer = await client.post("/auth/login", content=b"x" * ((1 << 20) + 1), headers=SCRIPT)
    assert answer.status_code == 413


async def test_strangers_upload_and_see_nothing(client: httpx.AsyncClient, owner: Person) -> None:
    await _upload(client, _picture())
    client.cookies.clear()
    assert (await _upload(client, _picture())).status_code == 401
    answer = await client.post("/auth/logo", files={"logo": ("a.png", b"x")}, headers=OURS)
    assert answer.status_code == 401
    assert (await client.get(f"/auth/logo/{owner.tenant_id}")).status_code == 401


async def test_another_vendor_sees_no_logo_and_replaces_only_its_own(
    client: httpx.AsyncClient, owner: Person
) -> None:
    await _upload(client, _picture())
    mine = (await client.get(f"/auth/logo/{owner.tenant_id}")).content
    await _sign_in(client, "other@example.com")
    for tenant_id in (owner.tenant_id, new_id()):
        assert (await client.get(f"/auth/logo/{tenant_id}")).status_code == 404
    await _upload(client, _picture("JPEG"))
    await _sign_in(client, owner.email)
    assert (await client.get(f"/auth/logo/{owner.tenant_id}")).content == mine
