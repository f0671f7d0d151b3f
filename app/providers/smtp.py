"""Mail by SMTP, in a thread: one recipient a mail, down and refused told apart."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.clock import wall_now
from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers.kinds import Built, Kind
from app.providers.tls import trusted
from app.services.ports import Attachment

SECONDS = 20.0
"""Time-out of one exchange with the server."""
_TOO_LARGE: Final = 552

Failure = ProviderDownError | ProviderRefusedError


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

    def __init__(self, settings: SmtpSettings, sender: str, *, seconds: float = SECONDS) -> None:
        self._settings = settings
        self._sender = sender
        self._seconds = seconds

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
        try:
            message = self._written(to, subject, text, html, message_id, attachments)
        except ValueError as error:  # a line break in a header, or letters no mail can carry
            raise ProviderRefusedError(f"This cannot be written as a mail: {error}") from error
        await asyncio.to_thread(self._deliver, message)

    async def check(self) -> None:
        """Connect and log in, and say goodbye."""
        await asyncio.to_thread(self._greet)

    def _greet(self) -> None:
        _leave(self._connected())

    def _written(
        self,
        to: str,
        subject: str,
        text: str,
        html: str,
        message_id: str,
        attachments: Sequence[Attachment],
    ) -> EmailMessage:
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
        return message

    def _deliver(self, message: EmailMessage) -> None:
        server = self._connected()
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _judged(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPSenderRefused as error:
            # About us, not about this mail, unless it is too large for this server.
            if error.smtp_code == _TOO_LARGE:
                raise _judged(error.smtp_code, error.smtp_error) from error
            raise _down(error) from error
        except smtplib.SMTPResponseException as error:
            raise _judged(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
            raise ProviderRefusedError(f"This server cannot carry the mail: {error}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise _down(error) from error
        finally:
            _leave(server)

    def _connected(self) -> smtplib.SMTP:
        """Return a connection that takes mail; whatever goes wrong until then is no refusal of it."""
        settings, server = self._settings, None
        try:
            if settings.tls == "implicit":
                server = smtplib.SMTP_SSL(
                    settings.host, settings.port, timeout=self._seconds, context=trusted()
                )
            else:
                server = smtplib.SMTP(settings.host, settings.port, timeout=self._seconds)
            if settings.tls == "starttls":
                server.starttls(context=trusted())
            if settings.user:
                server.login(settings.user, settings.password.get_secret_value())
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            if server is not None:
                server.close()
            raise _down(error) from error
        return server


def _down(error: Exception) -> ProviderDownError:
    return ProviderDownError(f"The mail server cannot be used at the moment: {error}")


def _judged(code: int, why: bytes | str) -> Failure:
    said = why.decode(errors="replace") if isinstance(why, bytes) else why
    if 500 <= code < 600:
        return ProviderRefusedError(f"The mail server refused ({code}): {said}")
    return ProviderDownError(f"The mail server asks to wait ({code}): {said}")


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; how that goes changes nothing, as a mail was accepted or not before."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def _build() -> Built:
    settings = SmtpSettings()  # pyright: ignore[reportCallIssue]
    if not settings.host:
        return Built()
    return Built(sender=lambda sender: SmtpMailer(settings, sender))


KIND = Kind(SmtpSettings, _build)
