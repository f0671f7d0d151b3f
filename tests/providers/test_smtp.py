"""Mail by SMTP, against a real server that answers as it is told."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers.smtp import SmtpMailer, SmtpSettings
from app.services.ports import Attachment

MAIL = {
    "to": "owner@acme.example.com",
    "subject": "发票 TP-2026-00042",
    "text": "Your invoice — 您的发票",
    "html": "<p>您的发票</p>",
    "message_id": "<invoice.1@example.com>",
}


@dataclass
class Server:
    """Takes mail, or says what it is told to say at a step."""

    says: dict[str, str] = field(default_factory=dict)
    mails: list[bytes] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - the names are aiosmtpd's
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.says.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.says.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        answer = self.says.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.mails.append(cast("bytes", envelope.content))
        return answer

    async def handle_QUIT(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        return self.says.get("QUIT", "221 Bye")

    def login(self, *details: Any) -> AuthResult:
        data = details[-1]
        self.logins.append((data.login, data.password))
        return AuthResult(success="LOGIN" not in self.says, handled=False)

    def read(self) -> EmailMessage:
        assert len(self.mails) == 1
        return cast("EmailMessage", message_from_bytes(self.mails[0], policy=policy.default))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def port(server: Server) -> AsyncGenerator[int]:
    def connection() -> SMTP:
        return SMTP(server, authenticator=server.login, auth_require_tls=False)

    listening = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()


def mailer(port: int, **more: Any) -> SmtpMailer:
    settings = SmtpSettings.model_validate(
        {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": port, "SMTP_TLS": "none", "SMTP_USER": "", **more}
    )
    return SmtpMailer(settings, "Turnpike <billing@example.com>")


async def test_a_mail_arrives_whole_with_its_chinese_words_and_its_file(
    server: Server, port: int
) -> None:
    pdf = b"%PDF-1.7 \x00\r\n.\r\n\xff"
    file = Attachment("TP-2026-00042.pdf", "application/pdf", pdf)
    await mailer(port).send(**MAIL, attachments=[file])
    mail = server.read()
    assert mail["Subject"] == MAIL["subject"]
    assert mail["From"] == "Turnpike <billing@example.com>"
    assert (mail["To"], mail["Message-ID"]) == (MAIL["to"], MAIL["message_id"])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.tzinfo is not None
    assert mail.get_content_type() == "multipart/mixed"
    for kind in ("text", "html"):
        part = mail.get_body(("plain" if kind == "text" else kind,))
        assert part is not None
        assert part.get_content().strip() == MAIL[kind]
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (file.name, file.media_type)
    assert attached.get_payload(decode=True) == pdf


async def test_a_password_is_used_when_one_is_set(server: Server, port: int) -> None:
    await mailer(port, SMTP_USER="turnpike", SMTP_PASSWORD="secret").send(**MAIL)
    assert server.logins == [(b"turnpike", b"secret")]


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("RCPT", "550 5.1.1 No such mailbox", ProviderRefusedError),
        ("RCPT", "451 4.3.0 Try again later", ProviderDownError),
        ("DATA", "554 5.7.1 Looks like spam", ProviderRefusedError),
        ("DATA", "452 4.3.1 No room", ProviderDownError),
        ("MAIL", "552 5.3.4 Too large", ProviderRefusedError),
        ("MAIL", "550 5.7.1 Not from your network", ProviderDownError),
        ("MAIL", "421 4.3.2 Going down", ProviderDownError),
        ("LOGIN", "535", ProviderDownError),
    ],
)
async def test_refusals_of_the_mail_are_told_apart_from_trouble(
    server: Server, port: int, step: str, answer: str, expected: type[Exception]
) -> None:
    server.says[step] = answer
    with pytest.raises(expected):
        await mailer(port, SMTP_USER="turnpike", SMTP_PASSWORD="wrong").send(**MAIL)
    assert not server.mails


async def test_a_bad_goodbye_after_the_mail_was_taken_is_no_failure(
    server: Server, port: int
) -> None:
    server.says["QUIT"] = "451 4.0.0 Confused"
    await mailer(port).send(**MAIL)
    assert len(server.mails) == 1


async def test_nobody_listening_means_try_again() -> None:
    for tls in ("none", "starttls", "implicit"):
        with pytest.raises(ProviderDownError):
            await mailer(1, SMTP_TLS=tls).send(**MAIL)


async def test_a_server_without_the_encryption_that_is_asked_for_gets_no_mail(
    server: Server, port: int
) -> None:
    for tls in ("starttls", "implicit"):
        with pytest.raises(ProviderDownError):
            await mailer(port, SMTP_TLS=tls).send(**MAIL)
    assert not server.mails


@pytest.mark.parametrize(
    "change",
    [
        {"to": "owner@acme.example.com\r\nBcc: other@example.com"},
        {"subject": "Invoice\r\nBcc: other@example.com"},
        {"to": "所有者@acme.example.com"},
    ],
    ids=repr,
)
async def test_what_cannot_be_written_or_carried_is_refused(
    server: Server, port: int, change: dict[str, str]
) -> None:
    with pytest.raises(ProviderRefusedError):
        await mailer(port).send(**{**MAIL, **change})
    assert not server.mails


async def test_a_large_file_is_carried_to_the_byte(server: Server, port: int) -> None:
    data = base64.b64encode(bytes(range(256)) * 4096)
    await mailer(port).send(**MAIL, attachments=[Attachment("big.bin", "application/x", data)])
    (attached,) = server.read().iter_attachments()
    assert attached.get_payload(decode=True) == data
