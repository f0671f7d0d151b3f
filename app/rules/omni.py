"""Actor ids: public, recomputable hashes that place every device below its user and vendor."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from uuid import UUID

from app.core.errors import InvalidInputError

_OMNI = re.compile(r"(?:0x)?([0-9a-f]{64})")
_WALLET = re.compile(r"0x[0-9a-fA-F]{40}")
_LABEL = re.compile(r"[a-z0-9-]{1,32}")
_DEVICE_ID = re.compile(r"[\x20-\x7e]{1,128}")
_MAX_GENERATION = 2**32 - 1


@dataclass(frozen=True, slots=True)
class DeviceActor:
    """Where one device stands in the tree; everything here is recomputable from its inputs."""

    vendor_omni: str
    user_omni: str
    actor_omni: str
    derivation_path: str
    generation: int


def normalise_omni(text: str, field: str = "user_omni") -> str:
    """Return 64 lower-case hex characters, a ``0x`` prefix stripped; refuse anything else."""
    match = _OMNI.fullmatch(text)
    if match is None:
        problem = "must be 64 lower-case hex characters"
        raise InvalidInputError(f"The {field} {problem}.", fields=[(field, problem)])
    return match[1]


def root_actor(wallet: str) -> str:
    """Return a wallet's root actor; ``wallet`` is its address with ``0x``, in any case."""
    if _WALLET.fullmatch(wallet) is None:
        problem = "must be 0x and 40 hex characters"
        raise InvalidInputError(f"The wallet {problem}.", fields=[("wallet", problem)])
    return identity_omni("evm", wallet.lower())


def identity_omni(kind: str, value: str) -> str:
    """Return the handle of an identity, e.g. ``("email", "alice@example.com")``."""
    return _sha256(b"agentkeys", kind.encode(), value.encode()).hex()


def vendor_omni(vendor_id: UUID) -> str:
    """Return the node under which all of a vendor's users and devices hang."""
    return identity_omni("vendor", str(vendor_id))


def child(parent: bytes | str, label: str, generation: int) -> str:
    """Return the child of a node; ``parent`` is its 32 raw bytes or their hex text.

    Raises ``ValueError`` for a label or a generation the tree cannot hold.
    """
    raw = bytes.fromhex(normalise_omni(parent)) if isinstance(parent, str) else parent
    if len(raw) != 32:
        raise ValueError("a node is 32 bytes")
    if _LABEL.fullmatch(label) is None:
        raise ValueError(f"not a label: {label!r}")
    if not 0 <= generation <= _MAX_GENERATION:
        raise ValueError("a generation is an unsigned 32-bit number")
    return _sha256(b"agentkeys-hdkd-v1", raw, f"//{label}/{generation}".encode()).hex()


def label(domain: str, value: bytes) -> str:
    """Return 32 characters of ``[a-z2-7]`` that stand for a value within a domain."""
    digest = _sha256(domain.encode(), b"\0", value)[:20]
    return base64.b32encode(digest).decode().lower()


def check_device_id(text: str) -> str:
    """Return the id as it is: 1 to 128 printable ASCII characters, compared byte for byte."""
    if _DEVICE_ID.fullmatch(text) is None:
        problem = "must be 1 to 128 printable ASCII characters"
        raise InvalidInputError(f"The device_id {problem}.", fields=[("device_id", problem)])
    return text


def derive_device(
    vendor_id: UUID, user_omni: str, device_id: str, generation: int = 0
) -> DeviceActor:
    """Return the device's actor below its vendor and user (contracts/identity.md section 1)."""
    user = normalise_omni(user_omni)
    vendor = vendor_omni(vendor_id)
    user_label = label("user", bytes.fromhex(user))
    device_label = label("device", check_device_id(device_id).encode("ascii"))
    user_node = child(vendor, user_label, 0)
    return DeviceActor(
        vendor_omni=vendor,
        user_omni=user,
        actor_omni=child(user_node, device_label, generation),
        derivation_path=f"//{user_label}/0//{device_label}/{generation}",
        generation=generation,
    )


def _sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
