"""Signatures and certificates, compared with a package that is not ours."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from alipay import AliPay, DCAliPay  # pyright: ignore[reportMissingTypeStubs]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.providers.alipay import AlipaySettings
from app.providers.alipay.keys import Keys, signed_text
from tests.providers.outside import KeyFiles, make_keys

PARAMS = {
    "app_id": "2021000000000001",
    "method": "alipay.trade.page.pay",
    "charset": "utf-8",
    "sign_type": "RSA2",
    "timestamp": "2026-11-20 17:00:00",
    "version": "1.0",
    "biz_content": '{"subject":"发票 & more=1","total_amount":"0.01"}',
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> KeyFiles:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def other(files: KeyFiles) -> Any:
    return AliPay(
        appid="2021000000000001",
        app_private_key_string=files.merchant_private.read_text(),
        alipay_public_key_string=files.merchant_public.read_text(),
    )


def test_our_signature_is_the_one_everybody_makes(files: KeyFiles, other: Any) -> None:
    keys = Keys(files.merchant_private.read_bytes(), files.merchant_public.read_bytes())
    text = signed_text(PARAMS, without=("sign",))
    assert keys.sign(text) == other._sign(text.decode())
    assert other._verify(text.decode(), keys.sign(text))
    assert keys.is_from_alipay(text, other._sign(text.decode()))
    assert f"sign={keys.sign(text)}".replace("+", "%2B").replace("/", "%2F").replace(
        "=", "%3D"
    ).removeprefix("sign%3D") in other.sign_data(dict(PARAMS))


def test_a_signature_by_another_key_or_over_other_bytes_is_not_believed(files: KeyFiles) -> None:
    keys = Keys(files.merchant_private.read_bytes(), files.alipay_public.read_bytes())
    text = signed_text(PARAMS, without=("sign",))
    assert not keys.is_from_alipay(text, keys.sign(text))
    for nonsense in ("", "?", "é", base64.b64encode(b"x").decode()):
        assert not keys.is_from_alipay(text, nonsense)


def test_keys_may_be_the_bare_base64_that_the_console_shows(files: KeyFiles) -> None:
    def bare(path: Path) -> bytes:
        return "".join(path.read_text().splitlines()[1:-1]).encode()

    keys = Keys(bare(files.merchant_private), bare(files.merchant_public) + b"\n")
    assert keys.is_from_alipay(b"x", keys.sign(b"x"))
    for nonsense in (b"", b"!", base64.b64encode(b"no key")):
        with pytest.raises(ValueError, match=r".+"):
            Keys(nonsense, bare(files.merchant_public))


def certificate(subject: Any, signer: Any, number: int) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ant Financial"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Ant Financial Class 2 R1"),
        ]
    )
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(subject)
        .serial_number(number)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .sign(signer, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_certificates_are_named_as_everybody_names_them(files: KeyFiles, tmp_path: Path) -> None:
    ours: Any = serialization.load_pem_private_key(files.merchant_private.read_bytes(), None)
    theirs: Any = serialization.load_pem_private_key(files.alipay_private.read_bytes(), None)
    curve = ec.generate_private_key(ec.SECP256R1())
    app = certificate(ours.public_key(), theirs, 2**120 + 5)
    alipay = certificate(theirs.public_key(), theirs, 7)
    signers = ((theirs, 11), (curve, 12), (ours, 13))
    root = b"\n".join(certificate(key.public_key(), key, number) for key, number in signers)
    paths = {}
    for name, data in (("app", app), ("alipay", alipay), ("root", root)):
        paths[name] = tmp_path / f"{name}.crt"
        paths[name].write_bytes(data)
    keys = AlipaySettings.model_validate(
        {
            "ALIPAY_PRIVATE_KEY_FILE": str(files.merchant_private),
            "ALIPAY_PUBLIC_KEY_FILE": str(paths["alipay"]),
            "ALIPAY_APP_CERT_FILE": str(paths["app"]),
            "ALIPAY_ROOT_CERT_FILE": str(paths["root"]),
        }
    ).keys()
    other: Any = DCAliPay(
        appid="2021000000000001",
        app_private_key_string=files.merchant_private.read_text(),
        app_public_key_cert_string=app.decode(),
        alipay_public_key_cert_string=alipay.decode(),
        alipay_root_cert_string=root.decode(),
    )
    assert keys.serials == {
        "app_cert_sn": other.app_cert_sn,
        "alipay_root_cert_sn": other.alipay_root_cert_sn,
    }
    assert keys.serials["alipay_root_cert_sn"].count("_") == 1


def test_a_key_file_that_cannot_be_read_is_named(files: KeyFiles, tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    wrong = AlipaySettings.model_validate(
        {
            "ALIPAY_PRIVATE_KEY_FILE": str(missing),
            "ALIPAY_PUBLIC_KEY_FILE": str(files.alipay_public),
        }
    )
    with pytest.raises(ValueError, match=r"none\.pem"):
        wrong.keys()


def test_notifications_come_to_our_site_unless_another_address_is_set() -> None:
    site = {"PUBLIC_URL": "https://portal.example.com/"}
    assert (
        AlipaySettings.model_validate({**site, "ALIPAY_NOTIFY_URL": ""}).notify_address
        == "https://portal.example.com/v1/webhook/alipay"
    )
    other = {**site, "ALIPAY_NOTIFY_URL": "https://hooks.example.com/a"}
    assert AlipaySettings.model_validate(other).notify_address == "https://hooks.example.com/a"
