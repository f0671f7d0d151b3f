"""The typed environment: every knob of an installation, each documented in docs/operations.md."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.rules.addresses import Network, parse_networks

Mode = Literal["production", "sandbox"]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[
    str,
    StringConstraints(pattern=r"^([1-9]\d*/([1-9]\d* )?(second|minute|hour|day)s?(;[1-9]\d*)?)?$"),
]
"""As ``10/15 minutes``, or ``100/second;200`` with a burst; empty for no limit."""


class Settings(BaseSettings):
    """Read from the environment and a ``.env`` file; nothing is read anywhere else."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    mode: Mode = Field("production", validation_alias="TURNPIKE_MODE")
    public_url: str = Field(
        "http://localhost:3000", validation_alias="PUBLIC_URL", pattern=r"^https?://[^/?#\s]+/?$"
    )
    host: str = Field("127.0.0.1", validation_alias="HOST")
    port: int = Field(3000, validation_alias="PORT", ge=1, le=65535)
    web_workers: Count = Field(1, validation_alias="WEB_WORKERS")
    data_dir: Path = Field(Path("data"), validation_alias="DATA_DIR")
    database_url: str = Field("", validation_alias="DATABASE_URL")
    redis_url: str = Field("", validation_alias="REDIS_URL")
    run_worker: bool = Field(True, validation_alias="RUN_WORKER")
    worker_id: str = Field("main", validation_alias="WORKER_ID")
    parallel_jobs: Count = Field(8, validation_alias="PARALLEL_JOBS")
    log_json: bool = Field(False, validation_alias="LOG_JSON")
    log_level: str = Field(
        "INFO", validation_alias="LOG_LEVEL", pattern="^(?i:debug|info|warning|error)$"
    )
    trusted_proxies: str = Field("", validation_alias="TRUSTED_PROXIES")
    metrics_token: SecretStr = Field(SecretStr(""), validation_alias="METRICS_TOKEN")

    vault_key_file: Path = Field(Path(), validation_alias="VAULT_KEY_FILE")
    vault_key: SecretStr = Field(SecretStr(""), validation_alias="VAULT_KEY")
    vault_key_command: str = Field("", validation_alias="VAULT_KEY_COMMAND")
    executor_url: str = Field(
        "", validation_alias="EXECUTOR_URL", pattern=r"^(https?://[^/?#\s]+/?)?$"
    )
    executor_token: SecretStr = Field(SecretStr(""), validation_alias="EXECUTOR_TOKEN")
    executor_port: int = Field(3100, validation_alias="EXECUTOR_PORT", ge=1, le=65535)

    seller_name: str = Field("Turnpike", validation_alias="SELLER_NAME")
    seller_address: str = Field("", validation_alias="SELLER_ADDRESS")
    seller_country: str = Field("US", validation_alias="SELLER_COUNTRY")
    seller_tax_id: str = Field("", validation_alias="SELLER_TAX_ID")
    seller_email: str = Field("billing@localhost", validation_alias="SELLER_EMAIL")
    invoice_prefix: str = Field("TP", validation_alias="INVOICE_PREFIX")
    invoice_due_days: int = Field(14, validation_alias="INVOICE_DUE_DAYS", ge=0)

    mail_from: str = Field("Turnpike <billing@localhost>", validation_alias="MAIL_FROM")
    sandbox_url: str = Field("http://localhost:4010", validation_alias="SANDBOX_URL")
    limit_vendor_token: Rate = Field("100/second;200", validation_alias="LIMIT_VENDOR_TOKEN")
    limit_platform_token: Rate = Field("200/second;400", validation_alias="LIMIT_PLATFORM_TOKEN")
    limit_api_key: Rate = Field("50/second;100", validation_alias="LIMIT_API_KEY")
    limit_onboard: Rate = Field("10/hour", validation_alias="LIMIT_ONBOARD")
    limit_onboard_domain: Rate = Field("100/hour", validation_alias="LIMIT_ONBOARD_DOMAIN")
    actions_file: str = Field("", validation_alias="ACTIONS_FILE")
    agents_must_confirm: bool = Field(False, validation_alias="AGENTS_MUST_CONFIRM")
    limit_sign_in: Rate = Field("10/15 minutes", validation_alias="LIMIT_SIGN_IN")
    limit_sign_up: Rate = Field("10/hour", validation_alias="LIMIT_SIGN_UP")
    limit_mail: Rate = Field("5/hour", validation_alias="LIMIT_MAIL")
    session_days: Count = Field(14, validation_alias="SESSION_DAYS")
    max_body_bytes: Count = Field(1 << 20, validation_alias="MAX_BODY_BYTES")
    max_batch_bytes: Count = Field(5 << 20, validation_alias="MAX_BATCH_BYTES")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.web_workers > 1 and not self.redis_url:
            raise ValueError("WEB_WORKERS above 1 needs REDIS_URL")
        try:
            parse_networks(self.trusted_proxies)
        except ValueError as error:
            raise ValueError(f"TRUSTED_PROXIES: {error}") from error
        _asynchronous(self.database_url or "sqlite://")
        if self.executor_url and self.has_vault:
            raise ValueError(
                "EXECUTOR_URL: the executor alone holds the vault's key; unset VAULT_KEY*"
            )
        if self.executor_url and not self.executor_token.get_secret_value():
            raise ValueError("EXECUTOR_URL needs EXECUTOR_TOKEN")
        return self

    @property
    def has_vault(self) -> bool:
        """Whether this process can open the vault."""
        key = self.vault_key.get_secret_value()
        return bool(self.vault_key_file.name or key or self.vault_key_command)

    @property
    def is_sandbox(self) -> bool:
        """Whether payments are simulated and the clock may be moved."""
        return self.mode == "sandbox"

    @cached_property
    def proxy_networks(self) -> tuple[Network, ...]:
        """The proxies whose ``X-Forwarded-For`` is believed."""
        return parse_networks(self.trusted_proxies)

    @cached_property
    def db_url(self) -> str:
        """The asynchronous SQLAlchemy URL; an SQLite file in the data folder by default."""
        return _asynchronous(self.database_url or f"sqlite:///{self.data_dir / 'turnpike.db'}")

    @cached_property
    def queue_url(self) -> str:
        """The database of durable workflows: the same PostgreSQL, or a file beside the SQLite one."""
        if self.db_url.startswith("postgresql"):
            return "postgresql://" + self.db_url.split("://", 1)[1]
        return f"sqlite:///{self.data_dir / 'workflows.db'}"


def _asynchronous(url: str) -> str:
    """Return a database's URL with the driver we use; raises ``ValueError`` for another kind."""
    for plain, driver in (
        ("postgresql+psycopg://", "postgresql+psycopg://"),
        ("postgresql://", "postgresql+psycopg://"),
        ("postgres://", "postgresql+psycopg://"),
        ("sqlite+aiosqlite://", "sqlite+aiosqlite://"),
        ("sqlite://", "sqlite+aiosqlite://"),
    ):
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    raise ValueError("DATABASE_URL must begin with sqlite:// or postgresql://")
