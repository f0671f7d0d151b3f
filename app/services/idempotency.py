"""Answers kept under a client's key, so that a repeated request changes nothing a second time."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlmodel import col

from app.core.clock import wall_now
from app.core.errors import ConflictError, InvalidInputError
from app.core.ids import new_id
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.exchange import StoredAnswer

KEPT: Final = dt.timedelta(hours=24)
STALE: Final = dt.timedelta(seconds=60)
"""After this much wall time a request still running is taken for dead."""
_RUNNING: Final = 0
_PURPOSE: Final = "idempotent answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer, byte for byte."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer under a key: either ``earlier`` is to be replayed, or the work is ours."""

    id: UUID
    earlier: Answer | None = None


async def claim(ctx: Context, key: str, request_hash: str) -> Claim:
    """Claim a key for the acting credential's owner; durable when it returns.

    Raises ``ConflictError`` ``idempotency_key_reused`` when the key belongs to another request and
    ``in_progress`` while that very request is still running.
    """
    if not 1 <= len(key) <= 255 or not key.isprintable():
        problem = "must be 1 to 255 printable characters"
        raise InvalidInputError(
            f"The Idempotency-Key {problem}.", fields=[("Idempotency-Key", problem)]
        )
    scope = f"{ctx.actor.kind}:{ctx.actor.tenant_id or ctx.actor.id}"
    mine = new_id()
    values = {
        "id": mine,
        "scope": scope,
        "key": key,
        "request_hash": request_hash,
        "status_code": _RUNNING,
        "sealed": b"",
        "created_at": wall_now(),
        "expires_at": ctx.now() + KEPT,
    }
    insert = insert_or_ignore(ctx, StoredAnswer, values, "scope", "key")
    won = await ctx.db.scalar(insert.returning(col(StoredAnswer.id)))
    if won is None:
        won = await _take_over(ctx, scope, key, values)
    await ctx.save()
    if won is not None:
        return Claim(mine)
    return await _earlier(ctx, scope, key, request_hash)


async def settle(ctx: Context, claim_id: UUID, answer: Answer) -> None:
    """Keep the final answer, in the transaction of the change it reports.

    Raises ``ConflictError`` ``in_progress`` when the claim was taken over meanwhile: what this
    request did must then not stand.
    """
    sealed = ctx.keyring.seal(
        json.dumps([answer.status, answer.body.decode()]).encode(), purpose=_PURPOSE
    )
    kept = await ctx.db.execute(
        update(StoredAnswer)
        .where(col(StoredAnswer.id) == claim_id)
        .values(status_code=answer.status, sealed=sealed)
        .returning(col(StoredAnswer.id))
    )
    if kept.first() is None:
        raise _in_progress()


async def let_go(ctx: Context, claim_id: UUID) -> None:
    """Give a claim back unanswered: the client may try again under the same key."""
    row = await ctx.db.get(StoredAnswer, claim_id)
    if row is not None and row.status_code == _RUNNING:
        await ctx.db.delete(row)
    await ctx.save()


async def _take_over(ctx: Context, scope: str, key: str, values: dict[str, object]) -> UUID | None:
    """Claim a key whose day is over, or whose request died before it could answer."""
    dead = (col(StoredAnswer.status_code) == _RUNNING) & (
        col(StoredAnswer.created_at) <= wall_now() - STALE
    )
    taken = await ctx.db.execute(
        update(StoredAnswer)
        .where(
            col(StoredAnswer.scope) == scope,
            col(StoredAnswer.key) == key,
            or_(col(StoredAnswer.expires_at) <= ctx.now(), dead),
        )
        .values(**values)
        .returning(col(StoredAnswer.id))
        .execution_options(synchronize_session=False)
    )
    return taken.scalar()


async def _earlier(ctx: Context, scope: str, key: str, request_hash: str) -> Claim:
    row = await ctx.db.scalar(
        select(StoredAnswer)
        .where(col(StoredAnswer.scope) == scope, col(StoredAnswer.key) == key)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise _in_progress()  # given back a moment ago
    if row.request_hash != request_hash:
        raise ConflictError(
            "This Idempotency-Key was used with another request.", reason="idempotency_key_reused"
        )
    if row.status_code == _RUNNING:
        raise _in_progress()
    status, body = json.loads(ctx.keyring.unseal(row.sealed, purpose=_PURPOSE))
    return Claim(row.id, Answer(status, body.encode()))


def _in_progress() -> ConflictError:
    return ConflictError(
        "A request with this Idempotency-Key is still running.",
        reason="in_progress",
        retry_after=1,
    )
