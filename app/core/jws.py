"""Compact JWS with ES256, exactly as binding receipts need it (contracts: identity, section 2)."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Read base64url without padding; raises ``ValueError``."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class Signer:
    """Signs with one P-256 key, named by its ``kid``."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, kid: str) -> None:
        self._key = key
        self.kid = kid

    def sign(self, claims: dict[str, Any], *, typ: str) -> str:
        """Return the compact form; the signature differs on every call, so store the result."""
        header = {"alg": "ES256", "typ": typ, "kid": self.kid}
        body = ".".join(
            b64(json.dumps(part, separators=(",", ":"), sort_keys=True).encode())
            for part in (header, claims)
        )
        r, s = utils.decode_dss_signature(self._key.sign(body.encode(), ec.ECDSA(SHA256())))
        return f"{body}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def public_jwk(self) -> dict[str, str]:
        """Return the public half as it stands in the JWKS."""
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": self.kid,
            "x": b64(numbers.x.to_bytes(32, "big")),
            "y": b64(numbers.y.to_bytes(32, "big")),
        }


def verify(token: str, keys: dict[str, dict[str, Any]], *, typ: str) -> dict[str, Any]:
    """Return the claims of a token signed by one of ``keys`` (kid -> JWK); raises ``ValueError``."""
    try:
        head, body, signature = token.split(".")
        header = json.loads(unb64(head))
        raw = unb64(signature)
    except ValueError as error:
        raise ValueError("not a compact JWS") from error
    match header:
        case {"alg": "ES256", "typ": str(found), "kid": str(kid)} if found == typ and kid in keys:
            jwk = keys[kid]
        case _:
            raise ValueError("unexpected header")
    if len(raw) != 64:
        raise ValueError("unexpected signature length")
    public = ec.EllipticCurvePublicNumbers(
        int.from_bytes(unb64(jwk["x"])), int.from_bytes(unb64(jwk["y"])), ec.SECP256R1()
    ).public_key()
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    try:
        public.verify(der, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise ValueError("bad signature") from error
    claims: dict[str, Any] = json.loads(unb64(body))
    return claims
