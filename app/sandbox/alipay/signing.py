"""RSA2 as Alipay does it: what is signed, and with which key."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey


def signed_text(params: Mapping[str, str], *, without: tuple[str, ...]) -> bytes:
    """Return the bytes a signature covers: what is not empty, sorted, joined, nothing URL-encoded."""
    kept = {name: value for name, value in params.items() if name not in without and value != ""}
    return "&".join(f"{name}={kept[name]}" for name in sorted(kept)).encode()


class Keys:
    """Alipay's private key and the merchant's public key."""

    def __init__(self, private_path: Path, app_public_path: Path) -> None:
        private = serialization.load_pem_private_key(private_path.read_bytes(), None)
        public = serialization.load_pem_public_key(app_public_path.read_bytes())
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            msg = "Alipay signs with RSA keys only."
            raise TypeError(msg)
        self._private = private
        self._public = public

    def sign(self, text: bytes) -> str:
        """Sign as Alipay."""
        signature = self._private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    def is_from_merchant(self, text: bytes, signature: str) -> bool:
        """Say whether the merchant signed this."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self._public.verify(raw, text, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True
