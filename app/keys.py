"""Key files: made once with mode 0600, loaded at every start."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.jws import Signer
from app.core.keyring import Keyring


def load_keyring(folder: Path) -> Keyring:
    """Return the keyring of ``master.key``, made at the first start."""
    return Keyring(
        bytes.fromhex(_load(folder / "master.key", lambda: secrets.token_hex(32).encode()).decode())
    )


def load_signer(folder: Path) -> Signer:
    """Return the signer of the newest ``receipts-*.pem``, made at the first start.

    Its ``kid`` is the file's name; rotation adds a newer file and restarts.
    """
    found = sorted(folder.glob("receipts-*.pem"))
    path = found[-1] if found else folder / "receipts-0001.pem"
    pem = _load(path, _new_pem)
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} holds no P-256 key")
    return Signer(key, kid=f"{path.stem}-{_thumbprint(key)}")


def rotate_signer(folder: Path) -> Path:
    """Make the next signing key; older files stay, and the database keeps their public halves."""
    found = sorted(folder.glob("receipts-*.pem"))
    number = int(found[-1].stem.split("-")[1]) + 1 if found else 1
    path = folder / f"receipts-{number:04d}.pem"
    _load(path, _new_pem)
    return path


def _thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    return format(key.public_key().public_numbers().x, "064x")[:8]


def _new_pem() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _load(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read a key file, or make it; two processes that start together end with one key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        new = path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_bytes()
