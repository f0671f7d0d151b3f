"""How long something took, in words."""

from __future__ import annotations

import datetime as dt

import pytest

from state.moments import span


@pytest.mark.parametrize(
    ("length", "said"),
    [
        ({"seconds": 20}, "1 minute"),
        ({"minutes": 2}, "2 minutes"),
        ({"minutes": 119}, "119 minutes"),
        ({"hours": 2}, "2 hours"),
        ({"hours": 47}, "47 hours"),
        ({"hours": 49}, "2 days"),
        ({"days": 90}, "90 days"),
    ],
)
def test_a_span_is_said_in_the_largest_unit_of_which_there_are_several(
    length: dict[str, int], said: str
) -> None:
    assert span(dt.timedelta(**length)) == said
