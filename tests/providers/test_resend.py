"""Mail through Resend's API, and what it tells of addresses."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator
from typing import Any

import pytest

from app.core.clock import wall_now
from app.core.errors import MalformedError, ProviderDownError, ProviderRefusedError
from app.providers.resend import ResendEvents, ResendMailer, ResendSettings
from app.services.ports import Attachment
from tests.providers.outside import Outside
from tests.providers.samples.resend import SECRET, ResendSource, bounced
from tests.providers.stand_in import Asked, StandIn

MAIL = {
    "to": "owner@acme.example.com",
    "subject": "发票 TP-2026-00042",
    "text": "Your invoice",
    "html": "<p>Your invoice</p>",
    "message_id": "<invoice.1@example.com>",
}


@pytest.fixture
def service() -> Generator[StandIn]:
    with StandIn().running() as server:
        yield server


def mailer(url: str, seconds: float = 20) -> ResendMailer:
    keys = {"RESEND_API_KEY": "re_key", "RESEND_API_URL": url + "/"}
    settings = ResendSettings.model_validate(keys)
    return ResendMailer(settings, "Turnpike <billing@example.com>", seconds=seconds)


async def test_a_mail_goes_out_whole_under_its_own_id(service: StandIn) -> None:
    pdf = b"%PDF-1.7 \x00\xff"
    file = Attachment("TP-2026-00042.pdf", "application/pdf", pdf)
    await mailer(service.url).send(**MAIL, attachments=[file])
    asked = service.asked[0]
    assert asked.path == "/emails"
    assert asked.headers["authorization"] == "Bearer re_key"
    assert asked.headers["idempotency-key"] == MAIL["message_id"]
    sent = json.loads(asked.body)
    assert sent["from"] == "Turnpike <billing@example.com>"
    assert sent["to"] == [MAIL["to"]]
    assert [sent[name] for name in ("subject", "text", "html")] == [
        MAIL[name] for name in ("subject", "text", "html")
    ]
    assert base64.b64decode(sent["attachments"][0]["content"]) == pdf
    assert sent["attachments"][0]["filename"] == "TP-2026-00042.pdf"


async def test_the_same_mail_twice_is_the_same_request(service: StandIn) -> None:
    for _ in range(2):
        await mailer(service.url).send(**MAIL)
    first, second = service.asked
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (500, "internal_server_error", ProviderDownError),
        (429, "rate_limit_exceeded", ProviderDownError),
        (401, "missing_api_key", ProviderDownError),
        (403, "invalid_api_key", ProviderDownError),
        (409, "concurrent_idempotent_requests", ProviderDownError),
        (302, "", ProviderDownError),
        (409, "invalid_idempotent_request", ProviderRefusedError),
        (422, "validation_error", ProviderRefusedError),
        (400, "invalid_idempotency_key", ProviderRefusedError),
    ],
)
async def test_answers_are_told_apart(
    service: StandIn, status: int, name: str, expected: type[Exception]
) -> None:
    service.answer = lambda asked: (status, json.dumps({"name": name, "message": "why"}).encode())
    with pytest.raises(expected, match="why"):
        await mailer(service.url).send(**MAIL)


async def test_an_answer_that_is_no_document_still_counts(service: StandIn) -> None:
    for text in (b"<html>", b"[]", b"\xff", b""):
        service.answer = lambda asked, text=text: (422, text)
        with pytest.raises(ProviderRefusedError):
            await mailer(service.url).send(**MAIL)


async def test_no_answer_means_try_again(service: StandIn) -> None:
    def hang_up(asked: Asked) -> tuple[int, bytes]:
        return 0, b""

    service.answer = hang_up
    with pytest.raises(ProviderDownError):
        await mailer(service.url).send(**MAIL)
    with pytest.raises(ProviderDownError):
        await mailer("http://127.0.0.1:1").send(**MAIL)


async def test_the_key_can_be_tried_without_sending(service: StandIn) -> None:
    await mailer(service.url).check()
    assert service.asked[0].path == "/domains"
    service.answer = lambda asked: (401, b'{"name": "restricted_api_key", "message": "why"}')
    with pytest.raises(ProviderDownError):
        await mailer(service.url).check()


def told(outside: Outside, document: Any) -> Any:
    note = ResendSource().write(outside, at=wall_now(), body=json.dumps(document).encode())
    return ResendEvents(SECRET).parse_event(note.body, note.headers, wall_now())


def test_a_bounce_names_the_address_and_why(outside: Outside) -> None:
    event = told(outside, bounced())
    assert (event.event_id, event.subject_ref) == ("msg_1", "owner@acme.example.com")
    assert event.facts == {"email": "owner@acme.example.com", "reason": "No such mailbox"}


@pytest.mark.parametrize(
    ("change", "is_bounce"),
    [
        ({"type": "email.complained"}, True),
        ({"type": "email.suppressed"}, True),
        ({"type": "email.delivered"}, False),
        ({"type": "email.delivery_delayed"}, False),
        ({"data": {"to": ["a@example.com"], "bounce": {"type": "Transient"}}}, False),
        ({"data": {"to": ["a@example.com"], "bounce": {"type": "Permanent"}}}, True),
        ({"data": {"to": ["a@example.com"]}}, True),
    ],
)
def test_only_what_lasts_stops_mail(
    outside: Outside, change: dict[str, Any], is_bounce: bool
) -> None:
    event = told(outside, bounced(**change))
    assert (event is not None) is is_bounce


@pytest.mark.parametrize(
    "change",
    [
        {"data": {}},
        {"data": {"to": []}},
        {"data": {"to": [""]}},
        {"data": {"to": [1]}},
        {"data": None},
        {"created_at": "yesterday"},
        {"created_at": "2026-11-20T09:00:00"},
        {"created_at": None},
    ],
    ids=repr,
)
def test_a_bounce_of_nobody_is_refused(outside: Outside, change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        told(outside, bounced(**change))


def test_a_secret_that_cannot_be_one_is_named_at_the_start() -> None:
    for secret in ("whsec_", "whsec_x"):
        with pytest.raises(ValueError, match="webhook secret"):
            ResendEvents(secret)
