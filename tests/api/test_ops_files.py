"""The files of operations: what a list shows under a search, all pages, for those who may see it."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from app.rules.reconciliation import Difference
from app.services import gateway, ops_lists
from app.services.context import Context
from app.services.gateway import Call
from app.services.ops_files import FileName
from app.services.sessions import COOKIE
from models.audit import AuditEvent
from models.dispute import Dispute
from models.exchange import InboxStatus, SuppressedAddress
from models.person import Role
from models.reconciliation import ReconciliationFinding
from tests.factories import as_agent, make_agent, make_device, make_person, make_vendor
from tests.money_kit import make_invoice
from tests.ops_kit import make_event, make_job, make_mail, make_payment, make_payout
from tests.state.conftest import sign_in

HOSTILE = '=HYPERLINK("//evil.example","x")'


async def cookie(ctx: Context, role: Role = Role.OPS_VIEWER) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={await sign_in(ctx, await make_person(ctx, role=role))}"}


@pytest.fixture
async def one_of_each(ctx: Context) -> None:
    """One row at least for every list; the vendor's name is a formula."""
    vendor = await make_vendor(ctx, name=HOSTILE)
    await make_device(ctx, vendor)
    invoice = await make_invoice(ctx, vendor)
    now = ctx.now()
    payment = await make_payment(ctx, vendor, invoice_id=invoice.id)
    await make_payout(ctx, vendor)
    ctx.db.add_all(
        [
            Dispute(
                tenant_id=vendor.id,
                payment_id=payment.id,
                provider="stripe",
                provider_ref="du_1",
                amount_micros=25_000_000,
                currency="USD",
                opened_at=now,
            ),
            SuppressedAddress(email="a@example.com", reason="bounce", suppressed_at=now),
        ]
    )
    await make_job(ctx)
    await make_event(ctx)
    await make_mail(ctx)
    await gateway.run(as_agent(ctx, (await make_agent(ctx)).agent), Call("meta.version"))
    ctx.db.add(
        ReconciliationFinding(
            invoice_id=invoice.id,
            tenant_id=vendor.id,
            period="2026-11",
            difference=Difference.PAID_THERE,
            ours="open",
            theirs="paid",
            found_at=now,
            seen_at=now,
        )
    )
    ctx.audit("vendor.activated", tenant_id=vendor.id, subject=("tenant", vendor.id))
    await ctx.db.commit()


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def exports(ctx: Context) -> list[dict[str, Any]]:
    found = await ctx.db.scalars(
        select(AuditEvent)
        .where(AuditEvent.kind == "ops.list_exported")
        .order_by(col(AuditEvent.at), col(AuditEvent.id))
    )
    return [one.body for one in found]


@pytest.mark.parametrize("name", FileName)
async def test_a_viewer_takes_any_list_away_and_that_is_audited(
    ctx: Context, client: httpx.AsyncClient, one_of_each: None, name: FileName
) -> None:
    answer = await client.get(f"/files/ops/{name}.csv", headers=await cookie(ctx))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    found = rows(answer)
    assert found
    assert all(None not in row and None not in row.values() for row in found)
    assert not any(cell.startswith("=") for row in found for cell in row.values())
    assert [one["list"] for one in await exports(ctx)] == [name.value]


@pytest.mark.parametrize("name", FileName)
async def test_vendors_get_no_list_of_operations(
    ctx: Context, client: httpx.AsyncClient, one_of_each: None, name: FileName
) -> None:
    owner = await make_person(ctx, await make_vendor(ctx, name="Beta Robots"))
    headers = {"Cookie": f"{COOKIE}={await sign_in(ctx, owner)}"}
    answer = await client.get(f"/files/ops/{name}.csv", headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "role_too_low")
    assert await exports(ctx) == []


async def test_a_file_holds_all_pages_of_what_the_filters_show(
    ctx: Context, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops_lists, "BATCH", 7)
    for number in range(30):
        await make_event(
            ctx,
            subject_ref=f"pi_{number:02}",
            attempts=number,
            status=InboxStatus.FAILED,
            provider="stripe" if number < 28 else "alipay",
        )
    await make_event(ctx, subject_ref="pi_99", status=InboxStatus.DONE)
    await ctx.db.commit()
    query = "q=PI_&status=failed&provider=stripe&sort=attempts"
    answer = await client.get(f"/files/ops/webhooks.csv?{query}", headers=await cookie(ctx))
    assert [row["subject_ref"] for row in rows(answer)] == [f"pi_{one:02}" for one in range(28)]
    assert await exports(ctx) == [
        {
            "list": "webhooks",
            "rows": 28,
            "q": "PI_",
            "status": "failed",
            "provider": "stripe",
            "sort": "attempts",
        }
    ]


@pytest.mark.parametrize(
    "address",
    [
        "people.csv",
        "invoices.csv?status=odd",
        "invoices.csv?sort=password",
        "tenants.csv?tenant_id=1",
        f"audit.csv?q={'x' * 129}",
    ],
)
async def test_odd_questions_are_refused_and_nothing_leaves(
    ctx: Context, client: httpx.AsyncClient, address: str
) -> None:
    answer = await client.get(f"/files/ops/{address}", headers=await cookie(ctx))
    assert answer.status_code == 422, answer.text
    assert answer.json()["fields"]
    assert await exports(ctx) == []
