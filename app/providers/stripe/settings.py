"""How this installation reaches Stripe."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StripeSettings(BaseSettings):
    """Keys and secrets; several webhook secrets, separated by commas, while one is rotated."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    mode: str = Field("production", validation_alias="TURNPIKE_MODE")
    secret_key: SecretStr = Field(SecretStr(""), validation_alias="STRIPE_SECRET_KEY")
    api_url: str = Field("", validation_alias="STRIPE_API_URL")
    webhook_secret: SecretStr = Field(SecretStr(""), validation_alias="STRIPE_WEBHOOK_SECRET")
    connect_webhook_secret: SecretStr = Field(
        SecretStr(""), validation_alias="STRIPE_CONNECT_WEBHOOK_SECRET"
    )

    @model_validator(mode="after")
    def _keep_worlds_apart(self) -> StripeSettings:
        if self.is_live and self.api_url:
            raise ValueError("STRIPE_API_URL must be empty with a live STRIPE_SECRET_KEY")
        if self.is_live and self.mode == "sandbox":
            raise ValueError("STRIPE_SECRET_KEY must be a test key in sandbox mode")
        return self

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""
        return self.secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))
