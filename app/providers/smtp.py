"""Mail by SMTP, in a thread: one recipient a mail, down and refused told apart."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.clock import wall_now
from app.core.errors import ProviderDownError, ProviderRefusedError
from app.services.ports import Attachment

SECONDS = 20


class SmtpSettings(BaseSettings):
    """Which server takes our mail."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    host: str = Field("", validation_alias="SMTP_HOST")
    port: int = Field(587, validation_alias="SMTP_PORT")
    user: str = Field("", validation_alias="SMTP_USER")
    password: SecretStr = Field(SecretStr(""), validation_alias="SMTP_PASSWORD")
    tls: Literal["implicit", "starttls", "none"] = Field("starttls", validation_alias="SMTP_TLS")


class SmtpMailer:
    """Implements ``Mailer``."""

    def __init__(self, settings: SmtpSettings, sender: str) -> None:
        self._settings = settings
        self._sender = sender

    async def send(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        html: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        """Hand one mail over."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Message-ID"] = message_id
        message["Date"] = format_datetime(wall_now())
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        for one in attachments:
            kind, _, subtype = one.media_type.partition("/")
            message.add_attachment(one.content, kind, subtype, filename=one.name)
        await asyncio.to_thread(self._deliver, message)

    def _deliver(self, message: EmailMessage) -> None:
        try:
            with self._connect() as server:
                if self._settings.user:
                    server.login(self._settings.user, self._settings.password.get_secret_value())
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, why = next(iter(error.recipients.values()))
            raise _failure(code, why) from error
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ProviderDownError(f"The mail server did not answer: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.tls == "implicit":
            return smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=SECONDS, context=ssl.create_default_context()
            )
        server = smtplib.SMTP(settings.host, settings.port, timeout=SECONDS)
        if settings.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        return server


def _failure(code: int, why: bytes | str) -> ProviderDownError | ProviderRefusedError:
    said = why.decode(errors="replace") if isinstance(why, bytes) else why
    if 500 <= code < 600:
        return ProviderRefusedError(f"The mail server refused ({code}): {said}")
    return ProviderDownError(f"The mail server asks to wait ({code}): {said}")
