"""Actor ids, derived exactly as the server derives them, so that a receipt can be checked without it."""

from __future__ import annotations

import base64
import hashlib
import re
from uuid import UUID

from turnpike_client.errors import invalid

LABEL = r"[a-z0-9-]{1,32}"
MAX_GENERATION = 2**32 - 1


def child(parent: bytes, label: str, generation: int) -> bytes:
    """Return the 32-byte id of a node below ``parent``."""
    if not re.fullmatch(LABEL, label) or not 0 <= generation <= MAX_GENERATION:
        raise ValueError("not a label and generation")
    return hashlib.sha256(
        b"agentkeys-hdkd-v1" + parent + f"//{label}/{generation}".encode()
    ).digest()


def hashed_label(domain: str, value: bytes) -> str:
    """Return the 32-character label that stands for any value in a derivation path."""
    digest = hashlib.sha256(domain.encode() + b"\0" + value).digest()
    return base64.b32encode(digest[:20]).decode().lower()


def vendor_node(vendor_id: str) -> bytes:
    """Return the 32-byte id at the root of one vendor's tree."""
    return hashlib.sha256(b"agentkeysvendor" + vendor_id.encode()).digest()


def parse_user_omni(text: str) -> str:
    """Return a user's omni as 64 bare lower-case hex digits; ``0x`` and capitals are accepted."""
    bare = text.lower().removeprefix("0x")
    if not re.fullmatch(r"[0-9a-f]{64}", bare):
        raise invalid("user_omni", "must be 64 hex digits")
    return bare


def parse_device_id(text: str) -> str:
    """Return the device id unchanged, or refuse what the server would refuse."""
    if not re.fullmatch(r"[ -~]{1,128}", text):
        raise invalid("device_id", "must be 1 to 128 printable ASCII characters")
    return text


def parse_uuid(text: str | UUID, path: str = "id") -> str:
    """Return a UUID's canonical text, which is also safe to put into a URL path."""
    try:
        return str(UUID(str(text)))
    except ValueError:
        raise invalid(path, "must be a UUID") from None


def device_actor(vendor_id: str, user_omni: str, device_id: str, generation: int = 0) -> str:
    """Compute a device's ``actor_omni`` locally; it is public and proves nothing by itself."""
    vendor = vendor_node(parse_uuid(vendor_id, "vendor_id"))
    user = child(vendor, hashed_label("user", bytes.fromhex(parse_user_omni(user_omni))), 0)
    label = hashed_label("device", parse_device_id(device_id).encode())
    return child(user, label, generation).hex()
