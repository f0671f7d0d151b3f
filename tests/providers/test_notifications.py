"""What every source of notifications keeps to: who may speak, and that it is said in our words."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import pytest

from app.core.clock import wall_now
from app.core.errors import MalformedError
from app.core.money import Money
from app.services.ports import FACTS, EventKind, NotificationSource, ProviderEvent
from tests.providers.outside import Outside
from tests.providers.sample import PaymentSample, SourceSample, payment_samples, source_samples
from tests.sandbox.receiver import Note

SOURCES = source_samples()
WITH_WINDOW = [sample for sample in SOURCES if sample.has_window]

pytestmark = pytest.mark.xdist_group("providers")


def every_source(samples: list[SourceSample] = SOURCES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: sample.slug)


@cache
def source_of(sample: SourceSample, outside: Outside) -> NotificationSource:
    return sample.source(outside)


def parse(
    sample: SourceSample, outside: Outside, note: Note, now: dt.datetime | None = None
) -> ProviderEvent | None:
    source = source_of(sample, outside)
    return source.parse_event(note.body, note.headers, now or wall_now())


@pytest.fixture(scope="session")
async def told(outside: Outside) -> dict[str, list[Note]]:
    """Every notification of everything that can happen, as it arrived over a socket."""
    for sample in payment_samples():
        provider = sample.provider(outside)
        await sample.story(provider, outside)
        await provider.close()
    return {source.path: outside.notes(source.path) for source in source_samples()}


@pytest.mark.parametrize("sample", payment_samples(), ids=lambda sample: sample.slug)
async def test_everything_a_provider_tells_is_put_into_our_words(
    sample: PaymentSample, outside: Outside, told: dict[str, list[Note]]
) -> None:
    for source in sample.sources:
        found: set[EventKind] = set()
        for note in told[source.path]:
            event = parse(source, outside, note)
            again = parse(source, outside, note)
            assert event == again
            if event is not None:
                found.add(event.kind)
                check_facts(event)
        assert found == source.kinds


def check_facts(event: ProviderEvent) -> None:
    assert set(event.facts) == set(FACTS[event.kind])
    assert event.event_id
    assert event.subject_ref
    assert event.occurred_at.tzinfo is dt.UTC
    for name, value in event.facts.items():
        check_fact(name, value)
    if event.kind is EventKind.PAYMENT_REFUNDED:
        assert event.facts["refunded_total"]
    if event.kind is EventKind.DISPUTE_CLOSED:
        assert event.facts["outcome"] in ("won", "lost")


def check_fact(name: str, value: Any) -> None:
    if name == "is_ready":
        assert isinstance(value, bool)
    elif isinstance(value, dict):
        assert name in ("amount", "refunded_total")
        assert Money.of(value["amount"], value["currency"]) > Money.zero(value["currency"])
    else:
        assert isinstance(value, str)


@every_source()
def test_a_genuine_notification_is_taken(sample: SourceSample, outside: Outside) -> None:
    now = wall_now()
    event = parse(sample, outside, sample.write(outside, at=now), now)
    assert event is not None
    check_facts(event)
    assert event.kind in sample.kinds


@every_source()
def test_a_notification_that_was_changed_is_refused(sample: SourceSample, outside: Outside) -> None:
    note = sample.write(outside, at=wall_now())
    for at in range(0, len(note.body), max(1, len(note.body) // 40)):
        body = note.body[:at] + bytes([note.body[at] ^ 1]) + note.body[at + 1 :]
        with pytest.raises(MalformedError):
            parse(sample, outside, Note(note.path, note.headers, body))


@every_source()
def test_a_notification_signed_with_another_key_is_refused(
    sample: SourceSample, outside: Outside
) -> None:
    with pytest.raises(MalformedError):
        parse(sample, outside, sample.write(outside, at=wall_now(), is_forged=True))


@every_source(WITH_WINDOW)
@pytest.mark.parametrize("minutes", [-60, -6, 6, 60 * 24 * 365])
def test_a_signature_is_good_for_five_minutes_both_ways(
    sample: SourceSample, minutes: int, outside: Outside
) -> None:
    now = wall_now()
    near = sample.write(outside, at=now + dt.timedelta(minutes=4 if minutes > 0 else -4))
    assert parse(sample, outside, near, now) is not None
    far = sample.write(outside, at=now + dt.timedelta(minutes=minutes))
    with pytest.raises(MalformedError):
        parse(sample, outside, far, now)


@every_source(WITH_WINDOW)
def test_the_window_is_measured_by_the_time_that_is_given(
    sample: SourceSample, outside: Outside
) -> None:
    long_ago = dt.datetime(2020, 2, 29, 12, tzinfo=dt.UTC)
    assert parse(sample, outside, sample.write(outside, at=long_ago), long_ago) is not None


@every_source()
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"=&=", b"a=1&a=2", b"[" * 10_000],
    ids=repr,
)
def test_garbage_is_refused_even_when_it_is_signed(
    sample: SourceSample, body: bytes, outside: Outside
) -> None:
    note = sample.write(outside, at=wall_now(), body=body)
    with pytest.raises(MalformedError):
        parse(sample, outside, note)


@every_source(WITH_WINDOW)
def test_garbage_in_the_headers_is_refused(sample: SourceSample, outside: Outside) -> None:
    note = sample.write(outside, at=wall_now())
    for garbage in ("", "v1", "t=,v1=", "t=²,v1=x", "é", "v1,é", "t=1,t=2,v1=x", "9" * 5000):
        for name in note.headers:
            with pytest.raises(MalformedError):
                parse(sample, outside, Note(note.path, {**note.headers, name: garbage}, note.body))
    with pytest.raises(MalformedError):
        parse(sample, outside, Note(note.path, {}, note.body))


@every_source(WITH_WINDOW)
def test_one_good_signature_of_two_is_enough_while_a_secret_is_rotated(
    sample: SourceSample, outside: Outside
) -> None:
    note = sample.rotated(outside, wall_now())
    assert note is not None
    assert parse(sample, outside, note) is not None


@every_source()
def test_without_a_secret_nothing_is_genuine(sample: SourceSample, outside: Outside) -> None:
    source = sample.without_secret()
    assert not source.is_configured
    assert source_of(sample, outside).is_configured
    note = sample.write(outside, at=wall_now())
    with pytest.raises(MalformedError):
        source.parse_event(note.body, note.headers, wall_now())


@every_source()
def test_the_acknowledgement_is_plain_words(sample: SourceSample, outside: Outside) -> None:
    assert source_of(sample, outside).acknowledgement.isascii()
