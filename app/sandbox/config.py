"""What the simulated outside world must know to meet the product: ports, keys and addresses."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

DEFAULT_PORT = 4010
DEFAULT_SMTP_PORT = 4025


class StripeConfig(BaseModel):
    """Keys and addresses of the Stripe double."""

    model_config = ConfigDict(extra="forbid")

    secret_key: str = "sk_test_sandbox"  # noqa: S105 - opens nothing but this simulation
    webhook_url: str = ""
    webhook_secret: str = ""
    connect_webhook_url: str = ""
    connect_webhook_secret: str = ""
    platform_balance: dict[str, int] = {"usd": 100_000_000, "eur": 100_000_000, "cny": 100_000_000}
    auto_charge_delay_seconds: float = 0.3


class AlipayConfig(BaseModel):
    """Keys of the Alipay double: its own private key, and the product's public key."""

    model_config = ConfigDict(extra="forbid")

    app_id: str = "2021000000000001"
    seller_id: str = "2088000000000001"
    private_key_path: Path | None = None
    app_public_key_path: Path | None = None
    app_gateway_url: str = ""
    refund_lag_seconds: float = 0
    require_certificate_mode: bool = False
    balance_fen: int = 100_000_000


class SandboxConfig(BaseModel):
    """Everything the sandbox process is told at its start."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    smtp_port: int = DEFAULT_SMTP_PORT
    public_url: str = ""
    product_url: str = "http://localhost:3000"
    state_file: Path | None = None
    retry_delays_seconds: tuple[float, ...] = (1, 3, 10, 30, 120, 600)
    delivery_timeout_seconds: float = 20
    stripe: StripeConfig = StripeConfig()
    alipay: AlipayConfig = AlipayConfig()

    def resolved(self) -> Self:
        """Fill in the addresses that follow from others."""
        product = self.product_url.rstrip("/")
        public = (self.public_url or f"http://localhost:{self.port}").rstrip("/")
        stripe = self.stripe.model_copy(
            update={
                "webhook_url": self.stripe.webhook_url or f"{product}/v1/webhook/stripe",
                "connect_webhook_url": self.stripe.connect_webhook_url
                or f"{product}/v1/webhook/stripe-connect",
            }
        )
        alipay = self.alipay.model_copy(
            update={
                "app_gateway_url": self.alipay.app_gateway_url or f"{product}/v1/webhook/alipay"
            }
        )
        return self.model_copy(
            update={
                "product_url": product,
                "public_url": public,
                "stripe": stripe,
                "alipay": alipay,
            }
        )
