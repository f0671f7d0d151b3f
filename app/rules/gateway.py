"""What the agent gateway says and writes down (``contracts/identity.md``, section 11)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, cast

SCHEMA_VERSION: Final = 1
API_VERSION: Final = "1"
LONGEST_ERROR: Final = 500
DEEPEST: Final = 64
"""Levels of lists and objects in params and answers: what is deeper cannot be walked through."""
HIDDEN: Final = "[redacted]"
_SECRET: Final = frozenset(
    (
        "authorization",
        "cookie",
        "setcookie",
        "xapikey",
        "apikey",
        "token",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "clientsecret",
        "secret",
        "password",
        "passwd",
        "privatekey",
        "sessionid",
        "bearer",
        "credential",
        "credentials",
    )
)
_KEY_TEXT: Final = re.compile(r"\b(agk|vnd|plt|exe|sk|rk|whsec)_[A-Za-z0-9_-]{6,}")


class Code(StrEnum):
    """What an answer of the gateway stands for; ``HTTP_STATUS`` has the status of each."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    INVALID_API_KEY = "INVALID_API_KEY"
    SCOPE_DENIED = "SCOPE_DENIED"
    AUTHORIZATION_ERROR = "AUTHORIZATION_ERROR"
    REQUIRES_APPROVAL = "REQUIRES_APPROVAL"
    UPGRADE_REQUIRED = "UPGRADE_REQUIRED"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    CEILING_EXCEEDED = "CEILING_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    IDEMPOTENT_REPLAY = "IDEMPOTENT_REPLAY"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


HTTP_STATUS: Final[Mapping[Code, int]] = {
    Code.VALIDATION_ERROR: 400,
    Code.INVALID_API_KEY: 401,
    Code.UPGRADE_REQUIRED: 402,
    Code.SCOPE_DENIED: 403,
    Code.AUTHORIZATION_ERROR: 403,
    Code.REQUIRES_APPROVAL: 403,
    Code.CEILING_EXCEEDED: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.RATE_LIMITED: 429,
    Code.IDEMPOTENT_REPLAY: 200,
    Code.UNAVAILABLE: 503,
    Code.INTERNAL_ERROR: 500,
}
_BY_STATUS: Final = {
    400: Code.VALIDATION_ERROR,
    401: Code.INVALID_API_KEY,
    402: Code.UPGRADE_REQUIRED,
    403: Code.AUTHORIZATION_ERROR,
    404: Code.NOT_FOUND,
    409: Code.CONFLICT,
    413: Code.VALIDATION_ERROR,
    415: Code.VALIDATION_ERROR,
    422: Code.VALIDATION_ERROR,
    429: Code.RATE_LIMITED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
}


def code_for(status: int, reason: str) -> Code:
    """Return the code of a refusal: its reason where that is a code, else what its status means."""
    named = Code.__members__.get(reason.upper())
    return named or _BY_STATUS.get(status, Code.INTERNAL_ERROR)


class Scope(StrEnum):
    """What a key may do; an action names the one it needs, and nothing else is allowed."""

    READ = "manage.read"
    DOMAIN = "manage.domain"
    IAM = "manage.iam"
    GOVERNANCE = "manage.governance"


class Unit(StrEnum):
    """What a billable action is counted in."""

    CALL = "call"
    TOKEN = "token"  # noqa: S105 - a unit, not a secret
    ROW = "row"
    SECOND = "sec"


class CallerType(StrEnum):
    """Who made a call: a key, or the human behind the agent at the console."""

    API_KEY = "api_key"
    USER = "user"
    SYSTEM = "system"


class CallStatus(StrEnum):
    """How a call ended; only a success is ever charged."""

    SUCCESS = "success"
    ERROR = "error"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class ActionDef:
    """One action as it is offered; ``is_billable`` is stated by every definition, never assumed."""

    name: str
    scope: Scope
    description: str
    params_schema: Mapping[str, Any]
    is_billable: bool
    unit: Unit | None = None
    supports_dry_run: bool = False

    @property
    def pack(self) -> str:
        """The part of the product it belongs to: ``leadscoring`` of ``domain.leadscoring.leads.create``."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "domain" else parts[0]

    def document(self) -> dict[str, Any]:
        """Return the definition as ``meta.actions`` shows it."""
        return {
            "name": self.name,
            "scope": self.scope,
            "description": self.description,
            "params_schema": self.params_schema,
            "supports_dry_run": self.supports_dry_run,
            "billable": self.is_billable,
            "billing_unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Impact:
    """What an action would do; the answer of a dry run, which keeps nothing."""

    creates: Sequence[Mapping[str, Any]] = ()
    updates: Sequence[Mapping[str, Any]] = ()
    deletes: Sequence[Mapping[str, Any]] = ()
    side_effects: Sequence[str] = ()
    risk: str = "low"
    warnings: Sequence[str] = ()

    def document(self) -> dict[str, Any]:
        """Return the impact as it is answered."""
        return {
            "creates": list(self.creates),
            "updates": list(self.updates),
            "deletes": list(self.deletes),
            "side_effects": list(self.side_effects),
            "risk": self.risk,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What an action did: the answer, and for the audit row what it touched."""

    data: Any
    resource: str = ""
    count: int = 0
    created: Sequence[str] = field(default_factory=tuple[str, ...])

    def meta(self) -> dict[str, Any]:
        """Return what the audit row keeps of it: no answer, only its extent."""
        kept = list(self.created[:20])
        return {"resource_type": self.resource, "count": self.count, "ids_created": kept}


def redact(value: Any) -> Any:
    """Return JSON with every secret hidden, by the names of the keys and the looks of the texts."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value)
        return {key: HIDDEN if _is_secret(key) else redact(one) for key, one in pairs.items()}
    if isinstance(value, list):
        return [redact(one) for one in cast("list[Any]", value)]
    return _KEY_TEXT.sub(HIDDEN, value) if isinstance(value, str) else value


def _is_secret(key: str) -> bool:
    return re.sub(r"[^a-z0-9]", "", key.lower()) in _SECRET


def request_hash(action: str, params: Any, *, dry_run: bool) -> str:
    """Return the SHA-256 (64 hex) of a request's sanitised canonical JSON."""
    said = {"action": action, "dry_run": dry_run, "params": redact(params)}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
