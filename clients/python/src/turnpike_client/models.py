"""What the server answers, as frozen values; unknown fields are kept in ``raw``, never refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from turnpike_client.errors import TurnpikeError

T = TypeVar("T")
Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Anything the server describes; ``raw`` is its answer as it came."""

    raw: Document = field(default_factory=dict[str, Any], repr=False, compare=False)


@dataclass(frozen=True)
class Money:
    """An exact amount in one currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """Return the amount and its currency."""
        return f"{self.amount:f} {self.currency}"


@dataclass(frozen=True, kw_only=True)
class Device(Row):
    """A device bound to a user; ``id`` is what re-key and release take."""

    id: str
    device_id: str
    user_omni: str
    generation: int
    registered_at: datetime
    last_active_at: datetime | None = None
    status: str | None = None
    actor_omni: str | None = None
    receipt: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Registration(Row):
    """A binding; ``created`` is False when the same pair was registered before."""

    actor_omni: str
    receipt: str
    policy_template: Document
    created: bool
    device: Device


@dataclass(frozen=True)
class ProRevenue:
    """What consumers paid for Pro in a month and the vendor's share of it."""

    gross: Money
    share: Money


@dataclass(frozen=True, kw_only=True)
class Usage(Row):
    """One billing month in figures; ``estimate`` is the invoice as it stands."""

    month: str
    active_devices: int
    registered_devices: int
    monthly_active_users: int
    estimate: Money
    pro: ProRevenue


@dataclass(frozen=True, kw_only=True)
class Invoice(Row):
    """An invoice; ``lines`` are there when it was asked for by its id."""

    id: str
    status: str
    number: str | None = None
    total: Money | None = None
    lines: tuple[Document, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AuditEntry(Row):
    """One line of the audit stream; what it says beside its kind is in ``raw``."""

    id: str
    kind: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class IssuedToken(Row):
    """A new vendor token; ``token`` is the secret, shown this once and kept out of ``repr``."""

    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Onboarding(Row):
    """A new agent; without ``api_key`` the address has its free calls already and ``message`` says more."""

    onboarded: bool
    api_key: str | None = field(default=None, repr=False)
    tenant_uuid: str | None = None
    tier: str | None = None
    free_calls_remaining: int | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reply(Row):
    """What an action answered; ``warning`` comes near the end of the free calls."""

    request_id: str
    data: Any = None
    dry_run: bool = False
    code: str | None = None
    warning: Document | None = None

    @property
    def is_replay(self) -> bool:
        """Whether this is the answer of an earlier call under the same key, which costs nothing."""
        return self.code == "IDEMPOTENT_REPLAY"


@dataclass(frozen=True, kw_only=True)
class AgentUsage(Row):
    """What is used of the running month; without a limit the agent pays by the call."""

    tier: str
    calls_used: int
    calls_limit: int | None
    calls_remaining: int | None
    period_start: datetime
    period_end: datetime
    payment_method_status: str


@dataclass(frozen=True, kw_only=True)
class Bill(Row):
    """A month: ``usage`` counts calls, ``charges`` says what they cost; the invoice once there is one."""

    period: str
    usage: Document
    charges: Document
    invoice_id: str | None = None
    status: str | None = None


@dataclass(frozen=True, kw_only=True)
class UpgradePage(Row):
    """Where whoever pays stores a card, until when."""

    checkout_url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class SpendLimits(Row):
    """The budget of a month, and what is spent of it."""

    budget: Money | None
    hard_stop: bool
    is_stopped: bool
    spent: Money
    remaining: Money | None
    calls_charged: int
    set_by: str
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class Key(Row):
    """An API key without its secret."""

    id: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class IssuedKey(Row):
    """A new API key; ``api_key`` is the secret, shown this once and kept out of ``repr``."""

    id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class EventsResult:
    """How many events were new and how many had been stored before."""

    inserted: int
    duplicates: int


@dataclass(frozen=True)
class Listing:
    """A page of any list before its rows are read."""

    data: tuple[Document, ...]
    next_cursor: str | None


def unexpected(what: str) -> TurnpikeError:
    """Build the error for an answer that breaks the published format."""
    return TurnpikeError(f"The server's answer makes no sense: {what}", reason="unexpected_answer")


def build(kind: type[T], document: Any) -> T:
    """Read a dataclass from decoded JSON; raises TurnpikeError if a field is missing or of another type."""
    return _read(kind, document, kind.__name__.lower())


_hints = cache(get_type_hints)


def _read(hint: Any, value: Any, path: str) -> Any:
    if hint is Any:
        return value
    if get_origin(hint) is UnionType:
        if value is None:
            return None
        hint = next(choice for choice in get_args(hint) if choice is not NoneType)
    origin, kind = get_origin(hint), cast("type[Any]", type(value))
    if hint is Decimal and kind is str and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        return Decimal(value)
    if hint is datetime and kind is str and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise unexpected(f"{path} is no time") from None
    if origin is tuple and kind is list:
        return tuple(
            _read(get_args(hint)[0], item, f"{path}[{at}]") for at, item in enumerate(value)
        )
    if is_dataclass(hint) and kind is dict:
        return _read_fields(hint, value, path)
    if kind is hint or (origin is Mapping and kind is dict):
        return value
    raise unexpected(f"{path} is missing or of another type")


def _read_fields(kind: Any, document: dict[str, Any], path: str) -> Any:
    values: dict[str, Any] = {}
    for item in fields(kind):
        is_needed = item.default is MISSING and item.default_factory is MISSING
        if item.name == "raw":
            values["raw"] = document
        elif is_needed or item.name in document:
            hint = _hints(kind)[item.name]
            values[item.name] = _read(hint, document.get(item.name), f"{path}.{item.name}")
    return kind(**values)
