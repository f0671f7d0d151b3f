"""The simulated world's clock, which can run ahead of the wall while a month is closed in the demo."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_BEIJING = timezone(timedelta(hours=8))


def wall_time() -> float:
    """Return the true time, the only one webhook signatures may carry."""
    return time.time()


def parse_duration(text: str) -> int:
    """Return the seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds.

    Raises ValueError for anything else.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        msg = f"Not a duration: {text!r}"
        raise ValueError(msg)
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (weeks * 7 + days) * 86_400 + hours * 3_600 + minutes * 60 + seconds


class SandboxClock:
    """Wall time plus an offset that only grows."""

    def __init__(self, offset: float = 0, on_move: Callable[[float], None] | None = None) -> None:
        self.offset = offset
        self._on_move = on_move

    def now(self) -> int:
        """Return the simulated time in whole seconds since 1970."""
        return int(wall_time() + self.offset)

    def moment(self) -> datetime:
        """Return the simulated time as an aware UTC instant."""
        return datetime.fromtimestamp(self.now(), UTC)

    def beijing(self) -> str:
        """Return the simulated time the way Alipay writes it."""
        return self.moment().astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")

    def move_by(self, seconds: float) -> None:
        """Move forward by some seconds."""
        self.move_to(wall_time() + self.offset + seconds)

    def move_to(self, instant: float) -> None:
        """Move forward to an instant; a step back raises ValueError."""
        offset = instant - wall_time()
        if offset < self.offset - 1:
            msg = "The clock only moves forward."
            raise ValueError(msg)
        self.offset = max(offset, self.offset)
        if self._on_move is not None:
            self._on_move(self.offset)
