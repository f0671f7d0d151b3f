"""What the installation's master key is used for: token hashes and sealed secrets."""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Keyring:
    """Derives one key per use from 32 bytes of master key, so that no key serves two ends."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise ValueError("the master key must be 32 bytes")
        self._pepper = _derive(master, b"token pepper")
        self._sealing = AESGCM(_derive(master, b"sealing"))

    def hash_token(self, token: str) -> str:
        """Return the keyed hash (64 hex) under which a secret is looked up."""
        return hmac.new(self._pepper, token.encode(), hashlib.sha256).hexdigest()

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Encrypt and authenticate; only ``unseal`` with the same purpose opens it."""
        nonce = os.urandom(12)
        return nonce + self._sealing.encrypt(nonce, plain, purpose.encode())

    def unseal(self, sealed: bytes, *, purpose: str) -> bytes:
        """Decrypt; raises ``ValueError`` for what was not sealed here for this purpose."""
        try:
            return self._sealing.decrypt(sealed[:12], sealed[12:], purpose.encode())
        except InvalidTag as error:
            raise ValueError("not sealed with this key for this purpose") from error


def _derive(master: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"turnpike " + use).derive(master)
