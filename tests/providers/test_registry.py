"""Which adapters an installation has, by its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers.registry import SETTINGS, build_mailer, build_providers, examine
from app.providers.resend import ResendMailer
from app.providers.smtp import SmtpMailer
from tests.providers.outside import APP_ID, SECRET_KEY, SELLER_ID, KeyFiles, Outside, make_keys
from tests.providers.sample import payment_samples, source_samples
from tests.providers.samples.resend import SECRET

NAMES = [str(field.validation_alias) for each in SETTINGS for field in each.model_fields.values()]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment of the test's own: no variable, no file."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFiles:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch, keys: KeyFiles) -> dict[str, str]:
    values = {
        "STRIPE_SECRET_KEY": "sk_test_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_a",
        "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_b",
        "ALIPAY_APP_ID": "2021000000000001",
        "ALIPAY_SELLER_ID": "2088000000000001",
        "ALIPAY_PRIVATE_KEY_FILE": str(keys.merchant_private),
        "ALIPAY_PUBLIC_KEY_FILE": str(keys.alipay_public),
        "RESEND_WEBHOOK_SECRET": SECRET,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


async def test_without_an_environment_there_is_nobody() -> None:
    registry = build_providers()
    for sample in payment_samples():
        with pytest.raises(ProviderRefusedError) as refusal:
            registry.payment(sample.slug)
        assert refusal.value.reason == "provider_not_configured"
    for source in source_samples():
        assert registry.source(source.slug) is None
    await registry.close()


@pytest.mark.usefixtures("everything")
async def test_every_provider_has_a_sample_and_every_sample_a_provider() -> None:
    registry = build_providers()
    assert set(registry.payments) == {sample.slug for sample in payment_samples()}
    assert set(registry.sources) == {sample.slug for sample in source_samples()}
    for sample in payment_samples():
        assert registry.payment(sample.slug).slug == sample.slug
    for source in source_samples():
        found = registry.source(source.slug)
        assert found is not None
        assert found.slug == source.slug
    await registry.close()


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    ("missing", "slug"),
    [
        ("STRIPE_WEBHOOK_SECRET", "stripe"),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "stripe-connect"),
        ("ALIPAY_PUBLIC_KEY_FILE", "alipay"),
        ("RESEND_WEBHOOK_SECRET", "resend"),
    ],
)
def test_without_its_secret_nobody_may_notify(
    monkeypatch: pytest.MonkeyPatch, missing: str, slug: str
) -> None:
    monkeypatch.setenv(missing, "")
    assert build_providers().source(slug) is None
    monkeypatch.delenv(missing)
    assert build_providers().source(slug) is None


async def test_mail_leaves_by_what_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = build_mailer("Turnpike <billing@example.com>")
    with pytest.raises(ProviderDownError, match="SMTP_HOST"):
        await nobody.send(
            to="a@example.com", subject="s", text="t", html="h", message_id="<m@example.com>"
        )
    monkeypatch.setenv("SMTP_HOST", "mail.example.com")
    assert isinstance(build_mailer("Turnpike <billing@example.com>"), SmtpMailer)
    monkeypatch.setenv("RESEND_API_KEY", "re_key")
    assert isinstance(build_mailer("Turnpike <billing@example.com>"), ResendMailer)


def test_no_setting_is_named_twice_and_every_secret_is_hidden(everything: dict[str, str]) -> None:
    own = [name for name in NAMES if name != "PUBLIC_URL"]
    assert len(own) == len(set(own))
    for each in SETTINGS:
        shown = repr(each())
        for name, value in everything.items():
            if "SECRET" in name:
                assert value not in shown


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, outside: Outside) -> Outside:
    """An environment that points at the simulated world, as the demo's does."""
    values = {
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_API_URL": outside.sandbox.stripe_api_base,
        "STRIPE_WEBHOOK_SECRET": "whsec_a",
        "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_b",
        "ALIPAY_APP_ID": APP_ID,
        "ALIPAY_SELLER_ID": SELLER_ID,
        "ALIPAY_GATEWAY_URL": outside.sandbox.alipay_gateway,
        "ALIPAY_PRIVATE_KEY_FILE": str(outside.keys.merchant_private),
        "ALIPAY_PUBLIC_KEY_FILE": str(outside.keys.alipay_public),
        "SMTP_HOST": outside.sandbox.smtp_host,
        "SMTP_PORT": str(outside.sandbox.smtp_port),
        "SMTP_TLS": "none",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return outside


@pytest.mark.usefixtures("sandbox")
async def test_an_installation_in_order_has_nothing_wrong() -> None:
    assert await examine("Turnpike <billing@example.com>") == {
        "mail": "",
        "stripe": "",
        "alipay": "",
    }


async def test_what_is_wrong_is_said_of_each(
    monkeypatch: pytest.MonkeyPatch, sandbox: Outside
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_other")
    monkeypatch.setenv("ALIPAY_PRIVATE_KEY_FILE", str(sandbox.keys.alipay_private))
    monkeypatch.setenv("SMTP_PORT", "1")
    found = await examine("Turnpike <billing@example.com>")
    assert "STRIPE_SECRET_KEY" in found["stripe"]
    assert "ALIPAY_PRIVATE_KEY_FILE" in found["alipay"]
    assert "mail server" in found["mail"]


async def test_a_provider_nobody_listens_to_is_wrong(
    monkeypatch: pytest.MonkeyPatch, sandbox: Outside
) -> None:
    monkeypatch.setenv("STRIPE_CONNECT_WEBHOOK_SECRET", "")
    found = await examine("Turnpike <billing@example.com>")
    assert "stripe-connect" in found["stripe"]
    assert found["alipay"] == ""


async def test_without_a_way_to_send_mail_it_is_said_what_to_set() -> None:
    assert "SMTP_HOST" in (await examine("Turnpike <billing@example.com>"))["mail"]
