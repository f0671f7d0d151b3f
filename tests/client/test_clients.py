"""Both vendor clients against a server over real sockets; every test runs for each of them."""

from __future__ import annotations

import inspect
import logging
import ssl
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest

import turnpike_client
from tests.client import signing
from tests.client.fake import DEVICE, ID, PDF, TOKEN, FakeApi, Reply, refusal
from turnpike_client import AsyncVendorClient, TurnpikeError, VendorClient, fetch_jwks

TLS = ssl.create_default_context()  # loading it anew for each test would take most of the time
BUSY = refusal(503, "unavailable")


class Caller:
    """Calls either client alike and notes the pauses instead of waiting."""

    def __init__(self, kind: str, url: str, **options: Any) -> None:
        self.pauses: list[float] = []
        if kind == "blocking":
            transport: Any = httpx.HTTPTransport(verify=TLS)
            self.client: Any = VendorClient(
                url, TOKEN, pause=self.pauses.append, transport=transport, **options
            )
        else:
            transport = httpx.AsyncHTTPTransport(verify=TLS)
            self.client = AsyncVendorClient(
                url, TOKEN, pause=self.pause, transport=transport, **options
            )

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def __call__(self, name: str, *args: Any, **named: Any) -> Any:
        result = getattr(self.client, name)(*args, **named)
        if inspect.isawaitable(result):
            return await result
        if inspect.isasyncgen(result):
            return [row async for row in result]
        return list(result) if inspect.isgenerator(result) else result

    async def refused(self, name: str, *args: Any, **named: Any) -> TurnpikeError:
        with pytest.raises(TurnpikeError) as raised:
            await self(name, *args, **named)
        return raised.value


@pytest.fixture(params=["blocking", "async"])
async def call(request: pytest.FixtureRequest, api: FakeApi) -> AsyncIterator[Caller]:
    caller = Caller(request.param, api.url)
    yield caller
    await caller("close")


async def test_registration_answers_the_actor_and_a_receipt(api: FakeApi, call: Caller) -> None:
    made = await call("register_device", "SN-0001", "0x" + signing.USER.upper())
    assert made.actor_omni == signing.ACTOR
    assert made.created is True
    assert made.device.registered_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert made.device.last_active_at is None
    assert made.policy_template["template"] == "ai-companion-basic"
    receipt = turnpike_client.verify_receipt(
        made.receipt, await call("jwks"), issuer=api.url, vendor_id=signing.VENDOR
    )
    assert receipt.binding.actor_omni == made.actor_omni
    sent = api.seen[0]
    assert sent.json == {"device_id": "SN-0001", "user_omni": signing.USER}
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["user-agent"] == f"turnpike-client/{turnpike_client.__version__}"


async def test_every_call_goes_where_the_api_wants_it(api: FakeApi, call: Caller) -> None:
    assert (await call("rekey_device", ID)).generation == 1
    assert (await call("release_device", ID.upper())).status == "released"
    assert (await call("device", ID)).raw["a_field_of_tomorrow"] == [1]
    assert [row.device_id for row in await call("devices", "active", q="SN 1&x")] == ["SN-0001"]
    usage = await call("usage", "2026-11")
    assert (usage.active_devices, usage.estimate.amount) == (5, Decimal("12.50"))
    assert str(usage.pro.gross) == "10.00 USD"
    assert [row.number for row in await call("invoices")] == ["TP-1"]
    assert (await call("invoice", ID)).lines == ({"quantity": 5},)
    assert await call("invoice_pdf", ID) == PDF
    since = datetime(2026, 11, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert [row.kind for row in await call("audit", "device.registered", since)] == [
        "device.registered"
    ]
    assert (await call("create_token", "shop")).token == "vnd_a-new-secret"
    assert (await call("rotate_token", ID, 24)).id == ID
    assert await call("revoke_token", ID) is None
    one = f"/v1/vendor/devices/{ID}"
    assert [(seen.method, seen.path) for seen in api.seen] == [
        ("POST", f"{one}/rekey"),
        ("POST", f"{one}/release"),
        ("GET", one),
        ("GET", "/v1/vendor/devices"),
        ("GET", "/v1/vendor/usage"),
        ("GET", "/v1/vendor/invoices"),
        ("GET", f"/v1/vendor/invoices/{ID}"),
        ("GET", f"/v1/vendor/invoices/{ID}/pdf"),
        ("GET", "/v1/vendor/audit"),
        ("POST", "/v1/vendor/tokens"),
        ("POST", f"/v1/vendor/tokens/{ID}/rotate"),
        ("DELETE", f"/v1/vendor/tokens/{ID}"),
    ]
    assert api.seen[3].query == {"limit": "200", "status": "active", "q": "SN 1&x"}
    assert api.seen[8].query["since"] == "2026-11-01T00:00:00Z"
    assert api.seen[9].json == {"label": "shop"}
    assert api.seen[10].json == {"overlap_hours": 24}
    for seen in api.seen:
        assert ("idempotency-key" in seen.headers) == (seen.method == "POST")


async def test_all_tries_of_a_call_are_the_same_request(api: FakeApi, call: Caller) -> None:
    waiting = refusal(409, "in_progress", headers={"Retry-After": "1"})
    api.replies = [BUSY, Reply(hang_up=True), waiting, refusal(429, "rate_limited")]
    assert (await call("register_device", "SN-0001", signing.USER)).created
    assert len(api.seen) == 5
    assert len({seen.headers["idempotency-key"] for seen in api.seen}) == 1
    assert len({seen.headers["x-request-id"] for seen in api.seen}) == 1
    assert len({seen.body for seen in api.seen}) == 1
    assert len(call.pauses) == 4
    assert call.pauses[2] >= 1


async def test_two_calls_never_share_an_idempotency_key(api: FakeApi, call: Caller) -> None:
    await call("register_device", "SN-0001", signing.USER)
    await call("register_device", "SN-0001", signing.USER)
    await call("rekey_device", ID, idempotency_key="order-17")
    keys = [seen.headers["idempotency-key"] for seen in api.seen]
    assert keys[0] != keys[1]
    assert keys[2] == "order-17"


async def test_a_call_gives_up_after_its_tries(api: FakeApi, call: Caller) -> None:
    api.replies = [BUSY] * 9
    error = await call.refused("usage", "2026-11")
    assert isinstance(error, turnpike_client.Unavailable)
    assert len(api.seen) == 5


async def test_retry_after_is_waited_for_and_reported(api: FakeApi, call: Caller) -> None:
    dates = {
        "Date": "Fri, 27 Nov 2026 10:00:00 GMT",
        "Retry-After": "Fri, 27 Nov 2026 10:00:20 GMT",
    }
    long = {"Retry-After": "3600"}
    api.replies = [
        refusal(503, "unavailable", headers=dates),
        refusal(429, "rate_limited", headers=long),
    ]
    error = await call.refused("usage", "2026-11")
    assert isinstance(error, turnpike_client.RateLimited)
    assert error.retry_after == 3600
    assert len(call.pauses) == 1
    assert 20 <= call.pauses[0] <= 21


@pytest.mark.parametrize("kind", ["blocking", "async"])
async def test_a_server_that_does_not_answer_is_a_time_out(api: FakeApi, kind: str) -> None:
    call = Caller(kind, api.url, timeout=0.2, retries=1)
    api.replies = [Reply(keep_waiting=True)] * 2
    error = await call.refused("usage", "2026-11")
    await call("close")
    assert isinstance(error, turnpike_client.Unavailable)
    assert (error.reason, error.status, len(api.seen)) == ("timeout", None, 2)
    assert error.request_id == api.seen[0].headers["x-request-id"]


@pytest.mark.parametrize("kind", ["blocking", "async"])
async def test_a_server_that_is_not_there_is_unavailable(api: FakeApi, kind: str) -> None:
    api.close()
    call = Caller(kind, api.url, retries=2)
    error = await call.refused("usage", "2026-11")
    await call("close")
    assert isinstance(error, turnpike_client.Unavailable)
    assert error.reason == "connection_failed"
    assert len(call.pauses) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, turnpike_client.InvalidInput),
        (401, turnpike_client.Unauthorized),
        (402, turnpike_client.PaymentRequired),
        (403, turnpike_client.Forbidden),
        (404, turnpike_client.NotFound),
        (409, turnpike_client.Conflict),
        (413, turnpike_client.InvalidInput),
        (418, TurnpikeError),
        (422, turnpike_client.InvalidInput),
        (500, turnpike_client.Unavailable),
    ],
)
async def test_each_refusal_has_its_type_and_is_not_repeated(
    api: FakeApi, call: Caller, status: int, kind: type[TurnpikeError]
) -> None:
    fields = [{"path": "device_id", "problem": "is taken"}]
    api.replies = [refusal(status, "some_reason", "Not like this.", fields=fields)]
    error = await call.refused("register_device", "SN-0001", signing.USER)
    assert type(error) is kind
    assert (error.status, error.reason, error.message) == (status, "some_reason", "Not like this.")
    assert error.request_id == "req-from-server"
    assert error.fields == (("device_id", "is taken"),)
    assert "device_id: is taken" in str(error)
    assert len(api.seen) == 1


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"[]", b'"\xff', {"error": 5}])
async def test_a_refusal_without_the_envelope_is_still_typed(
    api: FakeApi, call: Caller, body: Any
) -> None:
    api.replies = [Reply(401, body, {"X-Request-ID": "from-the-proxy"})]
    error = await call.refused("usage", "2026-11")
    assert isinstance(error, turnpike_client.Unauthorized)
    assert (error.reason, error.request_id) == ("unexpected_answer", "from-the-proxy")


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        [],
        {**DEVICE, "generation": "0"},
        {**DEVICE, "generation": True},
        {**DEVICE, "registered_at": "yesterday, Z"},
        {**DEVICE, "registered_at": "2026-11-01T00:00:00"},
        {**DEVICE, "id": None},
        {key: value for key, value in DEVICE.items() if key != "user_omni"},
    ],
)
async def test_an_answer_that_breaks_the_format_is_an_error(
    api: FakeApi, call: Caller, answer: Any
) -> None:
    api.replies = [Reply(200, answer)]
    error = await call.refused("device", ID)
    assert error.reason == "unexpected_answer"
    assert len(api.seen) == 1


async def test_money_is_exact_or_refused(api: FakeApi, call: Caller) -> None:
    invoice = {"id": ID, "status": "open"}
    api.replies = [Reply(200, {**invoice, "total": {"amount": "0.10", "currency": "USD"}})]
    assert (await call("invoice", ID)).total.amount == Decimal("0.10")
    for amount in (0.1, 1, "ten", "NaN", "1e3", "", None):
        api.replies = [Reply(200, {**invoice, "total": {"amount": amount, "currency": "USD"}})]
        assert (await call.refused("invoice", ID)).reason == "unexpected_answer"


async def test_lists_follow_the_cursor_to_the_end(api: FakeApi, call: Caller) -> None:
    api.replies = [
        Reply(200, {"data": [DEVICE, DEVICE], "next_cursor": "a+b="}),
        BUSY,
        Reply(200, {"data": [], "next_cursor": "c"}),
        Reply(200, {"data": [DEVICE], "next_cursor": None}),
    ]
    assert len(await call("devices", status="active")) == 3
    assert [seen.query.get("cursor") for seen in api.seen] == [None, "a+b=", "a+b=", "c"]
    assert {seen.query["status"] for seen in api.seen} == {"active"}


async def test_a_list_that_never_ends_is_an_error(api: FakeApi, call: Caller) -> None:
    api.replies = [Reply(200, {"data": [], "next_cursor": "same"})] * 9
    assert (await call.refused("devices")).reason == "unexpected_answer"
    assert len(api.seen) == 2


async def test_a_document_that_is_no_pdf_is_an_error(api: FakeApi, call: Caller) -> None:
    api.replies = [Reply(200, b"<html>")]
    assert (await call.refused("invoice_pdf", ID)).reason == "unexpected_answer"


async def test_a_redirect_is_not_followed_with_the_token(api: FakeApi, call: Caller) -> None:
    api.replies = [Reply(307, b"", {"Location": f"{api.url}/elsewhere"})]
    assert (await call.refused("usage", "2026-11")).status == 307
    assert len(api.seen) == 1


async def test_a_broken_encoding_counts_as_a_broken_connection(api: FakeApi, call: Caller) -> None:
    api.replies = [Reply(200, b"no gzip", {"Content-Encoding": "gzip"})]
    assert (await call("device", ID)).id == ID
    assert len(call.pauses) == 1


@pytest.mark.parametrize(
    ("name", "args", "path"),
    [
        ("register_device", ("", signing.USER), "device_id"),
        ("register_device", ("SN-0001", "wallet"), "user_omni"),
        ("rekey_device", ("../tokens",), "id"),
        ("device", ("SN-0001",), "id"),
        ("invoice_pdf", ("",), "id"),
        ("usage", ("2026-13",), "month"),
        ("usage", ("2026-11\n",), "month"),
    ],
)
async def test_what_is_plainly_wrong_is_not_sent(
    api: FakeApi, call: Caller, name: str, args: tuple[str, ...], path: str
) -> None:
    error = await call.refused(name, *args)
    assert isinstance(error, turnpike_client.InvalidInput)
    assert [field.path for field in error.fields] == [path]
    error = await call.refused("release_device", ID, idempotency_key="two words")
    assert [field.path for field in error.fields] == ["idempotency_key"]
    assert api.seen == []


async def test_a_time_without_a_zone_is_not_guessed(api: FakeApi, call: Caller) -> None:
    with pytest.raises(TypeError, match="time zone"):
        await call("audit", since=datetime(2026, 11, 1))
    assert api.seen == []


async def test_tokens_appear_in_no_text(
    api: FakeApi, call: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.replies = [refusal(401, "unauthorized", f"The token {TOKEN} is not known.")]
    refused = await call.refused("usage", "2026-11")
    api.replies = [Reply(hang_up=True)] * 5
    broken = await call.refused("usage", "2026-11")
    texts = [repr(call.client), str(vars(call.client)), caplog.text]
    for error in (refused, broken):
        texts += [str(error), repr(error), str(error.__cause__), repr(error.__cause__)]
        texts += traceback.format_exception(error)
    issued = await call("create_token")
    texts += [repr(issued), str(issued)]
    assert "The token *** is not known." in str(refused)
    for text in texts:
        assert TOKEN not in text
        assert issued.token not in text


async def test_a_proxy_of_the_environment_does_not_see_local_calls(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with AsyncVendorClient(api.url, TOKEN, retries=0) as client:
        assert (await client.device(ID)).id == ID
    with VendorClient(api.url, TOKEN, retries=0) as blocking:
        assert blocking.device(ID).id == ID


def test_plain_http_is_refused_before_anything_is_sent() -> None:
    for kind in (VendorClient, AsyncVendorClient):
        with pytest.raises(ValueError, match="use https"):
            kind("http://turnpike.example.com", TOKEN)


def test_an_answer_that_drips_is_cut_off(api: FakeApi) -> None:
    """Each read is in time, the whole answer never would be."""

    class Slow(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            while True:
                yield b" "

    class Dripping(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=Slow())

    client = VendorClient(api.url, TOKEN, timeout=0.05, retries=0, transport=Dripping())
    with client, pytest.raises(turnpike_client.Unavailable) as raised:
        client.device(ID)
    assert raised.value.reason == "timeout"


def test_a_mistake_in_the_request_is_not_tried_again(api: FakeApi) -> None:
    tried: list[httpx.Request] = []

    class Refusing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            tried.append(request)
            raise httpx.UnsupportedProtocol("no such protocol")

    client = VendorClient(api.url, TOKEN, transport=Refusing())
    with client, pytest.raises(turnpike_client.Unavailable) as raised:
        client.device(ID)
    assert (raised.value.reason, len(tried)) == ("request_failed", 1)


def test_keys_are_fetched_without_a_token(api: FakeApi) -> None:
    assert fetch_jwks(api.url) == api.signer.jwks
    assert "authorization" not in api.seen[0].headers


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    def surface(kind: type) -> dict[str, str]:
        return {
            name: str(inspect.signature(member))
            for name, member in vars(kind).items()
            if not name.startswith("_")
        }

    assert surface(VendorClient) == surface(AsyncVendorClient)
    assert str(inspect.signature(VendorClient.usage)) == "(self, /, month: 'str | None' = None)"
    assert all(member.__doc__ for member in vars(VendorClient).values() if callable(member))
