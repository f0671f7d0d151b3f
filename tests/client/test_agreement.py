"""The client's own code and the product's, written apart from each other, say the same."""

from __future__ import annotations

from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app.core import jws as product_jws
from app.rules import omni as product_omni
from tests.client import signing
from turnpike_client import device_actor, verify_receipt
from turnpike_client.receipts import TYPE

device_ids = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=128
)


@given(st.uuids(), st.binary(min_size=32, max_size=32), device_ids, st.integers(0, 2**32 - 1))
def test_both_derive_the_same_actor(
    vendor: UUID, user: bytes, device_id: str, generation: int
) -> None:
    theirs = product_omni.derive_device(vendor, user.hex(), device_id, generation)
    assert device_actor(str(vendor), user.hex(), device_id, generation) == theirs.actor_omni


@given(st.uuids(), st.binary(min_size=32, max_size=32), device_ids, st.integers(0, 2**32 - 1))
def test_the_client_verifies_what_the_product_signs(
    vendor: UUID, user: bytes, device_id: str, generation: int
) -> None:
    signer = product_jws.Signer(ec.generate_private_key(ec.SECP256R1()), "ak-session-1")
    actor = product_omni.derive_device(vendor, user.hex(), device_id, generation)
    claims = signing.claims(
        {
            "vendor_id": str(vendor),
            "vendor_omni": actor.vendor_omni,
            "user_omni": actor.user_omni,
            "actor_omni": actor.actor_omni,
            "derivation_path": actor.derivation_path,
            "generation": generation,
        },
        sub=f"actor:{actor.actor_omni}",
        aud=f"vendor:{vendor}",
    )
    receipt = verify_receipt(
        signer.sign(claims, typ=TYPE),
        {"keys": [signer.public_jwk()]},
        issuer=signing.ISSUER,
        vendor_id=str(vendor),
    )
    assert receipt.binding.actor_omni == actor.actor_omni
