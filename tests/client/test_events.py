"""The platform's client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.client import signing
from tests.client.fake import ID, FakeApi, Reply, refusal
from turnpike_client import Conflict, EventsResult, InvalidInput, PlatformClient
from turnpike_client.calls import MAX_EVENT_BYTES


@pytest.fixture
def client(api: FakeApi) -> Iterator[PlatformClient]:
    with PlatformClient(api.url, "plt_secret", pause=lambda _: None) as client:
        yield client


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"e-{number}",
        "type": "authority.cap_mint",
        "time": datetime(2026, 11, 27, 12, tzinfo=timezone(timedelta(hours=8))),
        "data": {"actor_omni": signing.ACTOR},
        **more,
    }


def test_events_are_sent_in_chunks_of_a_thousand_and_in_order(
    api: FakeApi, client: PlatformClient
) -> None:
    result = client.send_events(event(number) for number in range(2_001))
    assert result == EventsResult(inserted=2_001, duplicates=0)
    chunks = [seen.json["events"] for seen in api.seen]
    assert [len(chunk) for chunk in chunks] == [1_000, 1_000, 1]
    ids = [row["id"] for chunk in chunks for row in chunk]
    assert ids == [f"e-{number}" for number in range(2_001)]
    assert chunks[0][0]["time"] == "2026-11-27T04:00:00Z"


def test_a_chunk_stays_below_the_limit_of_a_body(api: FakeApi, client: PlatformClient) -> None:
    large = [event(number, data={"note": "x" * 2_000_000}) for number in range(5)]
    assert client.send_events(large).inserted == 5
    assert [len(seen.json["events"]) for seen in api.seen] == [2, 2, 1]
    assert all(len(seen.body) <= 5 * 1024 * 1024 for seen in api.seen)


def test_the_fullest_chunk_just_fits(api: FakeApi, client: PlatformClient) -> None:
    empty = len(json.dumps(event(0, time="t", data=""), separators=(",", ":")))
    half = "x" * (MAX_EVENT_BYTES // 2 - 1 - empty)
    client.send_events([event(0, time="t", data=half), event(1, time="t", data=half)])
    assert len(api.seen) == 1
    assert 5 * 1024 * 1024 - 100 < len(api.seen[0].body) <= 5 * 1024 * 1024


def test_the_commas_between_a_thousand_events_count(api: FakeApi, client: PlatformClient) -> None:
    empty = len(json.dumps(event(0, id="e-000", time="t", data=""), separators=(",", ":")))
    data = "x" * (MAX_EVENT_BYTES // 1_000 - empty)
    client.send_events(event(n, id=f"e-{n:03}", time="t", data=data) for n in range(1_000))
    assert sum(len(seen.json["events"]) for seen in api.seen) == 1_000
    assert all(len(seen.body) <= 5 * 1024 * 1024 for seen in api.seen)


def test_no_events_are_no_request(api: FakeApi, client: PlatformClient) -> None:
    assert client.send_events([]) == EventsResult(0, 0)
    assert api.seen == []


def test_a_repeated_chunk_is_the_same_bytes_and_counts_what_the_server_says(
    api: FakeApi, client: PlatformClient
) -> None:
    api.replies = [Reply(hang_up=True), Reply(200, {"inserted": 0, "duplicates": 2})]
    assert client.send_events([event(1), event(2)]) == EventsResult(inserted=0, duplicates=2)
    assert api.seen[0].body == api.seen[1].body


def test_a_refused_chunk_says_how_much_is_stored(api: FakeApi, client: PlatformClient) -> None:
    fields = [{"path": "events.3.data", "problem": "is missing"}]
    stored = Reply(200, {"inserted": 999, "duplicates": 1})
    api.replies = [stored, refusal(422, "invalid_input", fields=fields)]
    with pytest.raises(InvalidInput) as refused:
        client.send_events(event(number) for number in range(3_000))
    assert refused.value.events_accepted == 1_000
    assert refused.value.fields[0].path == "events.3.data"
    assert len(api.seen) == 2
    api.replies = [refusal(409, "conflict")]
    with pytest.raises(Conflict) as conflict:
        client.send_events([event(1)])
    assert conflict.value.events_accepted == 0


def test_amounts_and_ids_travel_as_text(api: FakeApi, client: PlatformClient) -> None:
    client.send_events([event(1, id=UUID(ID), data={"amount": Decimal("9.90")})])
    assert '"amount":"9.90"' in api.seen[0].body.decode()
    assert ID in api.seen[0].body.decode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 1, 1), object()])
def test_values_that_json_cannot_say_are_refused(
    api: FakeApi, client: PlatformClient, value: Any
) -> None:
    with pytest.raises((ValueError, TypeError)):
        client.send_events([event(1, data={"value": value})])
    assert api.seen == []


def test_times_are_sent_in_utc(api: FakeApi, client: PlatformClient) -> None:
    client.send_events([event(1, time=datetime(2026, 11, 27, 4, 0, 0, 5_000, tzinfo=UTC))])
    assert api.seen[0].json["events"][0]["time"] == "2026-11-27T04:00:00.005000Z"
