"""The simulated outside world and the product's mailbox for its notifications, as the tests use them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.sandbox.config import AlipayConfig, SandboxConfig, StripeConfig
from app.sandbox.launch import RunningSandbox, running
from tests.sandbox.receiver import Note, Receiver

SECRET_KEY = "sk_test_contract"
ACCOUNT_SECRET = "whsec_of_the_account"
CONNECT_SECRET = "whsec_of_connect"
APP_ID = "2021000000000001"
SELLER_ID = "2088000000000001"
BACK = "http://product.example.com/back"


@dataclass(frozen=True)
class KeyFiles:
    """Both sides' RSA keys, as the PEM files an installation has."""

    alipay_private: Path
    alipay_public: Path
    merchant_private: Path
    merchant_public: Path


def make_keys(folder: Path) -> KeyFiles:
    files: dict[str, Path] = {}
    for side in ("alipay", "merchant"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        for kind, data in (("private", private), ("public", public)):
            files[f"{side}_{kind}"] = folder / f"{side}_{kind}.pem"
            files[f"{side}_{kind}"].write_bytes(data)
    return KeyFiles(**files)


@dataclass(frozen=True, eq=False)
class Outside:
    """Everything a test does to the outside world."""

    sandbox: RunningSandbox
    receiver: Receiver
    keys: KeyFiles
    http: httpx.Client

    def control(self, path: str, **body: Any) -> Any:
        """Do something behind the scenes."""
        answer = self.http.post(f"{self.sandbox.url}/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def fail(self, route: str, kind: str, *, when: str = "before") -> None:
        """Let the next call of a route fail."""
        fault = {"route": route, "times": 1, "when": when}
        how = {
            "500": {"kind": "status", "status": 500},
            "timeout": {"kind": "timeout", "seconds": 1},
        }
        self.control("faults", **fault, **how.get(kind, {"kind": kind}))

    def forget_faults(self) -> None:
        self.http.delete(f"{self.sandbox.url}/_control/faults").raise_for_status()

    def forget_keys(self) -> None:
        """Let so much time pass that no idempotency key is remembered."""
        self.control("clock", advance="P2D")

    def later(self, hours: int = 20) -> dt.datetime:
        """Return an instant some hours from now, by the clock of the outside world."""
        state = self.http.get(f"{self.sandbox.url}/_control/state").raise_for_status().json()
        return dt.datetime.fromisoformat(state["now"]) + dt.timedelta(hours=hours)

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return (
            self.http.get(f"{self.sandbox.url}/_control/objects/{kind}").raise_for_status().json()
        )

    def press(self, url: str, action: str, **more: str) -> httpx.Response:
        """Press a button of a hosted page, as a browser would."""
        shown = self.http.get(url, follow_redirects=True)
        assert shown.status_code == 200, shown.text
        return self.http.post(str(shown.url), data={"action": action, **more})

    def notes(self, path: str) -> list[Note]:
        """Return what arrived at an address, once nothing more is under way."""
        idle = self.http.get(
            f"{self.sandbox.url}/_control/idle", params={"timeout": "20"}, timeout=30
        )
        assert idle.status_code == 200, "notifications did not get through"
        return [note for note in self.receiver.notes if note.path == path]

    @property
    def nowhere(self) -> str:
        """An address at which nobody listens."""
        parts = urlsplit(self.sandbox.url)
        return f"{parts.scheme}://{parts.hostname}:1"


@contextmanager
def open_outside(folder: Path) -> Generator[Outside]:
    keys = make_keys(folder)
    receiver = Receiver()
    with receiver.running():
        config = SandboxConfig(
            port=0,
            smtp_port=0,
            product_url=receiver.url,
            retry_delays_seconds=(0.02, 0.1, 0.5),
            stripe=StripeConfig(
                secret_key=SECRET_KEY,
                webhook_secret=ACCOUNT_SECRET,
                connect_webhook_secret=CONNECT_SECRET,
            ),
            alipay=AlipayConfig(
                app_id=APP_ID,
                seller_id=SELLER_ID,
                private_key_path=keys.alipay_private,
                app_public_key_path=keys.merchant_public,
            ),
        )
        with running(config) as sandbox, httpx.Client(trust_env=False) as http:
            yield Outside(sandbox, receiver, keys, http)
