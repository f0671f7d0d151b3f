"""Resend: mail by its API, and what it tells of addresses that took none."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any, Final

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.errors import MalformedError, ProviderDownError, ProviderRefusedError
from app.providers.kinds import Built, Kind
from app.providers.standard_webhooks import Verifier
from app.providers.tls import trusted
from app.services.ports import Attachment, EventKind, ProviderEvent

SECONDS = 30.0
"""Time-out of one call."""
_OURS: Final = (401, 403, 408, 425, 429)
"""Answers that say nothing about this mail: our key, our domain, our pace."""
_TOO_EARLY: Final = "concurrent_idempotent_requests"


class ResendSettings(BaseSettings):
    """The account that sends our mail; several webhook secrets, by commas, while one is rotated."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    api_key: SecretStr = Field(SecretStr(""), validation_alias="RESEND_API_KEY")
    api_url: str = Field("https://api.resend.com", validation_alias="RESEND_API_URL")
    webhook_secret: SecretStr = Field(SecretStr(""), validation_alias="RESEND_WEBHOOK_SECRET")


class ResendMailer:
    """Implements ``Mailer``: a mail handed over twice under one id is sent once."""

    def __init__(self, settings: ResendSettings, sender: str, *, seconds: float = SECONDS) -> None:
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
        mail: dict[str, Any] = {
            "from": self._sender,
            "to": [to],
            "subject": subject,
            "text": text,
            "html": html,
            "headers": {"Auto-Submitted": "auto-generated"},
        }
        if attachments:
            mail["attachments"] = [
                {
                    "filename": one.name,
                    "content_type": one.media_type,
                    "content": base64.b64encode(one.content).decode(),
                }
                for one in attachments
            ]
        headers = {"Idempotency-Key": message_id}
        await self._ask("POST", "/emails", mail, **headers)

    async def check(self) -> None:
        """Ask for our domains: it shows that the key is accepted."""
        await self._ask("GET", "/domains", None)

    async def _ask(self, method: str, path: str, body: Any, **headers: str) -> None:
        url = self._settings.api_url.rstrip("/") + path
        headers["Authorization"] = f"Bearer {self._settings.api_key.get_secret_value()}"
        try:
            async with httpx.AsyncClient(timeout=self._seconds, verify=trusted()) as client:
                response = await client.request(method, url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise ProviderDownError("The mail service did not answer.") from error
        if not response.is_success:
            raise _failure(response)


def _failure(response: httpx.Response) -> ProviderDownError | ProviderRefusedError:
    status, name, said = response.status_code, "", ""
    try:
        answer: Any = response.json()
        name, said = str(answer.get("name", "")), str(answer.get("message", ""))
    except (ValueError, AttributeError):
        said = response.text[:200]
    if status >= 500 or status in _OURS or name == _TOO_EARLY or status < 400:
        return ProviderDownError(f"The mail service asks to wait ({status}): {said}")
    return ProviderRefusedError(f"The mail service refused ({status}): {said}")


class ResendEvents:
    """Implements ``NotificationSource``: bounces and complaints."""

    slug = "resend"
    acknowledgement = "ok"

    def __init__(self, secrets: str) -> None:
        self._verifier = Verifier("svix", secrets)

    @property
    def is_configured(self) -> bool:
        """Whether a secret is set."""
        return self._verifier.is_configured

    def parse_event(
        self, body: bytes, headers: Mapping[str, str], now: dt.datetime
    ) -> ProviderEvent | None:
        """Verify and translate; None for mails that arrived, or may still arrive."""
        name, document = self._verifier.verify(body, headers, now)
        try:
            reason = _reason(document)
            if reason is None:
                return None
            email = parseaddr(document["data"]["to"][0])[1]
            at = dt.datetime.fromisoformat(document["created_at"])
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise MalformedError(f"A notification without {error}.") from error
        if not email or at.tzinfo is None:
            raise MalformedError("A notification without an address or a time.")
        return ProviderEvent(
            event_id=name,
            kind=EventKind.MAIL_BOUNCED,
            subject_ref=email,
            occurred_at=at.astimezone(dt.UTC),
            facts={"email": email, "reason": reason},
        )


def _reason(document: Mapping[str, Any]) -> str | None:
    """Return why an address takes no mail, None when it does or may later."""
    kind, data = document["type"], document["data"]
    if kind == "email.complained":
        return "marked as unwanted"
    if kind == "email.suppressed":
        return "refused before"
    if kind != "email.bounced":
        return None
    bounce: dict[str, Any] = data.get("bounce") or {}
    if bounce.get("type") in ("Transient", "Undetermined"):
        return None
    return str(bounce.get("message") or "bounced")[:300]


def _build() -> Built:
    settings = ResendSettings()  # pyright: ignore[reportCallIssue]
    sources = [ResendEvents(settings.webhook_secret.get_secret_value())]
    if not settings.api_key.get_secret_value():
        return Built(sources=sources)
    return Built(sources=sources, sender=lambda sender: ResendMailer(settings, sender))


KIND = Kind(ResendSettings, _build)
