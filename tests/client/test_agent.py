"""Both agent clients against a server over real sockets; every test runs for each of them."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.client.fake import AT, ID, TOKEN, FakeApi, Reply
from tests.client.test_clients import TLS
from turnpike_client import (
    AgentClient,
    AsyncAgentClient,
    CeilingExceeded,
    Conflict,
    InvalidInput,
    ScopeDenied,
    TurnpikeError,
    Unavailable,
    UpgradeRequired,
    onboard,
)
from turnpike_client.agent_cli import main

LEAD = "domain.leadscoring.leads.create"


def refused(status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    """A refusal in the gateway's envelope."""
    body = {"ok": False, "request_id": "req_1", "error": "No.", "code": code, **more}
    return Reply(status, body, headers or {})


class Caller:
    """Calls either client alike and notes the pauses instead of waiting."""

    def __init__(self, kind: str, url: str) -> None:
        self.pauses: list[float] = []
        if kind == "blocking":
            blocking: Any = httpx.HTTPTransport(verify=TLS)
            self.client: Any = AgentClient(url, TOKEN, pause=self.pauses.append, transport=blocking)
        else:
            transport: Any = httpx.AsyncHTTPTransport(verify=TLS)
            self.client = AsyncAgentClient(url, TOKEN, pause=self.pause, transport=transport)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def __call__(self, name: str, *args: Any, **named: Any) -> Any:
        result = getattr(self.client, name)(*args, **named)
        if inspect.isawaitable(result):
            return await result
        if inspect.isasyncgen(result):
            return [row async for row in result]
        return list(result) if inspect.isgenerator(result) else result


@pytest.fixture(params=["blocking", "async"])
async def call(request: pytest.FixtureRequest, api: FakeApi) -> AsyncIterator[Caller]:
    caller = Caller(request.param, api.url)
    yield caller
    await caller("close")


async def test_all_tries_of_a_call_carry_one_key_and_wait_as_told(
    api: FakeApi, call: Caller
) -> None:
    api.replies = [
        refused(503, "UNAVAILABLE", {"Retry-After": "5"}),
        refused(429, "RATE_LIMITED", {"Retry-After": "2"}),
        refused(409, "CONFLICT", {"Retry-After": "1"}),
    ]
    reply = await call("call", LEAD, {"external_id": "L-1"})
    assert (reply.data, reply.is_replay) == ({"id": ID}, False)
    keys = {one.json["idempotency_key"] for one in api.seen}
    assert (len(api.seen), len(keys)) == (4, 1)
    assert [least <= pause for least, pause in zip((5, 2, 1), call.pauses, strict=True)] == [
        True, True, True,
    ]  # fmt: skip
    await call("call", LEAD, {"external_id": "L-1"})
    assert api.seen[-1].json["idempotency_key"] not in keys


@pytest.mark.parametrize(
    ("action", "dry_run", "has_key"),
    [(LEAD, False, True), (LEAD, True, False), ("meta.actions", False, False),
     ("domain.leadscoring.questions.list", False, False),
     ("domain.leadscoring.leads.export", False, True)],
)  # fmt: skip
async def test_only_what_costs_and_changes_nothing_goes_without_a_key(
    api: FakeApi, call: Caller, action: str, dry_run: bool, has_key: bool
) -> None:
    await call("call", action, dry_run=dry_run)
    assert ("idempotency_key" in api.seen[0].json) is has_key
    await call("call", action, idempotency_key="mine")
    assert api.seen[1].json["idempotency_key"] == "mine"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (402, "UPGRADE_REQUIRED", UpgradeRequired),
        (403, "CEILING_EXCEEDED", CeilingExceeded),
        (403, "SCOPE_DENIED", ScopeDenied),
        (400, "VALIDATION_ERROR", InvalidInput),
        (409, "CONFLICT", Conflict),
    ],
)
async def test_refusals_are_typed_by_their_code_and_not_repeated(
    api: FakeApi, call: Caller, status: int, code: str, kind: type[TurnpikeError]
) -> None:
    more = {"upgrade_url": "https://pay.test", "usage": {"calls_used": 100}}
    api.replies = [refused(status, code, **more)]
    with pytest.raises(kind) as raised:
        await call("call", LEAD)
    assert (raised.value.reason, raised.value.request_id) == (code.lower(), "req_1")
    assert len(api.seen) == 1
    if isinstance(raised.value, UpgradeRequired):
        assert raised.value.upgrade_url == "https://pay.test"
        assert raised.value.usage == {"calls_used": 100}


async def test_usage_bill_upgrade_and_budget_are_read(api: FakeApi, call: Caller) -> None:
    used = await call("usage")
    assert (used.calls_remaining, used.period_end.isoformat()) == (97, "2026-12-01T00:00:00+00:00")
    assert (await call("bill", ID, "2026-11")).invoice_id is None
    assert (await call("upgrade", ID)).checkout_url == "https://pay.test/1"
    assert api.seen[-1].headers["idempotency-key"]
    limits = await call("set_spend_limits", Decimal("25.00"), hard_stop=True)
    assert str(limits.remaining) == "24.997 USD"
    assert api.seen[-1].json == {
        "budget": {"amount": "25.00", "currency": "USD"}, "hard_stop": True,
    }  # fmt: skip
    await call("set_spend_limits", None)
    assert api.seen[-1].json == {"budget": None, "hard_stop": False}


async def test_keys_are_handled_and_their_secrets_kept_out_of_sight(
    api: FakeApi, call: Caller
) -> None:
    assert [one.scopes for one in await call("keys")] == [("manage.read",)]
    made = await call("create_key", "worker", ["manage.domain"])
    assert made.api_key == "agk_a-new-secret"
    assert made.api_key not in repr(made)
    await call("rotate_key", ID, overlap_hours=1)
    assert await call("revoke_key", ID) is None
    assert TOKEN not in repr(call.client)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("bill", ("nobody", "2026-11")), ("bill", (ID, "November")), ("upgrade", ("x",)),
     ("revoke_key", ("x",))],
)  # fmt: skip
async def test_what_is_wrong_before_it_is_sent_is_not_sent(
    api: FakeApi, call: Caller, name: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(InvalidInput):
        await call(name, *arguments)
    with pytest.raises(InvalidInput):
        await call("call", LEAD, idempotency_key="with blank")
    assert api.seen == []


def test_onboarding_is_tried_once_and_says_when_there_is_no_key(api: FakeApi) -> None:
    made = onboard(api.url, "scout", "owner@example.com")
    assert (made.onboarded, made.api_key) == (True, "agk_NeverPrintThisKey")
    assert "agk_" not in repr(made)
    assert "authorization" not in api.seen[0].headers
    api.replies = [Reply(202, {"onboarded": False, "message": "We have mailed it."})]
    known = onboard(api.url, "scout", "owner@example.com")
    assert (known.api_key, known.message) == (None, "We have mailed it.")
    api.replies = [Reply(hang_up=True), Reply(hang_up=True)]
    with pytest.raises(Unavailable):
        onboard(api.url, "scout", "owner@example.com")
    assert len(api.seen) == 3


@pytest.fixture
def environment(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNPIKE_URL", api.url)
    monkeypatch.setenv("TURNPIKE_API_KEY", TOKEN)


@pytest.mark.parametrize(
    ("line", "method", "path"),
    [
        (["onboard", "scout", "o@example.com"], "POST", "/api/onboard/leadscoring"),
        (["call", "meta.actions"], "POST", "/api/manage"),
        (["usage"], "GET", "/api/usage"),
        (["bill", ID, "2026-11"], "GET", "/api/billing/invoice"),
        (["upgrade", ID], "POST", "/api/upgrade/checkout"),
        (["budget"], "GET", "/api/spend-limits"),
        (["budget", "none"], "PUT", "/api/spend-limits"),
        (["keys", "list"], "GET", "/api/keys"),
        (["keys", "create", "--scope", "manage.read"], "POST", "/api/keys"),
        (["keys", "rotate", ID], "POST", f"/api/keys/{ID}/rotate"),
        (["keys", "revoke", ID], "DELETE", f"/api/keys/{ID}"),
    ],
)
def test_each_command_makes_its_call(
    api: FakeApi,
    environment: None,
    capsys: pytest.CaptureFixture[str],
    line: list[str],
    method: str,
    path: str,
) -> None:
    assert main([*line, "--json"]) == 0
    assert [(seen.method, seen.path) for seen in api.seen] == [(method, path)]
    printed = capsys.readouterr().out
    assert printed == "" if method == "DELETE" else json.loads(printed)
    assert main(line) == 0


def test_the_command_line_says_how_it_was_refused(
    api: FakeApi,
    environment: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for reply, code in (
        (refused(402, "UPGRADE_REQUIRED"), 5),
        (refused(403, "CEILING_EXCEEDED"), 4),
        (refused(404, "NOT_FOUND"), 6),
    ):
        api.replies = [reply]
        assert main(["call", LEAD, "{}"]) == code
    assert "No." in capsys.readouterr().err
    assert main(["call", LEAD, "[1]"]) == 2
    assert main(["call", LEAD, "{"]) == 2
    monkeypatch.delenv("TURNPIKE_API_KEY")
    assert main(["usage"]) == 2
    assert AT
