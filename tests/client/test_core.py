"""When to try again, how long to wait, and where a token may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnpike_client import TurnpikeError, Unavailable
from turnpike_client.core import LEAST_PAUSE, Secret, Tries, check_base_url, parse_retry_after


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def failed(
    status: int | None, reason: str = "x", retry_after: float | None = None
) -> TurnpikeError:
    return TurnpikeError("No.", reason=reason, status=status, retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (failed(429), True),
        (failed(502), True),
        (failed(503), True),
        (failed(504), True),
        (failed(409, "in_progress"), True),
        (failed(None, "connection_failed"), True),
        (failed(None, "timeout"), True),
        (failed(None, "unexpected_answer"), False),
        (failed(None, "request_failed"), False),
        (failed(409, "idempotency_key_reused"), False),
        (failed(409, "timeout"), False),
        (failed(400), False),
        (failed(401), False),
        (failed(402), False),
        (failed(404), False),
        (failed(500), False),
        (failed(501), False),
        (failed(307), False),
    ],
)
def test_only_what_a_second_try_can_mend_is_tried_again(error: TurnpikeError, again: bool) -> None:
    tries = Tries(10, 1, 60, clock=Clock())
    if again:
        assert tries.pause_after(error) > 0
    else:
        with pytest.raises(TurnpikeError) as raised:
            tries.pause_after(error)
        assert raised.value is error


def test_the_ceiling_doubles_and_stops_at_eight_seconds() -> None:
    tries = Tries(10, 8, 1_000, clock=Clock(), draw=lambda _, high: high)
    pauses = [tries.pause_after(failed(503)) - LEAST_PAUSE for _ in range(8)]
    assert pauses == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 8, 8])


def test_pauses_are_drawn_from_zero_to_the_ceiling() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    tries = Tries(10, 2, 60, clock=Clock(), draw=draw)
    assert [tries.pause_after(failed(503)) for _ in range(2)] == [LEAST_PAUSE, LEAST_PAUSE]
    assert drawn == [(0.0, 0.25), (0.0, 0.5)]


def test_a_pause_that_would_outlast_the_call_is_not_begun() -> None:
    tries = Tries(10, 9, 60, clock=Clock())
    with pytest.raises(TurnpikeError) as raised:
        tries.pause_after(failed(429, retry_after=60))
    assert raised.value.retry_after == 60


def test_the_last_try_may_only_take_what_is_left() -> None:
    clock = Clock()
    tries = Tries(10, 9, 60, clock=clock)
    assert tries.limit() == 10
    clock.now += 55
    assert tries.limit() == pytest.approx(5)


transient = st.one_of(
    st.builds(
        failed, st.sampled_from([429, 502, 503, 504]), retry_after=st.none() | st.floats(0, 90)
    ),
    st.just(failed(409, "in_progress")),
    st.just(failed(None, "timeout")),
)


@given(
    st.lists(st.tuples(transient, st.floats(0, 30)), min_size=1, max_size=30),
    st.integers(0, 12),
    st.floats(0, 300),
)
def test_whatever_happens_a_call_stays_within_its_bounds(
    failures: list[tuple[TurnpikeError, float]], retries: int, total: float
) -> None:
    clock = Clock()
    tries = Tries(10, retries, total, clock=clock)
    started, pauses = clock.now, 0
    for error, took in failures:
        clock.now += min(took, tries.limit())
        try:
            pause = tries.pause_after(error)
        except TurnpikeError:
            break
        pauses += 1
        assert pause >= max(error.retry_after or 0, LEAST_PAUSE)
        clock.now += pause
        assert clock.now < started + total
    assert pauses <= retries


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 120 ", 120),
        ("0", 0),
        ("Fri, 27 Nov 2026 10:00:30 GMT", 30),
        ("Fri, 27 Nov 2026 09:59:00 GMT", 0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 5_000, None),
        ("Fri, 99 Nov 2026 10:00:30 GMT", None),
        ("Fri, 27 Nov 2026 10:00:30 -0000", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_own_clock(
    value: str, seconds: float | None
) -> None:
    headers = {"retry-after": value, "date": "Fri, 27 Nov 2026 10:00:00 GMT"}
    assert parse_retry_after(headers) == seconds


def test_a_date_without_the_servers_clock_counts_from_ours() -> None:
    assert parse_retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0
    assert (parse_retry_after({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}) or 0) > 10**9


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://turnpike.example.com/", ("https://turnpike.example.com", False)),
        ("https://example.com/billing/", ("https://example.com/billing", False)),
        ("http://localhost:3000", ("http://localhost:3000", True)),
        ("http://127.0.0.2", ("http://127.0.0.2", True)),
        ("http://[::1]:3000/", ("http://[::1]:3000", True)),
    ],
)
def test_https_and_this_machine_are_accepted(url: str, kept: tuple[str, bool]) -> None:
    assert check_base_url(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "turnpike.example.com",
        "ftp://example.com",
        "https://",
        "http://example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost\\@example.com",
        "https://user:secret@example.com",
        "https://example.com/?a=b",
        "https://example.com/#a",
        "https://example.com:port",
    ],
)
def test_unsafe_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"base URL|Plain http"):
        check_base_url(url)


@pytest.mark.parametrize("token", ["", "vnd_a b", "vnd_a\r\nX-Evil: 1", "vnd_é"])
def test_a_token_that_http_cannot_carry_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII") as refused:
        Secret(token)
    assert "vnd_" not in str(refused.value)


def test_errors_say_what_support_needs() -> None:
    error = Unavailable("Down.", reason="unavailable", status=503, request_id="abc")
    assert str(error) == "Down. (unavailable, 503, request abc)"
    assert str(failed(None)) == "No. (x)"
