"""Receipts signed with a real P-256 key, honest and forged."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ISSUER = "https://turnpike.example.com"
KID = "ak-session-1790000000"
VENDOR = "11111111-1111-4111-8111-111111111111"
DEVICE = "SN-0001"
# The vectors of the identity contract, so that these tests do not trust the code they test.
USER = "0a188e1224778f63d90df21a32f5a7f36f71cf73b942eed32723a90a7fea2151"
VENDOR_OMNI = "412bab23a1a32f232f88feec274ffaf061fc6abfe9367775b77db0b721ffd6e9"
USER_LABEL = "gxkgtweklhikk5dxa5th5tui5eib5ixm"
DEVICE_LABEL = "mmx2gdjoko2nmt4nnrjvdvp5n532piyg"
ACTOR = "d481ea87e00d361e87b847fe23f29859d678eb72e15b6f21464a9d2468de2624"
ACTOR_1 = "6f19f207285729e9428e3c95e12fdb5789856a77510ce39775d5b5032424b7c9"
HEADER = {"alg": "ES256", "typ": "binding-receipt+jwt", "kid": KID}
BINDING = {
    "ver": 1,
    "vendor_id": VENDOR,
    "vendor_omni": VENDOR_OMNI,
    "user_omni": USER,
    "device_id_sha256": hashlib.sha256(DEVICE.encode()).hexdigest(),
    "actor_omni": ACTOR,
    "derivation_path": f"//{USER_LABEL}/0//{DEVICE_LABEL}/0",
    "generation": 0,
    "policy_template": "ai-companion-basic",
    "policy_template_version": 1,
}
CLAIMS = {
    "iss": ISSUER,
    "sub": f"actor:{ACTOR}",
    "aud": f"vendor:{VENDOR}",
    "iat": 1_790_000_000,
    "jti": "0198c0de-0000-7000-8000-000000000001",
}


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def part(document: Any) -> str:
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    return b64(text.encode())


def claims(binding: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """The claims of the contract's example, with some changed; None removes one."""
    inner = {**BINDING, **(binding or {})}
    whole = {**CLAIMS, "binding": {k: v for k, v in inner.items() if v is not None}, **changed}
    return {k: v for k, v in whole.items() if v is not None}


class Signer:
    """A broker's key."""

    def __init__(self, curve: ec.EllipticCurve | None = None, kid: str = KID) -> None:
        self.key = ec.generate_private_key(curve or ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.jwk = {
            "kty": "EC",
            "crv": "P-256",
            "kid": kid,
            "alg": "ES256",
            "use": "sig",
            "x": b64(numbers.x.to_bytes(32)) if curve is None else "",
            "y": b64(numbers.y.to_bytes(32)) if curve is None else "",
        }
        self.jwks = {"keys": [self.jwk]}

    def der(self, signed: str) -> bytes:
        return self.key.sign(signed.encode(), ec.ECDSA(SHA256()))

    def raw(self, signed: str) -> bytes:
        r, s = decode_dss_signature(self.der(signed))
        return r.to_bytes(32) + s.to_bytes(32)

    def sign(self, header: Any, content: Any) -> str:
        signed = f"{part(header)}.{part(content)}"
        return f"{signed}.{b64(self.raw(signed))}"

    def receipt(self, binding: dict[str, Any] | None = None, **changed: Any) -> str:
        return self.sign(HEADER, claims(binding, **changed))
