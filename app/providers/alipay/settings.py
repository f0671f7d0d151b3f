"""How this installation reaches Alipay."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.providers.alipay.keys import Keys


class AlipaySettings(BaseSettings):
    """Who we are at Alipay, and where our key and Alipay's are kept.

    ``private_key`` is ours, or ``private_key_file`` holds it. ``public_key_file`` is Alipay's public key, or its certificate;
    with certificates (payouts need them at the real Alipay) ours and the root's are files as well.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    app_id: str = Field("", validation_alias="ALIPAY_APP_ID")
    seller_id: str = Field("", validation_alias="ALIPAY_SELLER_ID")
    gateway_url: str = Field(
        "https://openapi.alipay.com/gateway.do", validation_alias="ALIPAY_GATEWAY_URL"
    )
    oauth_url: str = Field(
        "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm",
        validation_alias="ALIPAY_OAUTH_URL",
    )
    notify_url: str = Field("", validation_alias="ALIPAY_NOTIFY_URL")
    private_key: SecretStr = Field(SecretStr(""), validation_alias="ALIPAY_PRIVATE_KEY")
    private_key_file: str = Field("", validation_alias="ALIPAY_PRIVATE_KEY_FILE")
    public_key_file: str = Field("", validation_alias="ALIPAY_PUBLIC_KEY_FILE")
    app_cert_file: str = Field("", validation_alias="ALIPAY_APP_CERT_FILE")
    root_cert_file: str = Field("", validation_alias="ALIPAY_ROOT_CERT_FILE")
    public_url: str = Field("http://localhost:3000", validation_alias="PUBLIC_URL")

    @property
    def is_configured(self) -> bool:
        """Whether everything is there that a payment needs."""
        has_key = bool(self.private_key.get_secret_value() or self.private_key_file)
        return has_key and self.can_verify

    @property
    def can_verify(self) -> bool:
        """Whether everything is there that notifications are verified with, which is no secret."""
        return bool(self.app_id and self.seller_id and self.public_key_file)

    @property
    def notify_address(self) -> str:
        """Where Alipay posts its notifications to; it takes no query there."""
        return self.notify_url or f"{self.public_url.rstrip('/')}/v1/webhook/alipay"

    def keys(self) -> Keys:
        """Read the key files; raises ``ValueError`` for one that cannot be read."""
        certificates = (_read(self.app_cert_file), _read(self.root_cert_file))
        ours: bytes | None = self.private_key.get_secret_value().encode() or None
        if ours is None and self.private_key_file:
            ours = _read(self.private_key_file)
        return Keys(ours, _read(self.public_key_file), *certificates)


def _read(name: str) -> bytes:
    if not name:
        return b""
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from error
