"""Events reach the product signed, repeated until accepted, and in whatever order a test asks for."""

from __future__ import annotations

import json

import httpx
import pytest
import stripe
from stripe import StripeClient

from app.sandbox.clock import wall_time
from tests.sandbox.conftest import ACCOUNT_SECRET, CONNECT_SECRET
from tests.sandbox.flows import (
    connected_account,
    customer_with_card,
    open_invoice,
    payment_session,
    press,
)
from tests.sandbox.receiver import Note, Receiver

ACCOUNT_PATH = "/v1/webhook/stripe"
CONNECT_PATH = "/v1/webhook/stripe-connect"


def event_of(note: Note) -> stripe.Event:
    secret = CONNECT_SECRET if note.path == CONNECT_PATH else ACCOUNT_SECRET
    return stripe.Webhook.construct_event(note.body, note.headers["stripe-signature"], secret)


def types_of(receiver: Receiver) -> list[str]:
    return [json.loads(note.body)["type"] for note in receiver.notes]


def test_every_event_is_signed_in_wall_time_and_pinned_to_the_package_s_version(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("clock", json={"advance": "P40D"}).raise_for_status()
    customer_with_card(stripe_client, browser)
    control.get("idle").raise_for_status()
    assert receiver.notes
    for note in receiver.notes:
        event = event_of(note)
        assert (note.path, event.api_version) == (ACCOUNT_PATH, stripe.api_version)
        stamp = int(note.headers["stripe-signature"].split(",")[0].removeprefix("t="))
        assert abs(stamp - wall_time()) < 300
        assert event.created > wall_time() + 39 * 86_400  # objects follow the moved clock


def test_a_connected_account_s_events_go_to_the_connect_endpoint_alone(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    vendor = connected_account(stripe_client, browser)
    control.get("idle").raise_for_status()
    (note,) = receiver.notes
    event = event_of(note)
    assert (note.path, event.type, event.account) == (CONNECT_PATH, "account.updated", vendor)


def test_a_refused_event_is_sent_again_with_a_fresh_signature_and_the_same_id(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    answers = iter([500, 404, 200])
    receiver.answer = lambda note: (next(answers), "")
    session = payment_session(stripe_client)
    press(browser, session, "expire")
    control.get("idle").raise_for_status()
    assert len({event_of(note).id for note in receiver.notes}) == 1
    (delivery,) = control.get("deliveries").json()
    assert delivery["status"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 404, 200]


def test_an_event_nobody_takes_is_given_up_and_can_be_sent_again(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda note: (500, "")
    press(browser, payment_session(stripe_client), "expire")
    control.get("idle").raise_for_status()
    (delivery,) = control.get("deliveries", params={"status": "failed"}).json()
    assert len(delivery["attempts"]) == 4
    receiver.reset()
    control.post(f"deliveries/{delivery['id']}/redeliver").raise_for_status()
    control.get("idle").raise_for_status()
    assert types_of(receiver) == ["checkout.session.expired"]


def test_duplicates_on_demand_carry_the_same_event_id(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("deliveries/duplicates", json={"on": True}).raise_for_status()
    press(browser, payment_session(stripe_client), "expire")
    control.get("idle").raise_for_status()
    assert [event_of(note).type for note in receiver.notes] == ["checkout.session.expired"] * 2
    assert len({event_of(note).id for note in receiver.notes}) == 1


def test_held_events_wait_and_single_ones_can_go_first(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    customer = customer_with_card(stripe_client, browser)
    control.get("idle").raise_for_status()
    receiver.reset()
    control.post("deliveries/hold").raise_for_status()
    stripe_client.v1.invoices.pay(open_invoice(stripe_client, customer, 250).id)
    control.get("idle").raise_for_status()
    assert receiver.notes == []
    held = control.get("deliveries", params={"status": "held"}).json()
    (paid,) = [row for row in held if row["subject"] == "invoice.paid"]
    control.post("deliveries/release", json={"ids": [paid["id"]]}).raise_for_status()
    control.get("idle").raise_for_status()
    assert types_of(receiver) == ["invoice.paid"]
    released = control.post("deliveries/release", json={"order": "reverse"}).json()["released"]
    others = [row["id"] for row in held if row["id"] != paid["id"]]
    assert released == others[::-1]


@pytest.mark.parametrize(
    ("action", "types"),
    [
        ("pay", {"checkout.session.completed", "payment_intent.succeeded", "charge.succeeded"}),
        ("decline", {"payment_intent.payment_failed"}),
        ("pending", {"checkout.session.completed"}),
        ("expire", {"checkout.session.expired"}),
    ],
)
def test_each_button_tells_the_product_what_happened(
    stripe_client: StripeClient,
    browser: httpx.Client,
    control: httpx.Client,
    receiver: Receiver,
    action: str,
    types: set[str],
) -> None:
    press(browser, payment_session(stripe_client), action)
    control.get("idle").raise_for_status()
    assert set(types_of(receiver)) == types


def test_an_endpoint_made_by_the_api_gets_events_under_its_own_secret(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    endpoint = stripe_client.v1.webhook_endpoints.create(
        {
            "url": f"{receiver.url}/other",
            "enabled_events": ["checkout.session.expired"],
            "api_version": stripe.api_version,  # type: ignore[typeddict-item]
        }
    )
    press(browser, payment_session(stripe_client), "expire")
    control.get("idle").raise_for_status()
    (note,) = [note for note in receiver.notes if note.path == "/other"]
    assert endpoint.secret is not None
    stripe.Webhook.construct_event(note.body, note.headers["stripe-signature"], endpoint.secret)


def test_events_can_be_read_again_by_type(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    press(browser, payment_session(stripe_client), "expire")
    found = stripe_client.v1.events.list({"types": ["checkout.session.expired"]})
    assert [event.type for event in found.data] == ["checkout.session.expired"]
    assert stripe_client.v1.events.retrieve(found.data[0].id).id == found.data[0].id
