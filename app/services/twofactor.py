"""The second factor: time-based codes from an app, and recovery codes for the day it is lost."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final

import pyotp
import segno
from pyotp.totp import TOTP
from sqlalchemy import func, or_, update
from sqlmodel import col, select

from app.core.clock import to_rfc3339, wall_now
from app.core.errors import ConflictError, InvalidInputError, NotSignedInError
from app.core.ids import new_id
from app.services import outbox, passwords, people, throttle
from app.services.context import Context
from models.credential import Credential, CredentialKind
from models.person import Person

PERIOD: Final = 30
DRIFT: Final = 1
"""Steps a telephone's clock may be off, either way."""
RECOVERY_CODES: Final = 10
ISSUER: Final = "Turnpike"
_PURPOSE: Final = "totp"
_CODE: Final = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, shown once; ``qr_svg`` is an SVG as a data URI."""

    secret: str
    uri: str
    qr_svg: str


@dataclass(frozen=True, slots=True)
class TwoFactorStatus:
    """Whether the second factor is on, and how many recovery codes are left."""

    is_on: bool
    codes_left: int


async def status(ctx: Context) -> TwoFactorStatus:
    """Return the acting person's second factor."""
    person = await people.me(ctx)
    left = await ctx.db.scalar(
        select(func.count()).select_from(Credential).where(*_unused_codes(person))
    )
    return TwoFactorStatus(await is_on(ctx, person), left or 0)


async def is_on(ctx: Context, person: Person) -> bool:
    """Tell whether a person has to give a code at sign-in."""
    row = await _totp(ctx, person)
    return row is not None and row.confirmed_at is not None


async def enrol(ctx: Context, password: str) -> Enrolment:
    """Begin: make a secret for the acting person's app; nothing is on before ``confirm``.

    Raises ``ForbiddenError`` ``wrong_password``, ``ConflictError`` when it is on already.
    """
    person = await passwords.prove(ctx, await people.me(ctx), password)
    row = await _totp(ctx, person)
    if row and row.confirmed_at:
        raise ConflictError("Two-factor sign-in is on already.", reason="two_factor_on")
    if row:
        row.revoked_at = ctx.now()
    secret = pyotp.random_base32()
    id_ = new_id()
    ctx.db.add(
        Credential(
            id=id_,
            tenant_id=person.tenant_id,
            person_id=person.id,
            kind=CredentialKind.TOTP,
            lookup=str(id_),
            sealed=ctx.keyring.seal(secret.encode(), purpose=_PURPOSE),
            created_at=ctx.now(),
        )
    )
    await ctx.db.flush()
    uri = TOTP(secret, interval=PERIOD).provisioning_uri(name=person.email, issuer_name=ISSUER)
    return Enrolment(secret, uri, segno.make(uri, error="m").svg_data_uri(scale=4, border=2))


async def confirm(ctx: Context, code: str) -> list[str]:
    """Switch the second factor on with a first code; returns the recovery codes, shown once.

    The acting person's other sessions end: they were opened without the second factor.
    """
    person = await passwords.lock(ctx, await people.me(ctx))
    row = await _totp(ctx, person)
    if row is None or row.confirmed_at:
        raise ConflictError("Begin the set-up of two-factor sign-in first.")
    key = ("two_factor", str(person.id))
    await throttle.check(ctx, ctx.settings.limit_sign_in, *key)
    if not await _accept(ctx, row, code):
        await throttle.count(ctx, ctx.settings.limit_sign_in, *key)
        raise InvalidInputError(
            "This code is not right. Wait for the next one and try again.",
            fields=[("code", "is not right")],
        )
    row.confirmed_at = ctx.now()
    await passwords.end_sessions(ctx, person, but_this=True)
    await _tell(ctx, person, "two_factor_on")
    return await _new_codes(ctx, person)


async def renew_recovery_codes(ctx: Context, password: str) -> list[str]:
    """Replace the recovery codes; the old ones stop working. Raises like ``enrol``."""
    person = await passwords.prove(ctx, await people.me(ctx), password)
    if not await is_on(ctx, person):
        raise ConflictError("Two-factor sign-in is off.", reason="two_factor_off")
    ctx.audit("person.recovery_codes_renewed", subject=("person", person.id))
    return await _new_codes(ctx, person)


async def disable(ctx: Context, password: str) -> None:
    """Switch the second factor off. Raises ``ForbiddenError`` ``wrong_password``."""
    person = await passwords.prove(ctx, await people.me(ctx), password)
    if not await is_on(ctx, person):
        return
    await ctx.db.execute(
        update(Credential)
        .where(
            col(Credential.person_id) == person.id,
            col(Credential.kind).in_([CredentialKind.TOTP, CredentialKind.RECOVERY_CODE]),
            col(Credential.revoked_at).is_(None),
        )
        .values(revoked_at=ctx.now(), sealed=None)
    )
    await _tell(ctx, person, "two_factor_off")


async def check(ctx: Context, person: Person, code: object) -> None:
    """Accept a code or a recovery code, each once; raises ``NotSignedInError`` ``wrong_code``."""
    text = code.strip() if isinstance(code, str) else ""
    row = await _totp(ctx, person)
    if row and row.confirmed_at:
        compact = text.replace(" ", "")
        if _CODE.fullmatch(compact):
            if await _accept(ctx, row, compact):
                return
        elif await _use_recovery_code(ctx, person, text):
            return
    raise NotSignedInError("This code is not right, or it was used already.", reason="wrong_code")


async def _totp(ctx: Context, person: Person) -> Credential | None:
    return await ctx.db.scalar(
        select(Credential)
        .where(
            col(Credential.person_id) == person.id,
            col(Credential.kind) == CredentialKind.TOTP,
            col(Credential.revoked_at).is_(None),
        )
        .order_by(col(Credential.created_at).desc(), col(Credential.id).desc())
        .limit(1)
    )


async def _accept(ctx: Context, row: Credential, code: object) -> bool:
    """Compare with the steps around the machine's time, which the app's telephone shares.

    The last accepted step is moved in one statement, so a code is good once, also for two at once.
    """
    if not isinstance(code, str) or row.sealed is None:
        return False
    totp = TOTP(ctx.keyring.unseal(row.sealed, purpose=_PURPOSE).decode(), interval=PERIOD)
    now = int(wall_now().timestamp()) // PERIOD
    for step in range(now - DRIFT, now + DRIFT + 1):
        if secrets.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()):
            moved = await ctx.db.execute(
                update(Credential)
                .where(
                    col(Credential.id) == row.id,
                    or_(col(Credential.last_step).is_(None), col(Credential.last_step) < step),
                )
                .values(last_step=step)
            )
            return bool(moved.rowcount)  # type: ignore[attr-defined]
    return False


async def _use_recovery_code(ctx: Context, person: Person, text: str) -> bool:
    used = await ctx.db.execute(
        update(Credential)
        .where(*_unused_codes(person), col(Credential.lookup) == _lookup(ctx, person, text))
        .values(revoked_at=ctx.now(), last_used_at=ctx.now())
    )
    if not used.rowcount:  # type: ignore[attr-defined]
        return False
    ctx.audit(
        "person.recovery_code_used", tenant_id=person.tenant_id, subject=("person", person.id)
    )
    return True


async def _new_codes(ctx: Context, person: Person) -> list[str]:
    now = ctx.now()
    await ctx.db.execute(update(Credential).where(*_unused_codes(person)).values(revoked_at=now))
    codes = [_readable() for _ in range(RECOVERY_CODES)]
    ctx.db.add_all(
        Credential(
            tenant_id=person.tenant_id,
            person_id=person.id,
            kind=CredentialKind.RECOVERY_CODE,
            lookup=_lookup(ctx, person, code),
            created_at=now,
        )
        for code in codes
    )
    await ctx.db.flush()
    return codes


def _unused_codes(person: Person) -> tuple[Any, ...]:
    return (
        col(Credential.person_id) == person.id,
        col(Credential.kind) == CredentialKind.RECOVERY_CODE,
        col(Credential.revoked_at).is_(None),
    )


def _readable() -> str:
    """Return 50 random bits as ``abcde-fghij``."""
    text = base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]
    return f"{text[:5]}-{text[5:]}"


def _lookup(ctx: Context, person: Person, code: str) -> str:
    """Return the keyed hash of a code, however it was typed, bound to its owner."""
    plain = re.sub(r"[^a-z2-7]", "", code.lower())
    return ctx.keyring.hash_token(f"recovery code:{person.id}:{plain}")


async def _tell(ctx: Context, person: Person, what: str) -> None:
    ctx.audit(f"person.{what}", tenant_id=person.tenant_id, subject=("person", person.id))
    await outbox.mail(
        ctx,
        what,
        to=person.email,
        key=f"{what}/{new_id()}",
        params={
            "at": to_rfc3339(ctx.now()),
            "url": "/vendor/settings" if person.tenant_id else "/ops",
        },
        tenant_id=person.tenant_id,
        locale=await people.locale(ctx, person),
    )
