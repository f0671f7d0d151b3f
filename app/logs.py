"""Structured logs: request id and tenant id on every line, and no secret on any."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, cast

import structlog

_SECRET_KEYS = re.compile(
    r"authorization|cookie|api[-_]?key|token|secret|password|private[-_]?key|session|bearer|credential",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"\b(vnd_|plt_|exe_|sk_(?:test|live)_|whsec_|rk_(?:test|live)_)[A-Za-z0-9_-]{6,}"
)
HIDDEN = "[hidden]"


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values under telling names, and what looks like a secret anywhere else."""
    for key in list(event):
        event[key] = HIDDEN if _SECRET_KEYS.search(key) else _clean(event[key])
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(lambda found: found[1] + HIDDEN, value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return {k: HIDDEN if _SECRET_KEYS.search(str(k)) else _clean(v) for k, v in pairs}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in cast("list[Any]", value)]
    return value


def configure(*, as_json: bool, level: str) -> None:
    """Set up logging for this process; libraries that log by themselves go the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    render = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=render, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "asyncio", "aiosqlite", "stripe", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
