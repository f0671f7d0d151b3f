"""The calls of the API, each a function from its arguments to a Call; the clients' methods are made from them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID, uuid4

from turnpike_client import models
from turnpike_client.core import Answer, Call, Page
from turnpike_client.errors import invalid
from turnpike_client.omni import parse_device_id, parse_user_omni, parse_uuid

T = TypeVar("T")
Id = str | UUID
V1 = "/v1/vendor"
PAGE_SIZE = "200"
MAX_EVENTS = 1_000
MAX_EVENT_BYTES = 5 * 1024 * 1024 - 64  # the server's limit for a batch, less the envelope


def register_device(
    device_id: str, user_omni: str, *, idempotency_key: str | None = None
) -> Call[models.Registration]:
    """Bind a device to a user; the same pair always yields the same actor, so repeating is safe."""
    body = {"device_id": parse_device_id(device_id), "user_omni": parse_user_omni(user_omni)}
    return post(f"{V1}/devices/register", body, models.Registration, idempotency_key)


def rekey_device(device: Id, *, idempotency_key: str | None = None) -> Call[models.Device]:
    """Raise a device's generation, which gives it a new actor."""
    return post(f"{V1}/devices/{parse_uuid(device)}/rekey", {}, models.Device, idempotency_key)


def release_device(device: Id, *, idempotency_key: str | None = None) -> Call[models.Device]:
    """End a binding, for example when the device is sold."""
    return post(f"{V1}/devices/{parse_uuid(device)}/release", {}, models.Device, idempotency_key)


def device(device: Id) -> Call[models.Device]:
    """Return one device."""
    return get(f"{V1}/devices/{parse_uuid(device)}", models.Device)


def devices(status: str | None = None, q: str | None = None) -> Call[Page[models.Device]]:
    """Iterate over all devices that match, fetching pages as needed."""
    return paged(f"{V1}/devices", models.Device, status=status, q=q)


def usage(month: str | None = None) -> Call[models.Usage]:
    """Return the figures of one month, ``YYYY-MM``; of the running one by default."""
    if month is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise invalid("month", "must be YYYY-MM")
    return get(f"{V1}/usage", models.Usage, **({"month": month} if month else {}))


def invoices() -> Call[Page[models.Invoice]]:
    """Iterate over all invoices, fetching pages as needed."""
    return paged(f"{V1}/invoices", models.Invoice)


def invoice(invoice: Id) -> Call[models.Invoice]:
    """Return one invoice with its lines."""
    return get(f"{V1}/invoices/{parse_uuid(invoice)}", models.Invoice)


def invoice_pdf(invoice: Id) -> Call[bytes]:
    """Return an invoice's PDF; its bytes never change."""

    def read(answer: Answer) -> bytes:
        if not answer.body.startswith(b"%PDF-"):
            raise models.unexpected("it is not a PDF")
        return answer.body

    return Call("GET", f"{V1}/invoices/{parse_uuid(invoice)}/pdf", read)


def audit(
    kind: str | None = None, since: datetime | str | None = None
) -> Call[Page[models.AuditEntry]]:
    """Iterate over the audit stream, fetching pages as needed."""
    start = _plain(since) if isinstance(since, datetime) else since
    return paged(f"{V1}/audit", models.AuditEntry, kind=kind, since=start)


def create_token(
    label: str | None = None, *, idempotency_key: str | None = None
) -> Call[models.IssuedToken]:
    """Issue another token beside the one in use; the secret appears only here."""
    body = {} if label is None else {"label": label}
    return post(f"{V1}/tokens", body, models.IssuedToken, idempotency_key)


def rotate_token(
    token_id: Id, overlap_hours: int | None = None, *, idempotency_key: str | None = None
) -> Call[models.IssuedToken]:
    """Issue a token's successor; the old one lives on for the overlap."""
    body = {} if overlap_hours is None else {"overlap_hours": overlap_hours}
    path = f"{V1}/tokens/{parse_uuid(token_id)}/rotate"
    return post(path, body, models.IssuedToken, idempotency_key)


def revoke_token(token_id: Id) -> Call[None]:
    """End a token at once."""
    return Call("DELETE", f"{V1}/tokens/{parse_uuid(token_id)}", lambda _: None)


def jwks() -> Call[dict[str, Any]]:
    """Return the public keys that verify receipts."""
    return Call("GET", "/.well-known/jwks.json", Answer.document)


def event_batches(events: Iterable[Mapping[str, Any]]) -> Iterator[Call[models.EventsResult]]:
    """Cut events into calls of at most 1,000 events and 5 MiB, reading them only as far as needed.

    No idempotency key is sent: the server knows every event by its id.
    """
    chunk: list[bytes] = []
    size = 0
    for event in events:
        encoded = encode(event)
        if chunk and (len(chunk) == MAX_EVENTS or size + len(encoded) > MAX_EVENT_BYTES):
            yield _events(chunk)
            chunk, size = [], 0
        chunk.append(encoded)
        size += len(encoded) + 1
    if chunk:
        yield _events(chunk)


def _events(chunk: list[bytes]) -> Call[models.EventsResult]:
    body = b'{"events":[' + b",".join(chunk) + b"]}"
    return Call("POST", "/v1/events", reader(models.EventsResult), body=body)


def encode(value: Any) -> bytes:
    """Write compact JSON; instants become RFC 3339 in UTC, decimals and UUIDs text, NaN is refused."""
    return json.dumps(value, default=_plain, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent; a datetime needs a time zone")


def reader(kind: type[T]) -> Callable[[Answer], T]:
    """Return what reads an answer as a dataclass."""
    return lambda answer: models.build(kind, answer.document())


def get(path: str, kind: type[T], **params: str) -> Call[T]:
    """Return the call that reads one thing."""
    return Call("GET", path, reader(kind), params=params)


def post(path: str, body: Mapping[str, Any], kind: type[T], key: str | None) -> Call[T]:
    """Return the call that changes something, under the given key or a new one."""
    if key is not None and not re.fullmatch(r"[!-~]{1,255}", key):
        raise invalid("idempotency_key", "must be 1 to 255 printable characters without blanks")
    key = key or uuid4().hex
    return Call("POST", path, reader(kind), body=encode(body), idempotency_key=key)


def paged(path: str, kind: type[T], /, **filters: str | None) -> Call[Page[T]]:
    """Return the call for the first page of a list."""

    def read(answer: Answer) -> Page[T]:
        page = models.build(models.Listing, answer.document())
        return Page([models.build(kind, row) for row in page.data], page.next_cursor)

    params = {"limit": PAGE_SIZE} | {k: v for k, v in filters.items() if v is not None}
    return Call("GET", path, read, params=params)
