"""The vault's seal: AES-GCM under the newest of several master keys, bound to what it belongs to."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class UnknownKeyError(ValueError):
    """Something was sealed under a key that is not at hand."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a seal left: which key opens it, and the nonce with the cipher text."""

    key_id: str
    data: bytes


class MasterKeys:
    """The first key seals and every one opens, so that a rotation stops nobody."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise ValueError("a vault key is 32 bytes, written as 64 hex digits or as base64")
        self._ciphers = {
            _derive(key, b"id")[:8].hex(): AESGCM(_derive(key, b"seal")) for key in keys
        }

    @classmethod
    def read(cls, text: str) -> MasterKeys:
        """Read keys separated by blanks, commas or line ends, the newest first; raises ``ValueError``."""
        return cls([_decoded(word) for word in re.split(r"[\s,]+", text) if word])

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return next(iter(self._ciphers))

    def __contains__(self, key_id: str) -> bool:
        """Tell whether a key is at hand."""
        return key_id in self._ciphers

    def seal(self, plain: bytes, *bound_to: str) -> Sealed:
        """Encrypt and authenticate; it opens only together with the very words it is bound to."""
        nonce = os.urandom(_NONCE)
        cipher = self._ciphers[self.newest]
        return Sealed(self.newest, nonce + cipher.encrypt(nonce, plain, _bound(bound_to)))

    def open(self, sealed: Sealed, *bound_to: str) -> bytes:
        """Decrypt; raises ``UnknownKeyError``, or ``ValueError`` for what was not sealed so."""
        if sealed.key_id not in self._ciphers:
            raise UnknownKeyError(f"it was sealed under the key {sealed.key_id}")
        nonce, data = sealed.data[:_NONCE], sealed.data[_NONCE:]
        try:
            return self._ciphers[sealed.key_id].decrypt(nonce, data, _bound(bound_to))
        except InvalidTag as error:
            raise ValueError("it was changed, or belongs to something else") from error


def _bound(words: Sequence[str]) -> bytes:
    return json.dumps(words, separators=(",", ":")).encode()


def _derive(master: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"turnpike vault " + use).derive(master)


def _decoded(word: str) -> bytes:
    try:
        return bytes.fromhex(word) if len(word) == 64 else base64.b64decode(word, validate=True)
    except (ValueError, binascii.Error):
        return b""  # refused by its length
