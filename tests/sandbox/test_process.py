"""The process as a whole: what survives a restart, who may control it, what it is made of."""

from __future__ import annotations

import ast
from pathlib import Path

import httpx
import pytest
from stripe import StripeClient

import app.sandbox
from app.sandbox.clock import parse_duration
from app.sandbox.config import SandboxConfig, StripeConfig
from app.sandbox.launch import running
from app.sandbox.stripe.forms import FormError, parse_form
from tests.sandbox.flows import customer_with_card, payment_session, press
from tests.sandbox.receiver import Receiver


def test_a_restart_keeps_customers_cards_the_clock_and_what_was_not_yet_delivered(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.reset()
    config = SandboxConfig(
        port=0,
        smtp_port=0,
        product_url=receiver.url,
        state_file=tmp_path / "sandbox.db",
        stripe=StripeConfig(webhook_secret="whsec_account"),
    )
    with running(config) as first, httpx.Client(base_url=first.url) as browser:
        client = StripeClient("sk_test_sandbox", base_addresses={"api": first.stripe_api_base})
        customer = customer_with_card(client, browser)
        browser.post("/_control/clock", json={"advance": "P30D"}).raise_for_status()
        browser.get("/_control/idle").raise_for_status()
        browser.post("/_control/deliveries/hold").raise_for_status()
        press(browser, payment_session(client), "expire")
    receiver.reset()
    with running(config) as second, httpx.Client(base_url=second.url) as browser:
        client = StripeClient("sk_test_sandbox", base_addresses={"api": second.stripe_api_base})
        kept = client.v1.customers.retrieve(customer)
        assert kept.invoice_settings is not None
        assert kept.invoice_settings.default_payment_method is not None
        assert browser.get("/_control/state").json()["ahead_seconds"] == 30 * 86_400
        browser.post("/_control/deliveries/release", json={}).raise_for_status()
        browser.get("/_control/idle").raise_for_status()
    assert len(receiver.notes) == 1


def test_a_page_of_another_origin_cannot_use_the_controls(control: httpx.Client) -> None:
    foreign = control.post("reset", headers={"Origin": "http://elsewhere.example.com"})
    assert foreign.status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {}),
        ("clock", {"advance": "P1D", "to": "2030-01-01T00:00:00Z"}),
        ("clock", {"to": "2030-01-01T00:00:00"}),
        ("clock", {"to": "2020-01-01T00:00:00Z"}),
        ("clock", {"advance": "1 day"}),
        ("faults", {"route": "POST *", "kind": "fire"}),
        ("deliveries/release", {"order": "alphabetical"}),
        ("mail/refusals", {"address": "a@b.example.com", "code": 200}),
    ],
)
def test_a_control_request_that_makes_no_sense_is_refused(
    control: httpx.Client, path: str, body: dict[str, str]
) -> None:
    answer = control.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_every_page_of_the_overview_answers(browser: httpx.Client) -> None:
    for path in ("/", "/mailbox", "/stripe/dashboard", "/alipay/dashboard", "/healthz"):
        assert browser.get(path).status_code == 200


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    (root,) = app.sandbox.__path__
    for file in Path(root).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                if name.split(".")[0] in {"app", "models", "state", "components"}:
                    assert name.startswith("app.sandbox"), f"{file.name} imports {name}"


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("a=1&b[c]=2", {"a": "1", "b": {"c": "2"}}),
        ("e[0]=x&e[1]=y", {"e": ["x", "y"]}),
        ("e[]=x&e[]=y", {"e": ["x", "y"]}),
        ("i[0][p][n]=a&i[0][q]=2", {"i": [{"p": {"n": "a"}, "q": "2"}]}),
        ("metadata[0]=a", {"metadata": {"0": "a"}}),
        ("n=%E5%8F%91&empty=", {"n": "发", "empty": ""}),
    ],
)
def test_forms_nest_as_stripe_nests_them(text: str, params: dict[str, object]) -> None:
    assert parse_form(text) == params


@pytest.mark.parametrize(
    "text", ["a=1&a[b]=2", "a[b]=2&a=1", "[x]=1", "n=%FF", "a" + "[b]" * 13 + "=1"]
)
def test_forms_that_contradict_themselves_are_refused(text: str) -> None:
    with pytest.raises(FormError):
        parse_form(text)


def test_durations_are_counted_in_seconds() -> None:
    assert parse_duration("P1W2DT3H4M5S") == 9 * 86_400 + 3 * 3_600 + 4 * 60 + 5
