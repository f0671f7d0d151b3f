from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app.core.jws import Signer, b64, unb64, verify

SIGNER = Signer(ec.generate_private_key(ec.SECP256R1()), "k1")
KEYS: dict[str, dict[str, Any]] = {"k1": dict(SIGNER.public_jwk())}
CLAIMS = {"sub": "actor:0a", "binding": {"ver": 1}}
TYP = "binding-receipt+jwt"


def forged(token: str, **header: Any) -> str:
    """The token under another header, with its signature kept."""
    head, body, signature = token.split(".")
    changed = json.loads(unb64(head)) | header
    return f"{b64(json.dumps(changed).encode())}.{body}.{signature}"


def test_a_signed_token_gives_its_claims_back() -> None:
    token = SIGNER.sign(CLAIMS, typ=TYP)
    assert verify(token, KEYS, typ=TYP) == CLAIMS
    assert json.loads(unb64(token.split(".")[0])) == {"alg": "ES256", "typ": TYP, "kid": "k1"}


def test_a_retired_key_still_verifies_beside_the_new_one() -> None:
    new = Signer(ec.generate_private_key(ec.SECP256R1()), "k2")
    keys = KEYS | {"k2": dict(new.public_jwk())}
    for signer in (SIGNER, new):
        assert verify(signer.sign(CLAIMS, typ=TYP), keys, typ=TYP) == CLAIMS


def test_the_public_half_holds_no_secret() -> None:
    jwk = SIGNER.public_jwk()
    assert set(jwk) == {"kty", "crv", "alg", "use", "kid", "x", "y"}
    assert len(unb64(jwk["x"])) == len(unb64(jwk["y"])) == 32


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ({"alg": "none"}, "unexpected header"),
        ({"alg": "HS256"}, "unexpected header"),
        ({"typ": "JWT"}, "unexpected header"),
        ({"kid": "k2"}, "unexpected header"),
        ({"kid": ["k1"]}, "unexpected header"),
        ({"kid": None}, "unexpected header"),
        ({"extra": 1}, "bad signature"),
    ],
)
def test_another_header_is_refused(header: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        verify(forged(SIGNER.sign(CLAIMS, typ=TYP), **header), KEYS, typ=TYP)


def test_changed_claims_and_strange_keys_are_refused() -> None:
    head, _, signature = SIGNER.sign(CLAIMS, typ=TYP).split(".")
    body = b64(json.dumps(CLAIMS | {"sub": "actor:0b"}).encode())
    with pytest.raises(ValueError, match="bad signature"):
        verify(f"{head}.{body}.{signature}", KEYS, typ=TYP)
    stranger = Signer(ec.generate_private_key(ec.SECP256R1()), "k1")
    with pytest.raises(ValueError, match="bad signature"):
        verify(stranger.sign(CLAIMS, typ=TYP), KEYS, typ=TYP)


def test_a_signature_of_another_length_is_refused() -> None:
    token = SIGNER.sign(CLAIMS, typ=TYP)
    with pytest.raises(ValueError, match="signature length"):
        verify(token.rpartition(".")[0] + "." + b64(bytes(63)), KEYS, typ=TYP)


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("", "not a compact JWS"),
        ("a.b", "not a compact JWS"),
        ("a.b.c.d", "not a compact JWS"),
        ("é.b.c", "not a compact JWS"),
        (f"{b64(b'nonsense')}.e30.", "not a compact JWS"),
        (f"{b64(bytes([255]))}.e30.", "not a compact JWS"),
        (f"{b64(b'[]')}.e30.", "unexpected header"),
        (f"{b64(b'1')}.e30.", "unexpected header"),
    ],
)
def test_what_is_no_token_is_refused(token: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        verify(token, KEYS, typ=TYP)


@given(st.binary())
def test_base64url_reads_back_and_needs_no_escaping(data: bytes) -> None:
    assert unb64(b64(data)) == data
    assert not set(b64(data)) & set("+/=")
