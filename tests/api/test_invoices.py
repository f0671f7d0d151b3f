"""A vendor's invoices over HTTP: its own, whole, and byte for byte what was mailed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.ids import new_id, new_secret
from app.runtime import Runtime
from app.services import billing, billing_runs
from app.services.context import SYSTEM, Context
from models.credential import Credential, CredentialKind
from models.invoice import Invoice
from models.person import LoginSession
from models.stored_file import StoredFile
from models.tenant import Tenant
from tests.factories import make_person, make_vendor
from tests.money_kit import NOVEMBER, until, used

PERIOD = "2026-11"


@dataclass
class Shop:
    """A vendor with a token, a signed-in owner and an invoice."""

    tenant: Tenant
    headers: dict[str, str]
    cookie: dict[str, str]
    invoice_id: UUID


async def _shop(ctx: Context, name: str) -> tuple[Tenant, dict[str, str], dict[str, str]]:
    tenant = await make_vendor(ctx, name=name)
    await used(ctx, tenant, 3)
    token = new_secret("vnd_")
    ctx.db.add(
        Credential(
            tenant_id=tenant.id,
            kind=CredentialKind.VENDOR_TOKEN,
            lookup=ctx.keyring.hash_token(token),
            created_at=ctx.now(),
        )
    )
    person = await make_person(ctx, tenant)
    secret = new_secret()
    ctx.db.add(
        LoginSession(
            person_id=person.id,
            token_hash=ctx.keyring.hash_token(secret),
            created_at=ctx.now(),
            last_seen_at=ctx.now(),
            expires_at=NOVEMBER.next.end,
        )
    )
    return tenant, {"Authorization": f"Bearer {token}"}, {"turnpike_session": secret}


@pytest.fixture
async def shops(run: Runtime, clock: FixedClock) -> list[Shop]:
    """Two vendors, each billed for three devices."""
    async with run.context(SYSTEM) as ctx:
        made = [await _shop(ctx, name) for name in ("First", "Second")]
    until(clock, NOVEMBER.end)
    async with run.context(SYSTEM) as ctx:
        await billing_runs.start_run(ctx, PERIOD)
        return [
            Shop(tenant, headers, cookie, UUID(await _bill(ctx, tenant)))
            for tenant, headers, cookie in made
        ]


async def _bill(ctx: Context, tenant: Tenant) -> str:
    for step in billing.STEPS[:4]:
        await step(ctx, tenant.id, PERIOD)
    return await billing.count_and_open(ctx, tenant.id, PERIOD)


async def test_the_list_shows_the_vendors_own(client: httpx.AsyncClient, shops: list[Shop]) -> None:
    answer = await client.get("/v1/vendor/invoices", headers=shops[0].headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    [row] = answer.json()["data"]
    assert row["id"] == str(shops[0].invoice_id)
    assert row["total"] == {"amount": "7.50", "currency": "USD"}
    assert row["period"] == {"start": "2026-11-01", "end": "2026-12-01"}
    assert (row["status"], row["kind"]) == ("open", "invoice")


async def test_one_invoice_says_why(client: httpx.AsyncClient, shops: list[Shop]) -> None:
    path = f"/v1/vendor/invoices/{shops[0].invoice_id}"
    first = (await client.get(path, headers=shops[0].headers, params={"limit": 2})).json()
    assert first["lines"][0]["quantity"] == "3"
    assert first["lines"][0]["unit_price"] == {"amount": "2.50", "currency": "USD"}
    assert first["why"]["device_count"] == 3
    devices = [one["device_id"] for one in first["why"]["devices"]]
    more = {"cursor": first["why"]["next_cursor"]}
    rest = (await client.get(path, headers=shops[0].headers, params=more)).json()
    devices += [one["device_id"] for one in rest["why"]["devices"]]
    assert devices == ["SN-0000", "SN-0001", "SN-0002"]


async def test_the_file_is_byte_for_byte_what_was_mailed(
    client: httpx.AsyncClient, shops: list[Shop], run: Runtime
) -> None:
    shop = shops[0]
    by_token = await client.get(f"/v1/vendor/invoices/{shop.invoice_id}/pdf", headers=shop.headers)
    assert by_token.headers["content-type"] == "application/pdf"
    async with run.context(SYSTEM) as ctx:
        invoice = await ctx.db.get_one(Invoice, shop.invoice_id)
        file = await ctx.db.get_one(StoredFile, invoice.pdf_id)
    assert by_token.content == file.content
    cookie = {"Cookie": f"turnpike_session={shop.cookie['turnpike_session']}"}
    in_browser = await client.get(f"/api/invoices/{shop.invoice_id}/pdf", headers=cookie)
    assert in_browser.content == file.content


@pytest.mark.parametrize("end", ["", "/pdf"])
async def test_somebody_elses_invoice_is_not_there(
    client: httpx.AsyncClient, shops: list[Shop], end: str
) -> None:
    path = f"/v1/vendor/invoices/{shops[1].invoice_id}{end}"
    assert (await client.get(path, headers=shops[0].headers)).status_code == 404
    assert (await client.get(path)).status_code == 401
    cookie = {"Cookie": f"turnpike_session={shops[0].cookie['turnpike_session']}"}
    foreign = f"/api/invoices/{shops[1].invoice_id}/pdf"
    assert (await client.get(foreign, headers=cookie)).status_code == 404
    assert (await client.get(foreign)).status_code == 401
    assert (await client.get(f"/api/payouts/{new_id()}/pdf", headers=cookie)).status_code == 404


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "status=nowhere"]
)
async def test_bad_queries_are_refused_with_their_field(
    client: httpx.AsyncClient, shops: list[Shop], query: str
) -> None:
    answer = await client.get(f"/v1/vendor/invoices?{query}", headers=shops[0].headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["fields"][0]["path"] == query.partition("=")[0]


async def test_a_cursor_skips_nothing_although_all_were_made_at_once(
    client: httpx.AsyncClient, shops: list[Shop], run: Runtime
) -> None:
    """A page cursor without a tie-breaker skips rows with the same timestamp."""
    async with run.context(SYSTEM) as ctx:
        origin = await ctx.db.get_one(Invoice, shops[0].invoice_id)
        for number in range(5):
            ctx.db.add(
                Invoice(
                    tenant_id=origin.tenant_id,
                    business_key=f"copy {number}",
                    number=f"XX-{number}",
                    period_start=origin.period_start,
                    period_end=origin.period_end,
                    currency="USD",
                    created_at=origin.created_at,
                )
            )
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (
            await client.get(
                "/v1/vendor/invoices",
                headers=shops[0].headers,
                params={"limit": 2, **({"cursor": cursor} if cursor else {})},
            )
        ).json()
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 6
