"""What a process without secrets makes of the executor's answers, good and bad."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.core.ids import new_id
from app.providers.registry import Registry, build_providers
from app.providers.remote import ExecutorClient
from app.services.calling import Caller, calling
from app.services.ports import BillLine, PaymentProvider
from tests.providers.samples.stripe import DUE, TEN
from tests.providers.stand_in import StandIn

TOKEN = "exe_of_the_web"


@dataclass
class Far:
    """An executor that says what a test tells it to, and the providers that ask it."""

    server: StandIn
    registry: Registry

    @property
    def stripe(self) -> PaymentProvider:
        return self.registry.payment("stripe")

    def says(self, status: int, body: Any) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.server.answer = lambda _: (status, text)

    @property
    def order(self) -> dict[str, Any]:
        return json.loads(self.server.asked[-1].body)


@pytest.fixture
async def far() -> AsyncGenerator[Far]:
    with StandIn().running() as server:
        registry = build_providers(executor=ExecutorClient(server.url, TOKEN, seconds=5))
        yield Far(server, registry)
        await registry.close()


def answered(data: Any) -> dict[str, Any]:
    return {"ok": True, "status": "success", "request_id": "req_1", "data": data}


def refused(error_code: str, /, **meta: Any) -> dict[str, Any]:
    return {
        "ok": False,
        "status": "error",
        "request_id": "req_1",
        "error_code": error_code,
        "error_message_redacted": "Said so.",
        "result_meta": meta,
    }


async def test_a_call_is_ordered_with_its_key_and_on_whose_behalf(far: Far) -> None:
    far.says(200, answered({"provider_ref": "re_1", "outcome": "pending"}))
    tenant_id = new_id()
    with calling(Caller("person", "p1", tenant_id, "req_of_the_page")):
        made = await far.stripe.refund(
            payment_ref="pi_1", amount=TEN, reference="r1", idempotency_key="k1"
        )
    assert (made.provider_ref, made.outcome) == ("re_1", "pending")
    order = far.order
    assert order.pop("request_hash")
    assert order == {
        "tenant_id": str(tenant_id),
        "integration": "stripe",
        "action": "stripe.refund",
        "params": {
            "payment_ref": "pi_1",
            "amount": {"amount": "10.00", "currency": "USD"},
            "reference": "r1",
        },
        "idempotency_key": "k1",
        "trace": {"actor_id": "person:p1"},
    }
    asked = far.server.asked[-1]
    assert asked.path == "/functions/v1/execute"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["x-request-id"] == "req_of_the_page"


async def test_a_providers_no_comes_through_with_its_reason(far: Far) -> None:
    far.says(502, refused("PROVIDER_REFUSED", reason="total_mismatch", code="x", answer=404))
    with pytest.raises(ProviderRefusedError) as refusal:
        await far.stripe.fetch_invoice("in_1")
    assert (refusal.value.message, refusal.value.reason) == ("Said so.", "total_mismatch")
    assert refusal.value.details == {"code": "x", "answer": 404}


async def test_a_providers_silence_comes_through_with_its_reason(far: Far) -> None:
    far.says(503, refused("PROVIDER_DOWN", reason="vault_locked"))
    with pytest.raises(ProviderDownError) as refusal:
        await far.stripe.fetch_invoice("in_1")
    assert (refusal.value.message, refusal.value.reason) == ("Said so.", "vault_locked")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, refused("INVALID_API_KEY")),
        (403, refused("SCOPE_DENIED", reason="scope_denied")),
        (403, refused("AUTHORIZATION_ERROR", reason="action_not_allowed")),
        (404, refused("NOT_FOUND")),
        (404, {"error": "no", "reason": "not_found"}),
        (422, refused("VALIDATION_ERROR")),
        (429, refused("RATE_LIMITED")),
        (500, refused("INTERNAL_ERROR")),
        (502, {"error": "a proxy's"}),
        (502, b"<html>Bad gateway</html>"),
        (503, b""),
        (200, b"not json"),
        (200, []),
        (200, {"ok": False}),
        (200, {"ok": "yes", "data": None}),
        (200, answered(None)),
        (200, answered({"status": "open"})),
        (0, b""),
    ],
)
async def test_what_is_no_providers_answer_leaves_the_end_unknown(
    far: Far, status: int, body: Any
) -> None:
    far.says(status, body)
    with pytest.raises(ProviderDownError) as refusal:
        await far.stripe.fetch_invoice("in_1")
    assert refusal.value.reason == "provider_down"
    assert TOKEN not in str(refusal.value)


async def test_params_that_are_too_large_are_not_even_sent(far: Far) -> None:
    lines = [BillLine("x" * 1000, TEN, f"line{index}") for index in range(70)]
    with pytest.raises(ProviderRefusedError) as refusal:
        await far.stripe.open_invoice(
            customer_ref="cus_1",
            invoice_id="1",
            number="1",
            lines=lines,
            total=TEN,
            due_at=DUE,
            idempotency_key="k",
        )
    assert refusal.value.reason == "too_large"
    assert far.server.asked == []


async def test_what_a_provider_cannot_do_is_refused_without_asking(far: Far) -> None:
    with pytest.raises(ProviderRefusedError) as refusal:
        await far.registry.payment("alipay").fetch_invoice("in_1")
    assert refusal.value.reason == "not_supported"
    assert far.server.asked == []


def test_it_can_what_the_direct_ones_can(far: Far) -> None:
    stripe, alipay = far.stripe, far.registry.payment("alipay")
    assert (stripe.can_invoice, stripe.can_store_method, stripe.can_pay_out) == (True, True, True)
    assert (alipay.can_invoice, alipay.can_store_method, alipay.can_pay_out) == (False, False, True)
    assert alipay.currencies == {"CNY"}
