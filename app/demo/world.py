"""What the demo's processes must agree on: addresses, and secrets that are random per installation."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

STORES = {"DATABASE_URL": "", "REDIS_URL": "", "WEB_WORKERS": "1"}
APART = (
    "VAULT_KEY_FILE",
    "VAULT_KEY",
    "VAULT_KEY_COMMAND",
    "EXECUTOR_URL",
    "EXECUTOR_TOKEN",
    "ALIPAY_PRIVATE_KEY",
    "STRIPE_LIVE",
)
"""What would lead to somebody's vault, executor or provider."""
APP_ID, SELLER_ID = "2021000000000001", "2088000000000001"


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is, and what opens it."""

    folder: Path
    base_url: str
    sandbox_url: str
    smtp_port: int
    secrets: dict[str, str]

    @property
    def keys(self) -> Path:
        """The folder of key files."""
        return self.folder / "demo-keys"

    def environment(self) -> dict[str, str]:
        """Return the product's settings.

        Only where it stores things follows the caller; nothing else does, a ``.env`` file least of
        all: a demo reaches no real provider and no real installation.
        """
        port = self.base_url.rsplit(":", 1)[-1]
        ours = {
            "TURNPIKE_MODE": "sandbox",
            "DATA_DIR": str(self.folder),
            "PUBLIC_URL": self.base_url,
            "PORT": port,
            "SANDBOX_URL": self.sandbox_url,
            "METRICS_TOKEN": self.secrets["metrics"],
            "SELLER_NAME": "Turnpike Demo",
            "SELLER_ADDRESS": "1 Example Plaza, San Francisco, CA 94105",
            "SELLER_COUNTRY": "US",
            "SELLER_EMAIL": "billing@example.com",
            "MAIL_FROM": "Turnpike Demo <billing@example.com>",
            "STRIPE_SECRET_KEY": self.secrets["stripe_key"],
            "STRIPE_API_URL": f"{self.sandbox_url}/stripe",
            "STRIPE_WEBHOOK_SECRET": self.secrets["stripe"],
            "STRIPE_CONNECT_WEBHOOK_SECRET": self.secrets["stripe-connect"],
            "ALIPAY_APP_ID": APP_ID,
            "ALIPAY_SELLER_ID": SELLER_ID,
            "ALIPAY_GATEWAY_URL": f"{self.sandbox_url}/alipay/gateway.do",
            "ALIPAY_OAUTH_URL": f"{self.sandbox_url}/alipay/oauth2/publicAppAuthorize.htm",
            "ALIPAY_PRIVATE_KEY_FILE": str(self.keys / "product.pem"),
            "ALIPAY_PUBLIC_KEY_FILE": str(self.keys / "alipay.pub.pem"),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.smtp_port),
            "SMTP_TLS": "none",
            "RESEND_API_KEY": "",
            "RUN_WORKER": "true",
            **dict.fromkeys(APART, ""),
            **{name: os.environ.get(name, default) for name, default in STORES.items()},
        }
        return dict(os.environ) | ours

    def sandbox_config(self) -> dict[str, Any]:
        """Return what the simulated outside world is told."""
        return {
            "port": int(self.sandbox_url.rsplit(":", 1)[-1]),
            "smtp_port": self.smtp_port,
            "product_url": self.base_url,
            "state_file": str(self.folder / "sandbox-state.json"),
            "stripe": {
                "secret_key": self.secrets["stripe_key"],
                "webhook_secret": self.secrets["stripe"],
                "connect_webhook_secret": self.secrets["stripe-connect"],
            },
            "alipay": {
                "app_id": APP_ID,
                "seller_id": SELLER_ID,
                "private_key_path": str(self.keys / "alipay.pem"),
                "app_public_key_path": str(self.keys / "product.pub.pem"),
            },
        }


def make(folder: Path, base_url: str, sandbox_url: str, smtp_port: int) -> World:
    """Return the demo's world, with the secrets of an earlier start or new ones."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "demo-secrets.json"
    if not path.exists():
        write_private(path, json.dumps(_new_secrets(), indent=2))
    world = World(folder, base_url, sandbox_url, smtp_port, json.loads(path.read_text()))
    for name in ("product", "alipay"):
        if not (world.keys / f"{name}.pem").exists():
            _new_pair(world.keys, name)
    return world


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    part.replace(path)


def _new_secrets() -> dict[str, str]:
    new = secrets.token_urlsafe
    return {
        "stripe_key": f"sk_test_{new(24)}",
        "stripe": f"whsec_{new(24)}",
        "stripe-connect": f"whsec_{new(24)}",
        "metrics": new(24),
        "ops_password": new(12),
        "vendor_password_1": new(12),
        "vendor_password_2": new(12),
    }


def _new_pair(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_private(folder / f"{name}.pub.pem", public.decode())
    write_private(folder / f"{name}.pem", private.decode())
