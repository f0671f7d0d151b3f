"""The unit of work: who acts, the open transaction and everything a use case may touch."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.core.clock import Clock
from app.core.errors import ForbiddenError, NotFoundError, NotSignedInError
from app.core.jws import Signer
from app.core.keyring import Keyring
from app.services.calling import Caller, calling
from app.services.hasher import PasswordHasher
from app.services.ports import Documents, Express, Limiter, Providers
from app.services.upstream_ports import Upstream
from app.settings import Settings
from models.audit import AuditEvent
from models.person import Role

T = TypeVar("T")


class ActorKind(StrEnum):
    """What proved the caller's identity."""

    ANONYMOUS = "anonymous"
    PERSON = "person"
    VENDOR_TOKEN = "vendor_token"  # noqa: S105 - a kind, not a secret
    PLATFORM_TOKEN = "platform_token"  # noqa: S105 - a kind, not a secret
    API_KEY = "api_key"
    CUSTOMER = "customer"
    """A tenant itself, signed in by a proof: it has no person with a login of their own."""
    KERNEL_TOKEN = "kernel_token"  # noqa: S105 - a kind, not a secret
    SERVICE_KEY = "service_key"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from; ``ip`` is already resolved behind trusted proxies."""

    ip: str = ""
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``tenant_id`` is the only tenant whose data the actor can reach, if any."""

    kind: ActorKind
    id: str = ""
    tenant_id: UUID | None = None
    role: Role | None = None
    scopes: frozenset[str] = frozenset()
    session_id: UUID | None = None
    origin: Origin = Origin()


SYSTEM = Actor(ActorKind.SYSTEM, id="system")
"""Jobs and the command line."""

_RANK = {Role.OPS_VIEWER: 1, Role.OPS_OPERATOR: 2, Role.OPS_ADMIN: 3}


@dataclass(slots=True)
class Context:
    """Handed to every use case as its first argument; it commits, they never do."""

    actor: Actor
    db: AsyncSession
    clock: Clock
    settings: Settings
    keyring: Keyring
    signer: Signer
    limiter: Limiter
    hasher: PasswordHasher
    documents: Documents
    _providers: Providers
    _upstream: Upstream
    readonly: bool = False
    express: Express | None = None
    refusals: list[AuditEvent] = field(default_factory=list[AuditEvent])
    _after_commit: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def now(self) -> dt.datetime:
        """Return the product's instant."""
        return self.clock.now()

    @property
    def site_url(self) -> str:
        """The public address, without a trailing slash."""
        return self.settings.public_url.rstrip("/")

    # -- who may ------------------------------------------------------------------------------

    @property
    def tenant_id(self) -> UUID:
        """The acting tenant; raises when the caller acts for none."""
        if self.actor.kind is ActorKind.ANONYMOUS:
            raise NotSignedInError("Please sign in.")
        if self.actor.tenant_id is None:
            raise ForbiddenError("This needs a vendor account.")
        return self.actor.tenant_id

    def require_ops(self, least: Role = Role.OPS_VIEWER) -> None:
        """Refuse everybody but operations staff of at least this role (and the system itself)."""
        if self.actor.kind is ActorKind.SYSTEM:
            return
        if self.actor.kind is ActorKind.ANONYMOUS:
            raise NotSignedInError("Please sign in.")
        if _RANK.get(self.actor.role, 0) < _RANK[least]:  # type: ignore[arg-type]
            raise ForbiddenError("Your role does not allow this.", reason="role_too_low")

    def require_system(self) -> None:
        """Refuse everybody but jobs and the command line."""
        if self.actor.kind is not ActorKind.SYSTEM:
            raise ForbiddenError("Only the system does this.")

    # -- a tenant's rows ----------------------------------------------------------------------

    def mine(self, model: type[T]) -> Select[T]:
        """Select rows of the acting tenant only; the one way to query a tenant's data."""
        column: InstrumentedAttribute[UUID] = model.tenant_id  # type: ignore[attr-defined]
        return select(model).where(column == self.tenant_id)

    async def get_mine(self, model: type[T], id_: UUID, *, lock: bool = False) -> T:
        """Return one row of the acting tenant; not yours looks like not there."""
        query = self.mine(model).where(model.id == id_)  # type: ignore[attr-defined]
        row = await self.db.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise NotFoundError("There is no such thing here.")
        return row

    async def get_any(self, model: type[T], id_: UUID, *, lock: bool = False) -> T:
        """Return one row of any tenant, for operations and the system."""
        self.require_ops()
        row = await self.db.get(model, id_, with_for_update=lock, populate_existing=lock)
        if row is None:
            raise NotFoundError("There is no such thing here.")
        return row

    # -- what is written down -----------------------------------------------------------------

    def audit(
        self,
        kind: str,
        *,
        tenant_id: UUID | None = None,
        subject: tuple[str, object] = ("", ""),
        body: Mapping[str, Any] | None = None,
        result: str = "success",
    ) -> None:
        """Add a row to the audit stream, in the transaction of the act itself."""
        self.db.add(self.audit_row(kind, tenant_id, subject, body, result))

    def audit_refusal(
        self,
        kind: str,
        *,
        tenant_id: UUID | None = None,
        subject: tuple[str, object] = ("", ""),
        body: Mapping[str, Any] | None = None,
    ) -> None:
        """Note a refusal; it is written even though the refused act is rolled back."""
        self.refusals.append(self.audit_row(kind, tenant_id, subject, body, "denied"))

    def audit_row(
        self,
        kind: str,
        tenant_id: UUID | None,
        subject: tuple[str, object],
        body: Mapping[str, Any] | None,
        result: str,
    ) -> AuditEvent:
        """Return a row as ``audit`` would add it."""
        return AuditEvent(
            at=self.now(),
            kind=kind,
            tenant_id=tenant_id or self.actor.tenant_id,
            actor_kind=self.actor.kind,
            actor_id=self.actor.id,
            result=result,
            subject_kind=subject[0],
            subject_id=str(subject[1]),
            ip=self.actor.origin.ip,
            request_id=self.actor.origin.request_id,
            body=dict(body or {}),
        )

    # -- what follows -------------------------------------------------------------------------

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call something once the transaction is durable; lost in a crash, so only for speed."""
        self._after_commit.append(callback)

    async def save(self) -> None:
        """Make what was done so far durable, and let go of every lock."""
        await self.db.commit()
        callbacks, self._after_commit = self._after_commit, []
        for callback in callbacks:
            callback()

    @asynccontextmanager
    async def outside(self) -> AsyncGenerator[Providers]:
        """Give the providers, with nothing locked: what was done so far is saved first.

        Rows read before may have changed by the time this ends: read them again.
        """
        await self.save()
        with calling(self._caller()):
            yield self._providers

    @asynccontextmanager
    async def upstream(self) -> AsyncGenerator[Upstream]:
        """Give what calls the services of forwarded actions, with nothing locked either."""
        await self.save()
        yield self._upstream

    def _caller(self) -> Caller:
        actor, origin = self.actor, self.actor.origin
        return Caller(actor.kind, actor.id, actor.tenant_id, origin.request_id, origin.ip)
