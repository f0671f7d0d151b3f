"""How this installation reaches Stripe."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class StripeSettings(BaseSettings):
    """Keys and secrets; several webhook secrets, separated by commas, while one is rotated."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    mode: str = Field("production", validation_alias="TURNPIKE_MODE")
    secret_key: SecretStr = Field(SecretStr(""), validation_alias="STRIPE_SECRET_KEY")
    is_live_account: bool | None = Field(None, validation_alias="STRIPE_LIVE")
    retries: int = Field(2, validation_alias="STRIPE_RETRIES", ge=0, le=5)
    api_url: str = Field("", validation_alias="STRIPE_API_URL")
    webhook_secret: SecretStr = Field(SecretStr(""), validation_alias="STRIPE_WEBHOOK_SECRET")
    connect_webhook_secret: SecretStr = Field(
        SecretStr(""), validation_alias="STRIPE_CONNECT_WEBHOOK_SECRET"
    )

    @field_validator("is_live_account", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _keep_worlds_apart(self) -> StripeSettings:
        if self._has_live_key and self.api_url:
            raise ValueError("STRIPE_API_URL must be empty with a live STRIPE_SECRET_KEY")
        if self._has_live_key and self.mode == "sandbox":
            raise ValueError("STRIPE_SECRET_KEY must be a test key in sandbox mode")
        return self

    @property
    def is_live(self) -> bool:
        """Whether real money moves: the key tells, and where it is elsewhere ``STRIPE_LIVE`` or the mode."""
        if self.secret_key.get_secret_value():
            return self._has_live_key
        return self.mode != "sandbox" if self.is_live_account is None else self.is_live_account

    @property
    def _has_live_key(self) -> bool:
        return self.secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))
