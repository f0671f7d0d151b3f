from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from app.core.errors import ForbiddenError, InvalidInputError
from app.core.ids import new_id
from app.services.context import Context
from models.audit import AuditEvent
from models.exchange import OutboxStatus, SuppressedAddress
from models.tenant import Tenant
from state.ops.audit import AuditState
from state.ops.audit_rows import in_short, sentence
from state.ops.jobs import JobsState
from state.ops.mail import MailState
from state.ops.suppressed import SuppressedState
from state.ops.webhooks import WebhooksState, pretty
from tests.ops_kit import make_event, make_failed_month, make_job, make_mail
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened

PAGES: dict[str, Any] = {
    "/ops/webhooks": WebhooksState,
    "/ops/mail": MailState,
    "/ops/mail/suppressed": SuppressedState,
    "/ops/jobs": JobsState,
    "/ops/audit": AuditState,
}


async def at(tab: Tab, path: str) -> Any:
    return await opened(tab, PAGES[path.partition("?")[0]], path)


@pytest.mark.parametrize("path", PAGES)
async def test_vendors_are_refused(tab: Tab, path: str) -> None:
    with pytest.raises(ForbiddenError):
        await at(tab, path)


async def test_a_notification_is_read_and_replayed(ctx: Context, operator: Tab) -> None:
    event = await make_event(ctx, status="failed", error="NotKnownYetError: nobody's", attempts=2)
    await ctx.db.commit()
    state = await at(operator, f"/ops/webhooks?status=failed&open={event.id}")
    assert [(row.kind, row.attempts) for row in state.rows] == [("payment.succeeded", 2)]
    assert state.detail.payload == '{\n  "id": "evt_1"\n}'
    assert state.rows[0].payload == ""
    await state.ask("repeat")
    await state.confirm({})
    assert state.detail.attempts == 3
    rows = await ctx.db.scalars(select(AuditEvent).where(AuditEvent.kind == "ops.webhook_replayed"))
    assert len(rows.all()) == 1


async def test_a_handled_notification_cannot_be_asked_for_again(
    ctx: Context, operator: Tab
) -> None:
    event = await make_event(ctx, status="done")
    await ctx.db.commit()
    state = await at(operator, f"/ops/webhooks?open={event.id}")
    with pytest.raises(InvalidInputError):
        await state.ask("repeat")


async def test_a_mail_is_read_without_its_secrets_and_sent_again(
    ctx: Context, operator: Tab
) -> None:
    mail = await make_mail(ctx)
    mail.status, mail.rendered = OutboxStatus.FAILED, {"html": "<p>Hello</p>", "text": "Hello"}
    mail.payload = {**mail.payload, "sealed": "c2VjcmV0"}
    await ctx.db.commit()
    state = await at(operator, f"/ops/mail?open={mail.id}")
    assert state.detail.html == "<p>Hello</p>"
    assert "c2VjcmV0" not in state.detail.payload
    await state.ask("repeat")
    await state.confirm({})
    assert state.detail.status == "queued"


async def test_an_address_is_released_with_a_reason(ctx: Context, operator: Tab) -> None:
    ctx.db.add(SuppressedAddress(email="a@example.com", reason="bounce", suppressed_at=ctx.now()))
    await ctx.db.commit()
    state = await at(operator, "/ops/mail/suppressed")
    with pytest.raises(InvalidInputError):
        await state.ask("b@example.com")
    await state.ask("a@example.com")
    await state.confirm({"reason": "box was full"})
    assert state.rows == []


async def test_a_failed_job_runs_again(ctx: Context, operator: Tab, viewer: Tab) -> None:
    job = await make_job(ctx, status=OutboxStatus.FAILED, error="down")
    await ctx.db.commit()
    looking = await at(viewer, f"/ops/jobs?open={job.id}")
    await looking.ask("repeat")
    await looking.confirm({})
    assert looking.refusal == "Your role does not allow this."
    state = await at(operator, f"/ops/jobs?status=failed&open={job.id}")
    assert [row.name for row in state.rows] == ["Pay out"]
    await state.ask("repeat")
    await state.confirm({})
    assert (state.detail.status, state.rows) == ("queued", [])
    with pytest.raises(InvalidInputError):
        await state.ask_month(str(new_id()))


async def test_a_failed_month_is_shown_and_billed_again(
    ctx: Context, vendor: Tenant, operator: Tab
) -> None:
    await make_failed_month(ctx, vendor)
    await ctx.db.commit()
    state = await at(operator, "/ops/jobs")
    assert [(row.name, row.step, row.period) for row in state.failed] == [
        ("Acme Toys", "counted", "2026-10")
    ]
    await state.ask_month(f"{vendor.id}:2026-10")
    await state.confirm({})
    assert state.failed == []
    assert [row.counted for row in state.runs] == ["0 of 1 customer billed"]


async def test_the_stream_is_narrowed_to_one_vendor(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    ctx.audit("vendor.activated", tenant_id=vendor.id, subject=("tenant", vendor.id))
    ctx.audit("ops.clock_moved", body={"to": "2026-12-01"})
    await ctx.db.commit()
    state = await at(viewer, f"/ops/audit?tenant={vendor.id}")
    assert [(row.sentence, row.actor) for row in state.rows] == [("Activated", "system")]
    assert state.tenant_name == "Acme Toys"
    assert state.csv_href == f"/files/ops/audit.csv?tenant_id={vendor.id}&sort=-at"
    state = await at(viewer, "/ops/audit?area=ops&status=success&area=ops")
    assert [row.facts for row in state.rows] == ["to 2026-12-01"]
    viewer.go("/ops/audit?tenant=nobody")
    assert await state.load() is not None


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"b":1}', '{\n  "b": 1\n}'),
        (b"trade_no=1&sign=abc", "trade_no = 1\nsign = abc"),
        (b"plain", "plain"),
        (b"\xff\xfe", "��"),
    ],
)
def test_a_payload_reads_whatever_it_is(body: bytes, shown: str) -> None:
    assert pretty(body) == shown


def test_kinds_and_facts_read_aloud() -> None:
    assert sentence("ops.tenant_suspended") == "Tenant suspended"
    assert sentence("invoice.paid") == "Invoice paid"
    assert sentence("vendor_token_used_from_new_ip") == "Vendor token used from new ip"
    assert in_short({"reason": "x", "note": "", "to_day": 3}) == "reason x, to day 3"
    assert in_short({"user_omni": "0" * 64}) == "user omni 00000000000000…000000"
    assert len(in_short({"reason": "x " * 500})) == 161
    assert sentence("pro.paid") == "Pro paid"
