"""RSA2, Alipay's signature: RSASSA-PKCS1-v1_5 with SHA-256 over plainly joined parameters."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

_NAMES = (
    (NameOID.COMMON_NAME, "CN"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "OU"),
    (NameOID.ORGANIZATION_NAME, "O"),
    (NameOID.COUNTRY_NAME, "C"),
)
_WITH_RSA = (
    SignatureAlgorithmOID.RSA_WITH_SHA1,
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
)


def signed_text(params: Mapping[str, str], *, without: tuple[str, ...]) -> bytes:
    """Return the bytes a signature covers: sorted, joined, nothing URL-encoded, empty values left out."""
    kept = sorted(name for name in params if params[name] and name not in without)
    return "&".join(f"{name}={params[name]}" for name in kept).encode()


class Keys:
    """Our private key and Alipay's public one, each as PEM or as the bare base64 Alipay hands out.

    With certificates every call names theirs, and Alipay's key comes out of its certificate.
    Without ours it only verifies. Raises ``ValueError`` for what is no RSA key.
    """

    def __init__(
        self, private: bytes | None, alipay: bytes, certificate: bytes = b"", root: bytes = b""
    ) -> None:
        self._private = None if private is None else _private(private)
        self._alipay = _public(alipay)
        self.serials: dict[str, str] = {}
        if certificate and root:
            ours = x509.load_pem_x509_certificate(certificate)
            self.serials = {
                "app_cert_sn": _serial(ours),
                "alipay_root_cert_sn": _root_serial(root),
            }

    def sign(self, text: bytes) -> str:
        """Sign as the merchant; raises ``ValueError`` without our key."""
        if self._private is None:
            raise ValueError("ALIPAY_PRIVATE_KEY is not here")
        return base64.b64encode(
            self._private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        ).decode()

    def is_from_alipay(self, text: bytes, signature: str) -> bool:
        """Tell whether Alipay signed this; a weaker hash than SHA-256 does not count."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self._alipay.verify(raw, text, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def _private(data: bytes) -> RSAPrivateKey:
    if b"-----BEGIN" in data:
        key = serialization.load_pem_private_key(data, None)
    else:
        key = serialization.load_der_private_key(_bare(data), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("ALIPAY_PRIVATE_KEY_FILE holds no RSA key")
    return key


def _public(data: bytes) -> RSAPublicKey:
    if b"-----BEGIN CERTIFICATE" in data:
        key = x509.load_pem_x509_certificate(data).public_key()
    elif b"-----BEGIN" in data:
        key = serialization.load_pem_public_key(data)
    else:
        key = serialization.load_der_public_key(_bare(data))
    if not isinstance(key, RSAPublicKey):
        raise ValueError("ALIPAY_PUBLIC_KEY_FILE holds no RSA key")
    return key


def _bare(data: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("a key file holds neither PEM nor base64") from error


def _serial(certificate: x509.Certificate) -> str:
    """Return Alipay's name for a certificate: its issuer and its number, hashed."""
    issuer = certificate.issuer
    names: list[str] = []
    for oid, short in _NAMES:
        found = issuer.get_attributes_for_oid(oid)
        names.append(f"{short}={found[0].value if found else None}")
    text = ",".join(names) + str(certificate.serial_number)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _root_serial(data: bytes) -> str:
    """Return the names of the root's RSA certificates; its file also holds others, which count not."""
    roots = x509.load_pem_x509_certificates(data)
    return "_".join(_serial(one) for one in roots if one.signature_algorithm_oid in _WITH_RSA)
