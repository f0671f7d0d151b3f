"""Rate limits by the ``limits`` library: in memory for one process, in Redis for several."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from app.settings import Settings


class WindowLimiter:
    """Moving windows, keyed by rule and caller."""

    def __init__(self, storage: Storage) -> None:
        self._windows = MovingWindowRateLimiter(storage)

    async def hit(self, rule: str, *key: str, cost: int = 1) -> int | None:
        """Count one try; return the seconds to wait when it is one too many. No rule, no limit."""
        if not rule:
            return None
        item = _parse(rule)
        if await self._windows.hit(item, *key, cost=cost):
            return None
        return await self._wait(item, key)

    async def peek(self, rule: str, *key: str) -> int | None:
        """Return the seconds to wait, without counting."""
        if not rule:
            return None
        item = _parse(rule)
        if await self._windows.test(item, *key):
            return None
        return await self._wait(item, key)

    async def _wait(self, item: RateLimitItem, key: tuple[str, ...]) -> int:
        stats = await self._windows.get_window_stats(item, *key)
        return max(1, math.ceil(stats.reset_time - time.time()))  # noqa: TID251 - the library's own clock


def _parse(rule: str) -> RateLimitItem:
    """Read ``10/15 minutes``; ``100/second;200`` allows bursts of 200 at the same mean rate."""
    rate, _, burst = rule.partition(";")
    item = parse(rate)
    if not burst:
        return item
    seconds = max(1, item.get_expiry() * int(burst) // item.amount)
    return parse(f"{burst}/{seconds} seconds")


def build_limiter(settings: Settings) -> WindowLimiter:
    """Return the limiter this installation can share between its processes."""
    if settings.redis_url:
        return WindowLimiter(RedisStorage(f"async+{settings.redis_url}"))
    return WindowLimiter(MemoryStorage())
