from __future__ import annotations

import datetime as dt

from app.core.clock import wall_now
from app.core.ids import new_id, new_secret


def test_ids_are_version_7_and_carry_their_time() -> None:
    before = wall_now()
    made = new_id()
    after = wall_now()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    at = dt.datetime.fromtimestamp((made.int >> 80) / 1000, dt.UTC)
    millisecond = dt.timedelta(milliseconds=1)
    assert before - millisecond <= at <= after + millisecond


def test_ids_are_unique() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_secrets_carry_their_prefix_and_256_bits() -> None:
    secret = new_secret("vnd_")
    assert secret.startswith("vnd_")
    assert len(secret) == 4 + 43
    assert secret != new_secret("vnd_")
