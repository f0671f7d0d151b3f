"""The executor's addresses: who may have what done, how it is answered, and what is written down."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select

from app.core.ids import new_id
from app.core.money import Money
from app.runtime import Runtime
from app.services import allow_list, credentials, payment_methods, service_keys
from app.services.context import SYSTEM
from app.services.executor import CARDS
from app.services.ports import ChargeResult
from app.vaulting import VaultDesk
from models.audit import AuditEvent
from models.payment import PaymentMethod
from models.person import Role
from models.runtime_invoice import RuntimeInvoice, RuntimeInvoiceStatus
from models.vault import AllowedAction
from tests.factories import as_ops, as_vendor, make_agent, make_vendor
from tests.fakes import FakeProviders
from tests.vault_kit import FakeKeys

PATH = "/functions/v1/execute"


@dataclass
class Desk:
    """An embedded executor, with a key for everybody and one for a single agent."""

    client: httpx.AsyncClient
    run: Runtime
    everybody: str
    limited: str
    tenant_id: UUID
    stranger_id: UUID

    async def post(self, path: str, body: Any, token: str, **headers: str) -> httpx.Response:
        headers["Authorization"] = f"Bearer {token}"
        return await self.client.post(path, json=body, headers=headers)

    async def do(self, action: str, token: str = "", **more: Any) -> httpx.Response:
        order = {"integration": "stripe", "action": action, **more}
        return await self.post(PATH, order, token or self.everybody)

    async def pattern(
        self, name: str, body: Any, token: str = "", **headers: str
    ) -> httpx.Response:
        path = f"/api/tenants/{self.tenant_id}/stripe/{name}"
        return await self.post(path, body, token or self.limited, **headers)

    async def trail(self, kind: str) -> list[AuditEvent]:
        async with self.run.context(SYSTEM) as ctx:
            rows = await ctx.db.scalars(select(AuditEvent).where(col(AuditEvent.kind) == kind))
            return list(rows)


@pytest.fixture
async def desk(run: Runtime, client: httpx.AsyncClient) -> AsyncGenerator[Desk]:
    run.desk = VaultDesk(FakeKeys())
    async with run.context(SYSTEM) as ctx:
        await run.desk.publish(ctx)
        agent = (await make_agent(ctx)).agent
        other = (await make_agent(ctx, "b@example.com")).agent
        everybody = await service_keys.issue(ctx, run.desk.keys, "web")
        limited = await service_keys.issue(ctx, run.desk.keys, "runtime", [agent.tenant_id])
    yield Desk(client, run, everybody, limited, agent.tenant_id, other.tenant_id)
    run.desk = None


async def test_an_action_is_done_and_answered_in_the_envelope(
    desk: Desk, providers: FakeProviders
) -> None:
    params = {
        "payment_ref": "pi_1",
        "amount": {"amount": "2.00", "currency": "USD"},
        "reference": "r1",
    }
    answer = await desk.do("stripe.refund", params=params, idempotency_key="k1")
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("request_id").startswith("req_")
    assert body == {
        "ok": True,
        "status": "success",
        "data": {"provider_ref": "re_r1", "outcome": "pending"},
        "upstream": None,
    }
    (call,) = providers.stripe.named("refund")
    assert (call["amount"], call["idempotency_key"]) == (Money.of("2", "USD"), "k1")


async def test_what_a_provider_says_is_told_apart_and_whole(
    desk: Desk, providers: FakeProviders
) -> None:
    params = {"provider_ref": "in_1"}
    providers.stripe.down = 1
    down = await desk.do("stripe.void_invoice", params=params)
    assert (down.status_code, down.json()["error_code"]) == (503, "PROVIDER_DOWN")
    providers.stripe.refuse = True
    refused = await desk.do("stripe.void_invoice", params=params)
    assert (refused.status_code, refused.json()["error_code"]) == (502, "PROVIDER_REFUSED")
    assert refused.json()["error_message_redacted"] == "The provider said no."
    assert refused.json()["result_meta"]["reason"] == "provider_refused"
    assert (refused.json()["ok"], refused.json()["status"]) == (False, "error")
    nobody = await desk.post(
        PATH, {"integration": "polar", "action": "polar.refund"}, desk.everybody
    )
    assert (nobody.status_code, nobody.json()["error_code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"action": "stripe.no_such"}, 404, "NOT_FOUND"),
        ({"action": "stripe.close"}, 404, "NOT_FOUND"),
        ({"action": "stripe._do"}, 404, "NOT_FOUND"),
        ({"action": "refund"}, 404, "NOT_FOUND"),
        ({"action": "alipay.refund"}, 404, "NOT_FOUND"),
        ({"action": "stripe.refund", "version": 2}, 404, "NOT_FOUND"),
        ({"action": "stripe.fetch_page"}, 422, "VALIDATION_ERROR"),
        ({"action": "stripe.fetch_page", "params": {"provider_ref": 1}}, 422, "VALIDATION_ERROR"),
        ({"action": "stripe.fetch_page", "params": []}, 422, "VALIDATION_ERROR"),
        ({"action": ""}, 422, "VALIDATION_ERROR"),
        ({"action": "stripe.fetch_page", "tenant_id": "x"}, 422, "VALIDATION_ERROR"),
        ({"action": "stripe.fetch_page", "tenant_id": str(new_id())}, 403, "SCOPE_DENIED"),
        (
            {"action": "stripe.charge_invoice", "params": {"provider_ref": "in_1"}},
            422,
            "VALIDATION_ERROR",
        ),
        (
            {"action": "stripe.fetch_page", "params": {"provider_ref": "x" * (64 << 10)}},
            413,
            "VALIDATION_ERROR",
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_in_the_envelope(
    desk: Desk, providers: FakeProviders, more: dict[str, Any], status: int, code: str
) -> None:
    answer = await desk.post(PATH, {"integration": "stripe", **more}, desk.everybody)
    body = answer.json()
    assert (answer.status_code, body["error_code"], body["ok"]) == (status, code, False), body
    assert body["request_id"]
    assert providers.stripe.calls == []


async def test_the_largest_params_are_taken(desk: Desk, providers: FakeProviders) -> None:
    frame = len('{"provider_ref":""}')
    params = {"provider_ref": "x" * ((64 << 10) - frame)}
    assert (await desk.do("stripe.fetch_page", params=params)).status_code == 200


async def test_nobody_but_the_holder_of_a_service_key_is_served(
    desk: Desk, providers: FakeProviders
) -> None:
    async with desk.run.context(SYSTEM) as ctx:
        vendor = await credentials.issue(as_vendor(ctx, await make_vendor(ctx)), "vendor")
        platform = await credentials.issue_platform_token(ctx, "platform")
        kernel = await credentials.issue_kernel_token(ctx, "kernel")
    for token in (vendor.secret, platform.secret, kernel.secret, "exe_forged"):
        for path in (PATH, f"/api/tenants/{desk.tenant_id}/stripe/customers.create"):
            answer = await desk.post(
                path, {"integration": "stripe", "action": "stripe.check"}, token
            )
            assert (answer.status_code, answer.json()["error_code"]) == (401, "INVALID_API_KEY")
    assert providers.stripe.calls == []


async def test_a_key_for_one_tenant_reaches_no_other_and_no_bare_call(
    desk: Desk, providers: FakeProviders
) -> None:
    mine, theirs = str(desk.tenant_id), str(desk.stranger_id)
    refusals = [
        await desk.do("stripe.customers.create", desk.limited, tenant_id=theirs),
        await desk.do("stripe.customers.create", desk.limited),
        await desk.do("stripe.fetch_page", desk.limited, params={"provider_ref": "cs_1"}),
        await desk.do(
            "stripe.fetch_page", desk.limited, tenant_id=mine, params={"provider_ref": "cs_1"}
        ),
        await desk.post(f"/api/tenants/{theirs}/stripe/customers.create", {}, desk.limited),
        await desk.post(f"/api/tenants/{new_id()}/stripe/customers.create", {}, desk.limited),
        await desk.post(f"/api/tenants/{new_id()}/stripe/customers.create", {}, desk.everybody),
    ]
    for answer in refusals:
        assert (answer.status_code, answer.json()["error_code"]) == (403, "SCOPE_DENIED")
    assert providers.stripe.calls == []
    rows = await desk.trail("executor.refused")
    assert len(rows) == len(refusals)
    assert {(row.actor_kind, row.result, row.body["reason"]) for row in rows} == {
        ("service_key", "denied", "scope_denied")
    }
    assert (await desk.do("stripe.customers.create", desk.limited, tenant_id=mine)).is_success


async def test_what_is_switched_off_is_refused_to_everybody(
    desk: Desk, providers: FakeProviders
) -> None:
    async with desk.run.context(SYSTEM) as ctx:
        found = select(AllowedAction).where(col(AllowedAction.action) == "customers.create")
        line = (await ctx.db.scalars(found)).one()
        await allow_list.switch(as_ops(ctx, Role.OPS_ADMIN), line.id, enabled=False)
    answer = await desk.pattern("customers.create", {})
    assert (answer.status_code, answer.json()["error_code"]) == (403, "AUTHORIZATION_ERROR")
    assert answer.json()["result_meta"]["reason"] == "action_not_allowed"
    assert providers.stripe.calls == []


async def test_params_are_written_down_nowhere(
    desk: Desk, providers: FakeProviders, caplog: pytest.LogCaptureFixture
) -> None:
    hidden = "pi_hidden_from_everybody"
    params = {"payment_ref": hidden, "amount": {"amount": "x", "currency": "USD"}, "reference": "r"}
    await desk.do("stripe.refund", params=params, idempotency_key="k")
    await desk.do("stripe.refund", desk.limited, params=params, idempotency_key="k")
    async with desk.run.context(SYSTEM) as ctx:
        rows = list(await ctx.db.scalars(select(AuditEvent)))
    assert hidden not in "".join(str(row.model_dump()) for row in rows) + caplog.text


async def test_without_a_vault_the_addresses_do_not_exist(client: httpx.AsyncClient) -> None:
    for path in (PATH, f"/api/tenants/{new_id()}/stripe/invoices.create"):
        answer = await client.post(path, json={}, headers={"Authorization": "Bearer exe_x"})
        assert answer.status_code == 404


# -- what runtimes of their own have done for a tenant ---------------------------------------------

INVOICE = {"amount": "1.23", "description": "API calls of 2026-10", "period": "2026-10"}
KEY = {"Idempotency-Key": "billing-x-2026-10"}


async def connect(desk: Desk) -> str:
    made = await desk.pattern("customers.create", {})
    assert made.status_code == 200, made.text
    return made.json()["data"]["customer_id"]


async def test_a_customer_is_made_once_and_kept_here(desk: Desk, providers: FakeProviders) -> None:
    customer = await connect(desk)
    assert await connect(desk) == customer == f"cus_{desk.tenant_id}"
    assert len(providers.stripe.named("create_customer")) == 1
    async with desk.run.context(SYSTEM) as ctx:
        method = await payment_methods.current(ctx, desk.tenant_id)
        assert isinstance(method, PaymentMethod)
        assert (method.provider, method.customer_ref) == (CARDS, customer)
    other = await desk.pattern("customers.create", {"email": "somebody@else.example"})
    assert (other.status_code, other.json()["result_meta"]["reason"]) == (409, "other_email")


async def test_a_card_page_leads_where_the_runtime_says(
    desk: Desk, providers: FakeProviders
) -> None:
    ways = {"success_url": "https://run.example/ok", "cancel_url": "https://run.example/no"}
    made = await desk.pattern("checkout.create", ways)
    assert made.status_code == 200, made.text
    (asked,) = providers.stripe.named("start_setup")
    assert (asked["return_url"], asked["cancel_url"]) == tuple(ways.values())
    assert made.json()["data"]["checkout_url"].startswith("https://pay.test/")
    again = await desk.pattern("checkout.create", ways)
    assert again.json()["data"] == made.json()["data"]
    for bad in ({}, {"success_url": "javascript:x", "cancel_url": "https://run.example"}):
        assert (await desk.pattern("checkout.create", bad)).status_code == 422


async def test_a_month_is_invoiced_once_whoever_asks_again(
    desk: Desk, providers: FakeProviders
) -> None:
    customer = await connect(desk)
    made = await desk.pattern("invoices.create", INVOICE | {"customer_id": customer}, **KEY)
    assert made.status_code == 200, made.text
    data = made.json()["data"]
    assert (data["status"], data["amount"], data["period"]) == ("paid", "1.23", "2026-10")
    again = await desk.pattern("invoices.create", INVOICE | {"customer_id": customer}, **KEY)
    assert again.json()["data"] == data
    in_body = INVOICE | {"idempotency_key": KEY["Idempotency-Key"]}
    assert (await desk.pattern("invoices.create", in_body)).json()["data"] == data
    by_execute = await desk.do(
        "stripe.invoices.create",
        desk.limited,
        tenant_id=str(desk.tenant_id),
        params=INVOICE,
        idempotency_key=KEY["Idempotency-Key"],
    )
    assert by_execute.json()["data"] == data
    assert len(providers.stripe.named("open_invoice")) == 1
    assert len(providers.stripe.named("charge_invoice")) == 1
    (opened,) = providers.stripe.named("open_invoice")
    assert [(line.description, line.amount) for line in opened["lines"]] == [
        ("API calls of 2026-10", Money.of("1.23", "USD"))
    ]


async def test_another_request_under_the_key_or_for_the_month_is_refused(
    desk: Desk, providers: FakeProviders
) -> None:
    await connect(desk)
    await desk.pattern("invoices.create", INVOICE, **KEY)
    for change, key, reason in (
        ({"amount": "9.99"}, KEY, "idempotency_key_reused"),
        ({"description": "other"}, KEY, "idempotency_key_reused"),
        ({"period": "2026-09"}, KEY, "idempotency_key_reused"),
        ({}, {"Idempotency-Key": "other"}, "period_invoiced"),
    ):
        answer = await desk.pattern("invoices.create", INVOICE | change, **key)
        assert (answer.status_code, answer.json()["result_meta"]["reason"]) == (409, reason)
    assert len(providers.stripe.named("open_invoice")) == 1


@pytest.mark.parametrize("lost", ["open_invoice", "charge_invoice"])
async def test_a_call_whose_answer_was_lost_is_finished_by_the_next_one(
    desk: Desk, providers: FakeProviders, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(desk)
    note = providers.stripe._note
    failed: list[str] = []

    def lossy(name: str, /, **arguments: Any) -> None:
        note(name, **arguments)
        if name == lost and not failed:
            failed.append(name)
            providers.stripe.down = 1
            note("lost")

    monkeypatch.setattr(providers.stripe, "_note", lossy)
    first = await desk.pattern("invoices.create", INVOICE, **KEY)
    assert (first.status_code, first.json()["error_code"]) == (503, "PROVIDER_DOWN")
    second = await desk.pattern("invoices.create", INVOICE, **KEY)
    assert second.json()["data"]["status"] == "paid"
    for name in ("open_invoice", "charge_invoice"):
        asked = {one["idempotency_key"] for one in providers.stripe.named(name)}
        assert len(asked) == 1, name
    async with desk.run.context(SYSTEM) as ctx:
        assert len(list(await ctx.db.scalars(select(RuntimeInvoice)))) == 1


async def test_a_declined_card_leaves_the_invoice_open_and_is_not_tried_again(
    desk: Desk, providers: FakeProviders
) -> None:
    await connect(desk)
    providers.stripe.charge = ChargeResult("failed", "pay_1", "The card was declined.")
    for _ in range(2):
        answer = await desk.pattern("invoices.create", INVOICE, **KEY)
        assert answer.json()["data"]["status"] == "open"
    assert len(providers.stripe.named("charge_invoice")) == 1


async def test_a_month_that_this_product_bills_is_refused(
    desk: Desk, providers: FakeProviders
) -> None:
    from models.agent import AgentCall

    await connect(desk)
    async with desk.run.context(SYSTEM) as ctx:
        call = AgentCall(
            at=ctx.now().replace(month=10),
            tenant_id=desk.tenant_id,
            action="domain.leadscoring.leads.export",
            pack="leadscoring",
            status="success",  # type: ignore[arg-type]
            is_billable=True,
            is_charged=True,
            actor_id="k",
            request_id="r",
            request_hash="h",
        )
        ctx.db.add(call)
    answer = await desk.pattern("invoices.create", INVOICE, **KEY)
    assert (answer.status_code, answer.json()["result_meta"]["reason"]) == (409, "billed_here")
    assert providers.stripe.named("open_invoice") == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount": "0"}, 422),
        ({"amount": "-1"}, 422),
        ({"amount": "0.005"}, 422),
        ({"amount": "1e2"}, 422),
        ({"amount": 1.23}, 422),
        ({"currency": "XXX"}, 422),
        ({"period": "2026-13"}, 422),
        ({"period": "2026-11"}, 409),  # still running
        ({"description": ""}, 422),
        ({"customer_id": "cus_of_somebody_else"}, 409),
    ],
)
async def test_an_invoice_that_makes_no_sense_is_refused_before_anything_is_asked(
    desk: Desk, providers: FakeProviders, change: dict[str, Any], status: int
) -> None:
    await connect(desk)
    answer = await desk.pattern("invoices.create", INVOICE | change, **KEY)
    assert answer.status_code == status, answer.text
    assert providers.stripe.named("open_invoice") == []
    async with desk.run.context(SYSTEM) as ctx:
        assert list(await ctx.db.scalars(select(RuntimeInvoice))) == []


async def test_an_invoice_needs_its_key_and_a_customer(desk: Desk) -> None:
    nobody = await desk.pattern("invoices.create", INVOICE, **KEY)
    assert nobody.json()["result_meta"]["reason"] == "no_customer"
    await connect(desk)
    assert (await desk.pattern("invoices.create", INVOICE)).status_code == 422


async def test_a_vendor_is_never_billed_this_way(desk: Desk, providers: FakeProviders) -> None:
    async with desk.run.context(SYSTEM) as ctx:
        vendor = await make_vendor(ctx)
    for name, body in (("customers.create", {}), ("invoices.create", INVOICE)):
        path = f"/api/tenants/{vendor.id}/stripe/{name}"
        assert (await desk.post(path, body, desk.everybody, **KEY)).status_code == 404
    assert providers.stripe.calls == []


async def test_the_providers_word_marks_it_paid_and_books_nothing(desk: Desk) -> None:
    from app.services import payment_events
    from app.services.news import News
    from models.payment import Payment

    await connect(desk)
    await desk.pattern("invoices.create", INVOICE, **KEY)
    async with desk.run.context(SYSTEM) as ctx:
        row = (await ctx.db.scalars(select(RuntimeInvoice))).one()
        row.status = RuntimeInvoiceStatus.OPEN
        await ctx.db.flush()
        news = News("stripe", "evt_1", "in_1", ctx.now(), {"invoice_ref": row.provider_ref})
        assert await payment_events.succeeded(ctx, news)
        assert row.status is RuntimeInvoiceStatus.PAID
        assert list(await ctx.db.scalars(select(Payment))) == []
