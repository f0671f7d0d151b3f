"""A sandbox process for the whole test run, emptied for each test, and a product that receives its notifications."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from stripe import StripeClient

from app.sandbox.config import AlipayConfig, SandboxConfig, StripeConfig
from app.sandbox.launch import RunningSandbox, running
from tests.sandbox.receiver import Receiver

ACCOUNT_SECRET = "whsec_account"
CONNECT_SECRET = "whsec_connect"
STRIPE_KEY = "sk_test_sandbox"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """RSA key pairs of both sides, as PEM files."""
    folder = tmp_path_factory.mktemp("keys")
    files: dict[str, Path] = {}
    for name in ("alipay", "merchant"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        files[f"{name}_private"] = folder / f"{name}.pem"
        files[f"{name}_private"].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        files[f"{name}_public"] = folder / f"{name}.pub.pem"
        files[f"{name}_public"].write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
    return files


@pytest.fixture(scope="session")
def receiver() -> Generator[Receiver]:
    server = Receiver()
    with server.running():
        yield server


@pytest.fixture(scope="session")
def process(receiver: Receiver, keys: dict[str, Path]) -> Generator[RunningSandbox]:
    config = SandboxConfig(
        port=0,
        smtp_port=0,
        product_url=receiver.url,
        retry_delays_seconds=(0.02, 0.05, 0.1),
        stripe=StripeConfig(
            secret_key=STRIPE_KEY,
            webhook_secret=ACCOUNT_SECRET,
            connect_webhook_secret=CONNECT_SECRET,
            auto_charge_delay_seconds=0.02,
        ),
        alipay=AlipayConfig(
            private_key_path=keys["alipay_private"],
            app_public_key_path=keys["merchant_public"],
        ),
    )
    with running(config) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: RunningSandbox, receiver: Receiver) -> RunningSandbox:
    """The sandbox, empty, and nothing of the test before still on its way."""
    httpx.post(f"{process.url}/_control/reset").raise_for_status()
    httpx.get(f"{process.url}/_control/idle", timeout=20).raise_for_status()
    receiver.reset()
    return process


@pytest.fixture
def control(sandbox: RunningSandbox) -> Generator[httpx.Client]:
    """A client for the control endpoints, with paths relative to `/_control`."""
    with httpx.Client(base_url=f"{sandbox.url}/_control/", timeout=20) as client:
        yield client


@pytest.fixture
def browser(sandbox: RunningSandbox) -> Generator[httpx.Client]:
    """Somebody who looks at pages and posts forms; redirects are not followed."""
    with httpx.Client(base_url=sandbox.url, timeout=20) as client:
        yield client


@pytest.fixture
def stripe_client(sandbox: RunningSandbox) -> StripeClient:
    """The real Stripe package, talking to the double."""
    return StripeClient(
        STRIPE_KEY, base_addresses={"api": sandbox.stripe_api_base}, max_network_retries=0
    )
