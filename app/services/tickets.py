"""The few minutes between a right password and the second factor, sealed into one text."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Final
from uuid import UUID

from app.core.clock import wall_now
from app.core.errors import NotSignedInError
from app.services.context import Context
from models.credential import Credential
from models.person import Person

MINUTES: Final = 5
_PURPOSE: Final = "sign-in ticket"


def issue(ctx: Context, person: Person, credential: Credential) -> str:
    """Return what proves that the password was right; it dies with that password."""
    until = wall_now() + dt.timedelta(minutes=MINUTES)
    facts = [str(person.id), str(credential.id), int(until.timestamp())]
    sealed = ctx.keyring.seal(json.dumps(facts).encode(), purpose=_PURPOSE)
    return base64.urlsafe_b64encode(sealed).decode()


def read(ctx: Context, ticket: object) -> tuple[UUID, UUID]:
    """Return the ids of person and password; raises ``NotSignedInError`` ``sign_in_expired``."""
    try:
        sealed = base64.b64decode(str(ticket).encode("ascii"), altchars=b"-_", validate=True)
        person, credential, until = json.loads(ctx.keyring.unseal(sealed, purpose=_PURPOSE))
    except ValueError as error:
        raise expired() from error
    if until <= wall_now().timestamp():
        raise expired()
    return UUID(person), UUID(credential)


def expired() -> NotSignedInError:
    """Return the refusal that sends somebody back to the password."""
    return NotSignedInError("Please sign in again from the start.", reason="sign_in_expired")
