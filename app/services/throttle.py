"""Rate limits as refusals: who tried too often hears when to come back."""

from __future__ import annotations

from app.core.errors import RateLimitedError
from app.rules.addresses import UNKNOWN_IP, ip_prefix
from app.services.context import Context

QUIET: str = "1/minute"
"""How often one caller's refusals by a limit are written down, so that a flood fills no table."""


def place(ctx: Context) -> str:
    """Return the network a request came from: an IPv4 address, or the /64 of an IPv6 one."""
    return ip_prefix(ctx.actor.origin.ip or UNKNOWN_IP)


async def count(ctx: Context, rule: str, *key: str) -> None:
    """Count one try; raises ``RateLimitedError`` when it is one too many."""
    wait = await ctx.limiter.hit(rule, *key)
    if wait is not None:
        await _refuse(ctx, wait, key)


async def check(ctx: Context, rule: str, *key: str) -> None:
    """Refuse when the tries are used up, without counting one."""
    wait = await ctx.limiter.peek(rule, *key)
    if wait is not None:
        await _refuse(ctx, wait, key)


async def _refuse(ctx: Context, wait: int, key: tuple[str, ...]) -> None:
    if await ctx.limiter.hit(QUIET, "audit", key[0], place(ctx)) is None:
        ctx.audit_refusal("access.rate_limited", body={"limit": key[0]})
    raise RateLimitedError(
        f"Too many tries. Please wait {wait} seconds and try again.", retry_after=wait
    )
