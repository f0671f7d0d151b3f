"""Check a binding receipt offline: a compact JWS with one fixed algorithm, ES256, and one fixed content."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from turnpike_client.errors import ReceiptError, TurnpikeError
from turnpike_client.models import build
from turnpike_client.omni import LABEL, child, hashed_label, parse_uuid, vendor_node

TYPE = "binding-receipt+jwt"
MAX_LENGTH = 16_384
LAST_INSTANT = 253_402_300_799  # the end of the year 9999, the last a datetime can hold


@dataclass(frozen=True)
class Binding:
    """The vendor, user and device that were bound; the serial number appears only as a hash."""

    ver: int
    vendor_id: str
    vendor_omni: str
    user_omni: str
    device_id_sha256: str
    actor_omni: str
    derivation_path: str
    generation: int
    policy_template: str
    policy_template_version: int


@dataclass(frozen=True)
class Receipt:
    """What a verified receipt says, under the names it has there; ``jti`` is the id of the binding."""

    iss: str
    sub: str
    aud: str
    iat: int
    jti: str
    binding: Binding

    @property
    def registered_at(self) -> datetime:
        """Return the moment of the first registration."""
        return datetime.fromtimestamp(self.iat, UTC)


def verify_receipt(
    jws: str, jwks: Mapping[str, Any], *, issuer: str, vendor_id: str, device_id: str | None = None
) -> Receipt:
    """Return what the receipt says, or raise ReceiptError with the first check that failed.

    ``issuer`` and ``vendor_id`` are what you know, not what the receipt claims. A receipt holds only hashes of
    the device's serial number; pass ``device_id`` to check that it is about that very device.
    """
    vendor_id = parse_uuid(vendor_id, "vendor_id")
    parts = jws.split(".") if len(jws) <= MAX_LENGTH else []
    _must(len(parts) == 3, "malformed", "It is not a compact JWS")
    header = _decode_json(parts[0])
    _must(header.get("alg") == "ES256", "wrong_algorithm", "Its algorithm is not ES256")
    _must(header.get("typ") == TYPE, "wrong_type", f"Its type is not {TYPE}")
    _must("crit" not in header, "malformed", "It demands an extension that receipts do not have")
    key = _find_key(jwks, header.get("kid"))
    _check_signature(key, f"{parts[0]}.{parts[1]}".encode(), _decode(parts[2]))
    claims = _decode_json(parts[1])
    _must(claims.get("iss") == issuer, "wrong_issuer", "It was issued by somebody else")
    _must(claims.get("aud") == f"vendor:{vendor_id}", "wrong_audience", "It is for another vendor")
    try:
        receipt = build(Receipt, claims)
    except TurnpikeError:
        receipt = None
    is_known = receipt and receipt.binding.ver == 1 and 0 <= receipt.iat <= LAST_INSTANT
    if receipt is None or not is_known:
        raise _failure("malformed", "A claim is missing, of another type or of another version")
    _check_actor(receipt, vendor_id, device_id)
    return receipt


def _check_actor(receipt: Receipt, vendor_id: str, device_id: str | None) -> None:
    """Derive from the vendor, the user and the device's label whatever can be derived, and compare."""
    claimed = receipt.binding
    label = re.search(rf"//({LABEL})/[0-9]+\Z", claimed.derivation_path)
    is_formed = label and re.fullmatch("[0-9a-f]{64}", claimed.user_omni)
    if not label or not is_formed or not 0 <= claimed.generation < 2**32:
        raise _failure("malformed", "Its path, user or generation is not well formed")
    user_label = hashed_label("user", bytes.fromhex(claimed.user_omni))
    root = vendor_node(vendor_id)
    actor = child(child(root, user_label, 0), label[1], claimed.generation).hex()
    path = f"//{user_label}/0//{label[1]}/{claimed.generation}"
    said = (claimed.vendor_id, claimed.vendor_omni, claimed.derivation_path, claimed.actor_omni)
    is_derived = said == (vendor_id, root.hex(), path, actor) and receipt.sub == f"actor:{actor}"
    _must(is_derived, "wrong_actor", "Its actor is not the one that its claims derive")
    if device_id is not None:
        serial = device_id.encode()
        said = (claimed.device_id_sha256, label[1])
        is_same = said == (hashlib.sha256(serial).hexdigest(), hashed_label("device", serial))
        _must(is_same, "wrong_device", "It is about another device")


class JwksCache:
    """Holds the public keys and fetches them again when they are old or a receipt names an unknown one.

    ``fetch`` returns the JWKS document, for example ``client.jwks`` or a function that reads a file. Unknown key
    ids, which anybody can make up, cause at most one fetch in ``least_age`` seconds; when a fetch fails, the keys
    at hand are used, so receipts verify while the server is down.
    """

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, Any]],
        *,
        max_age: float = 3600.0,
        least_age: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._max_age, self._least_age, self._clock = fetch, max_age, least_age, clock
        self._keys: Mapping[str, Any] | None = None
        self._stale_at = self._next_fetch_at = 0.0

    def keys(self, *, newer: bool = False) -> Mapping[str, Any]:
        """Return the JWKS document; ``newer`` asks for a fresh one if the last fetch is not too recent."""
        now = self._clock()
        if self._keys is None or now >= self._stale_at or (newer and now >= self._next_fetch_at):
            self._stale_at = self._next_fetch_at = now + self._least_age
            try:
                self._keys = self._fetch()
                self._stale_at = now + self._max_age
            except TurnpikeError:
                if self._keys is None:
                    raise
        return self._keys

    def verify(
        self, jws: str, *, issuer: str, vendor_id: str, device_id: str | None = None
    ) -> Receipt:
        """Do what ``verify_receipt`` does, with the keys of this cache."""
        known = {"issuer": issuer, "vendor_id": vendor_id, "device_id": device_id}
        check = functools.partial(verify_receipt, jws, **known)
        try:
            return check(self.keys())
        except ReceiptError as error:
            if error.reason != "unknown_key":
                raise
        return check(self.keys(newer=True))


def _failure(reason: str, sentence: str) -> ReceiptError:
    return ReceiptError(f"The receipt is not valid. {sentence}", reason=reason)


def _must(condition: bool, reason: str, sentence: str) -> None:
    if not condition:
        raise _failure(reason, sentence)


def _decode(text: str) -> bytes:
    """Decode base64url strictly: one value has one spelling, without padding."""
    if re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if base64.urlsafe_b64encode(value).rstrip(b"=") == text.encode():
            return value
    raise _failure("malformed", "A part is not base64url")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(values := dict(pairs)) != len(pairs):
        raise ValueError("a name appears twice")
    return values


def _decode_json(text: str) -> dict[str, Any]:
    try:
        value: Any = json.loads(_decode(text), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _failure("malformed", "A part is not a JSON object")
    return cast("dict[str, Any]", value)


def _find_key(jwks: Mapping[str, Any], kid: object) -> ec.EllipticCurvePublicKey:
    """Return the one P-256 signing key of that id; the receipt has no say in how it is used."""
    try:
        (key,) = [key for key in jwks["keys"] if isinstance(kid, str) and key.get("kid") == kid]
        kind = (key["kty"], key["crv"], key.get("alg", "ES256"), key.get("use", "sig"))
        x, y = _decode(key["x"]), _decode(key["y"])
        if kind != ("EC", "P-256", "ES256", "sig") or len(x) != 32 or len(y) != 32:
            raise ValueError("not a P-256 signing key")
        point = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1())
        return point.public_key()
    except (ReceiptError, KeyError, TypeError, ValueError, AttributeError):
        raise _failure(
            "unknown_key", "The JWKS has no signing key of the receipt's key id"
        ) from None


def _check_signature(key: ec.EllipticCurvePublicKey, signed: bytes, signature: bytes) -> None:
    # JWS wants r || s; the DER form that libraries produce would be a second spelling.
    _must(len(signature) == 64, "bad_signature", "Its signature is not 64 bytes")
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise _failure("bad_signature", "Its signature does not fit its content") from None
