"""Resend, for the contract suite of notifications; signed by the scheme's own package."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

from standardwebhooks import Webhook

from app.providers.resend import ResendEvents
from app.services.ports import EventKind, NotificationSource
from tests.providers.outside import Outside
from tests.providers.sample import SourceSample
from tests.sandbox.receiver import Note

SECRET = "whsec_" + base64.b64encode(b"the secret of the mail service").decode()
FORGED = "whsec_" + base64.b64encode(b"a secret of somebody else's").decode()


def bounced(**changes: Any) -> dict[str, Any]:
    return {
        "type": "email.bounced",
        "created_at": "2026-11-20T09:00:00.123456+00:00",
        "data": {
            "to": ["Acme Toys <owner@acme.example.com>"],
            "bounce": {"type": "Permanent", "message": "No such mailbox"},
        },
        **changes,
    }


class ResendSource(SourceSample):
    """Bounces and complaints."""

    slug = "resend"
    path = "/v1/webhook/resend"
    kinds = frozenset({EventKind.MAIL_BOUNCED})

    def source(self, outside: Outside) -> NotificationSource:
        return ResendEvents(SECRET)

    def without_secret(self) -> NotificationSource:
        return ResendEvents(" ,")

    def write(
        self,
        outside: Outside,
        *,
        at: dt.datetime,
        is_forged: bool = False,
        body: bytes | None = None,
    ) -> Note:
        data = json.dumps(bounced()).encode() if body is None else body
        return self._note(data, at, [FORGED if is_forged else SECRET])

    def rotated(self, outside: Outside, at: dt.datetime) -> Note | None:
        return self._note(json.dumps(bounced()).encode(), at, [FORGED, SECRET])

    def _note(self, data: bytes, at: dt.datetime, secrets: list[str]) -> Note:
        text = data.decode("utf-8", "replace")
        headers = {
            "svix-id": "msg_1",
            "svix-timestamp": str(int(at.timestamp())),
            "svix-signature": " ".join(Webhook(key).sign("msg_1", at, text) for key in secrets),
        }
        return Note(self.path, headers, data)


SAMPLES = (ResendSource(),)
