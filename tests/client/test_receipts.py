"""Honest receipts verify, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.client import signing
from tests.client.signing import HEADER, ISSUER, VENDOR, Signer, b64, claims, part
from turnpike_client import InvalidInput, JwksCache, ReceiptError, Unavailable, verify_receipt

SIGNER = Signer()


def reason_of(jws: str, jwks: Any = None, **known: Any) -> str:
    """Why a receipt is refused."""
    known = {"issuer": ISSUER, "vendor_id": VENDOR, **known}
    with pytest.raises(ReceiptError) as refused:
        verify_receipt(jws, SIGNER.jwks if jwks is None else jwks, **known)
    return refused.value.reason


def test_an_honest_receipt_verifies() -> None:
    jws = SIGNER.receipt()
    receipt = verify_receipt(
        jws, SIGNER.jwks, issuer=ISSUER, vendor_id=VENDOR.upper(), device_id="SN-0001"
    )
    assert receipt.binding.actor_omni == signing.ACTOR
    assert receipt.sub == f"actor:{signing.ACTOR}"
    assert receipt.registered_at.isoformat() == "2026-09-21T14:13:20+00:00"


def test_a_receipt_of_a_later_generation_verifies() -> None:
    jws = SIGNER.receipt(
        {
            "generation": 1,
            "actor_omni": signing.ACTOR_1,
            "derivation_path": f"//{signing.USER_LABEL}/0//{signing.DEVICE_LABEL}/1",
        },
        sub=f"actor:{signing.ACTOR_1}",
    )
    assert verify_receipt(jws, SIGNER.jwks, issuer=ISSUER, vendor_id=VENDOR).binding.generation == 1


def test_retired_keys_and_keys_of_other_kinds_do_not_disturb() -> None:
    others = [Signer(kid="older").jwk, {"kty": "RSA", "kid": "rsa"}, {"kty": "OKP"}]
    jwks = {"keys": [*others, SIGNER.jwk]}
    assert verify_receipt(SIGNER.receipt(), jwks, issuer=ISSUER, vendor_id=VENDOR).iss == ISSUER


def test_a_receipt_without_a_signature_is_refused() -> None:
    for alg in ("none", "None", "ES384", None, 256):
        jws = f"{part({**HEADER, 'alg': alg})}.{part(claims())}."
        assert reason_of(jws) == "wrong_algorithm"
    assert reason_of(f"{part(HEADER)}.{part(claims())}.") == "bad_signature"


def test_the_public_key_is_no_secret_for_hs256() -> None:
    public = SIGNER.key.public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(SIGNER.jwk).encode(),
    ]
    for secret in secrets:
        signed = f"{part({**HEADER, 'alg': 'HS256'})}.{part(claims())}"
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        assert reason_of(f"{signed}.{b64(mac)}") == "wrong_algorithm"


def test_the_signature_must_be_r_and_s_and_not_der() -> None:
    signed = f"{part(HEADER)}.{part(claims())}"
    assert reason_of(f"{signed}.{b64(SIGNER.der(signed))}") == "bad_signature"
    raw = SIGNER.raw(signed)
    longer = raw[:32] + b"\0" + raw[32:]  # the same two numbers
    for wrong in (raw[32:] + raw[:32], bytes(64), raw[:63], raw + b"\0", longer, b"\xff" * 64):
        assert reason_of(f"{signed}.{b64(wrong)}") == "bad_signature"


def test_a_key_that_is_not_in_the_jwks_is_refused() -> None:
    stranger = Signer()
    assert reason_of(stranger.receipt()) == "bad_signature"
    for kid in ("other", "", None, 7, ["x"]):
        assert reason_of(SIGNER.sign({**HEADER, "kid": kid}, claims())) == "unknown_key"
    # A key that the receipt brings along is no key.
    brought = {**HEADER, "jwk": stranger.jwk, "jku": "https://example.net/jwks.json"}
    assert reason_of(stranger.sign(brought, claims())) == "bad_signature"


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct"},
        {"crv": "P-384"},
        {"alg": "ES384"},
        {"use": "enc"},
        {"x": b64(bytes(32))},
        {"x": b64(b"\1" * 31)},
        {"x": b64(b"\0" + base64.urlsafe_b64decode(SIGNER.jwk["x"] + "="))},
        {"y": b64(b"\0" + base64.urlsafe_b64decode(SIGNER.jwk["y"] + "="))},
        {"x": 5},
        {"y": "***"},
    ],
)
def test_a_jwk_that_cannot_sign_receipts_is_no_key(jwk: dict[str, Any]) -> None:
    assert reason_of(SIGNER.receipt(), {"keys": [{**SIGNER.jwk, **jwk}]}) == "unknown_key"


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": None}, {"keys": []}, {"keys": [1]}, {"keys": [SIGNER.jwk, SIGNER.jwk]}]
)
def test_a_broken_or_ambiguous_jwks_knows_no_key(jwks: Any) -> None:
    assert reason_of(SIGNER.receipt(), jwks) == "unknown_key"


def test_keys_of_another_curve_are_refused() -> None:
    other = Signer(ec.SECP384R1())
    assert reason_of(SIGNER.receipt(), other.jwks) == "unknown_key"


def test_headers_of_another_kind_are_refused() -> None:
    for typ in ("JWT", "binding-receipt", None):
        assert reason_of(SIGNER.sign({**HEADER, "typ": typ}, claims())) == "wrong_type"
    crit = {**HEADER, "crit": ["b64"], "b64": False}
    assert reason_of(SIGNER.sign(crit, claims())) == "malformed"


def test_receipts_of_another_broker_or_for_another_vendor_are_refused() -> None:
    other = "22222222-2222-4222-8222-222222222222"
    assert reason_of(SIGNER.receipt(), issuer=ISSUER + "/") == "wrong_issuer"
    assert reason_of(SIGNER.receipt(iss=None)) == "wrong_issuer"
    assert reason_of(SIGNER.receipt(), vendor_id=other) == "wrong_audience"
    for aud in (f"vendor:{other}", [f"vendor:{VENDOR}"], VENDOR, None):
        assert reason_of(SIGNER.receipt(aud=aud)) == "wrong_audience"


def test_any_changed_character_breaks_a_receipt() -> None:
    jws = SIGNER.receipt()
    for at, letter in enumerate(jws):
        other = "A" if letter != "A" else "B"
        assert reason_of(jws[:at] + other + jws[at + 1 :])


def test_a_changed_generation_is_refused_unsigned_and_signed() -> None:
    head, _, signature = SIGNER.receipt().split(".")
    changed = part(claims({"generation": 1}))
    assert reason_of(f"{head}.{changed}.{signature}") == "bad_signature"
    assert reason_of(SIGNER.receipt({"generation": 1})) == "wrong_actor"


OTHER_OMNI = "c3f7249ad2f03d898a95fdbe95113041282dd1f5a115d14a65d7e7ede4afee5f"
PATH = signing.BINDING["derivation_path"]


@pytest.mark.parametrize(
    "binding",
    [
        {"actor_omni": signing.ACTOR_1},
        {"vendor_omni": OTHER_OMNI},
        {"vendor_id": "22222222-2222-4222-8222-222222222222"},
        {"user_omni": OTHER_OMNI},
        {"derivation_path": f"//{signing.USER_LABEL}/0//{signing.USER_LABEL}/0"},
        {"derivation_path": f"//{signing.USER_LABEL}/1//{signing.DEVICE_LABEL}/0"},
        {"derivation_path": f"//{signing.USER_LABEL}/0//{signing.DEVICE_LABEL}/00"},
        {"derivation_path": f"//a/0{PATH}"},
    ],
)
def test_an_actor_that_its_claims_do_not_derive_is_refused(binding: dict[str, Any]) -> None:
    assert reason_of(SIGNER.receipt(binding)) == "wrong_actor"


def test_the_subject_must_be_the_actor() -> None:
    assert reason_of(SIGNER.receipt(sub=f"actor:{signing.ACTOR_1}")) == "wrong_actor"
    assert reason_of(SIGNER.receipt(sub=signing.ACTOR)) == "wrong_actor"


@pytest.mark.parametrize(
    "binding",
    [
        {"ver": 2},
        {"ver": True},
        {"ver": None},
        {"generation": False},
        {"generation": 0.0},
        {"generation": "0"},
        {"generation": -1},
        {"generation": 2**32},
        {"user_omni": signing.USER.upper()},
        {"user_omni": "0x" + signing.USER},
        {"user_omni": 5},
        {"derivation_path": "//a"},
        {"derivation_path": PATH + "\n"},
        {"policy_template_version": None},
        {"device_id_sha256": None},
    ],
)
def test_claims_of_another_form_are_refused(binding: dict[str, Any]) -> None:
    assert reason_of(SIGNER.receipt(binding)) == "malformed"


@pytest.mark.parametrize(
    "changed",
    [
        {"iat": "now"},
        {"iat": True},
        {"iat": -1},
        {"iat": 10**12},
        {"jti": None},
        {"sub": None},
    ],
)
def test_outer_claims_of_another_form_are_refused(changed: dict[str, Any]) -> None:
    assert reason_of(SIGNER.receipt(**changed)) == "malformed"


def test_a_binding_that_is_no_object_is_refused() -> None:
    assert reason_of(SIGNER.sign(HEADER, {**claims(), "binding": []})) == "malformed"


def test_a_receipt_for_another_device_is_refused_when_the_device_is_known() -> None:
    assert reason_of(SIGNER.receipt(), device_id="SN-0002") == "wrong_device"
    forged = SIGNER.receipt({"device_id_sha256": hashlib.sha256(b"SN-0002").hexdigest()})
    assert reason_of(forged, device_id="SN-0001") == "wrong_device"
    assert reason_of(forged, device_id="SN-0002") == "wrong_device"


def test_text_that_is_no_strict_jws_is_refused() -> None:
    jws = SIGNER.receipt()
    head, content, signature = jws.split(".")
    padded = base64.urlsafe_b64encode(json.dumps(HEADER).encode() + b" ").decode()
    assert padded.endswith("=")
    texts = [
        "",
        "a.b",
        f"{jws}.",
        f"{padded}.{content}.{signature}",
        f" {jws}",
        f"{head}.{content}.{signature}\n",
    ]
    texts += [f"{part('[1]')}.{content}.{signature}", f"{part('nonsense')}.{content}.{signature}"]
    texts += [f"{head}.{'A' * 20_000}.{signature}", f"{part('[' * 9_000)}.{content}.{signature}"]
    for text in texts:
        assert reason_of(text) == "malformed"


def test_bits_that_base64_ignores_are_refused() -> None:
    jws = SIGNER.receipt()
    other = jws[:-1] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[jws[-1]]
    signatures = [base64.urlsafe_b64decode(text.split(".")[2] + "==") for text in (jws, other)]
    assert signatures[0] == signatures[1]
    assert reason_of(other) == "malformed"
    assert reason_of(jws[:-1]) == "malformed"


def test_a_name_that_appears_twice_is_refused() -> None:
    twice = json.dumps(HEADER)[:-1] + ',"alg":"none"}'
    assert reason_of(SIGNER.sign(twice, claims())) == "malformed"
    twice = json.dumps(claims())[:-1] + f',"iss":"{ISSUER}"}}'
    assert reason_of(SIGNER.sign(HEADER, twice)) == "malformed"


def test_checks_run_in_the_published_order() -> None:
    """Each step mends the first fault that is left; the reasons must come in the contract's order."""
    bad_claims = claims({"actor_omni": signing.ACTOR_1}, iss="https://example.net", aud="vendor:x")
    header = {"alg": "none", "typ": "JWT", "kid": "other"}
    stranger = Signer()
    reasons = []
    reasons.append(reason_of(stranger.sign(header, bad_claims)))
    header["alg"] = "ES256"
    reasons.append(reason_of(stranger.sign(header, bad_claims)))
    header["typ"] = HEADER["typ"]
    reasons.append(reason_of(stranger.sign(header, bad_claims)))
    header["kid"] = HEADER["kid"]
    reasons.append(reason_of(stranger.sign(header, bad_claims)))
    reasons.append(reason_of(SIGNER.sign(header, bad_claims)))
    bad_claims["iss"] = ISSUER
    reasons.append(reason_of(SIGNER.sign(header, bad_claims)))
    bad_claims["aud"] = f"vendor:{VENDOR}"
    reasons.append(reason_of(SIGNER.sign(header, bad_claims)))
    assert reasons == [
        "wrong_algorithm",
        "wrong_type",
        "unknown_key",
        "bad_signature",
        "wrong_issuer",
        "wrong_audience",
        "wrong_actor",
    ]


def test_a_vendor_id_that_is_no_uuid_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidInput, match="vendor_id: must be a UUID"):
        verify_receipt(SIGNER.receipt(), SIGNER.jwks, issuer=ISSUER, vendor_id="acme")


class Source:
    """A JWKS that can be away, with a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.jwks: dict[str, Any] | None = SIGNER.jwks
        self.fetched = 0

    def fetch(self) -> dict[str, Any]:
        self.fetched += 1
        if self.jwks is None:
            raise Unavailable("away", reason="connection_failed")
        return self.jwks

    def cache(self) -> JwksCache:
        return JwksCache(self.fetch, max_age=3600, least_age=60, clock=lambda: self.now)


def test_the_cache_fetches_once_and_again_when_old() -> None:
    source = Source()
    cache = source.cache()
    for now, fetched in ((0, 1), (3599, 1), (3600, 2), (3601, 2)):
        source.now = now
        assert cache.verify(SIGNER.receipt(), issuer=ISSUER, vendor_id=VENDOR).iss == ISSUER
        assert source.fetched == fetched


def test_the_cache_finds_a_new_key_but_cannot_be_driven_to_fetch_all_the_time() -> None:
    source = Source()
    cache = source.cache()
    cache.keys()
    fresh = Signer(kid="fresh")
    jws = fresh.sign({**HEADER, "kid": "fresh"}, claims())
    source.jwks = {"keys": [SIGNER.jwk, fresh.jwk]}
    for _ in range(3):
        with pytest.raises(ReceiptError):
            cache.verify(jws, issuer=ISSUER, vendor_id=VENDOR)
    assert source.fetched == 1
    source.now = 60
    assert cache.verify(jws, issuer=ISSUER, vendor_id=VENDOR).iss == ISSUER
    assert source.fetched == 2


def test_the_cache_keeps_its_keys_while_the_server_is_away() -> None:
    source = Source()
    cache = source.cache()
    cache.keys()
    source.jwks = None
    for now, fetched in ((10_000, 2), (10_059, 2), (10_060, 3)):
        source.now = now
        assert cache.verify(SIGNER.receipt(), issuer=ISSUER, vendor_id=VENDOR).iss == ISSUER
        assert source.fetched == fetched


def test_the_cache_says_so_when_it_never_had_keys() -> None:
    source = Source()
    source.jwks = None
    with pytest.raises(Unavailable):
        source.cache().keys()
