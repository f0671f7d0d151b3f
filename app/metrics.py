"""What Prometheus reads: requests of this process, and the installation's health from the database."""

from __future__ import annotations

import math
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.services.gauges import Gauges

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "turnpike_requests_total",
    "Answers by route, method and status, of this process.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "turnpike_request_seconds",
    "Seconds from a request to the start of its answer, of this process.",
    ["route"],
    registry=REGISTRY,
)
EXECUTED = Counter(
    "turnpike_executor_calls_total",
    "Actions done by the executor, by how they ended, of this process.",
    ["action", "outcome"],
    registry=REGISTRY,
)
_LAG = Gauge(
    "turnpike_inbox_lag_seconds", "Age of the oldest notification not handled.", registry=REGISTRY
)
_INBOX = Gauge("turnpike_inbox_events", "Notifications by status.", ["status"], registry=REGISTRY)
_JOBS = Gauge("turnpike_jobs", "Workflows by outcome.", ["status"], registry=REGISTRY)
_MAILS = Gauge("turnpike_mails", "Mails by status.", ["status"], registry=REGISTRY)
_INVOICES = Gauge("turnpike_invoices", "Invoices by status.", ["status"], registry=REGISTRY)
_TENANTS = Gauge("turnpike_tenants", "Tenants by status.", ["status"], registry=REGISTRY)
_LEDGER = Gauge(
    "turnpike_ledger_problems",
    "Entries that do not balance and caches that differ; anything but 0 is an alarm.",
    registry=REGISTRY,
)
_LEDGER_CHECKED = Gauge(
    "turnpike_ledger_checked_timestamp_seconds",
    "When the ledger was last looked at, in the product's time; 0 before it ever was.",
    registry=REGISTRY,
)


def render(gauges: Gauges) -> bytes:
    """Return everything in Prometheus' text format."""
    _LAG.set(gauges.inbox_lag_seconds)
    problems = gauges.ledger_problems
    _LEDGER.set(math.nan if problems is None else problems)
    checked_at = gauges.ledger_checked_at
    _LEDGER_CHECKED.set(checked_at.timestamp() if checked_at else 0)
    for metric, counts in (
        (_INBOX, gauges.inbox),
        (_JOBS, gauges.jobs),
        (_MAILS, gauges.mails),
        (_INVOICES, gauges.invoices),
        (_TENANTS, gauges.tenants),
    ):
        metric.clear()
        for status, number in counts.items():
            metric.labels(status).set(number)
    return generate_latest(REGISTRY)


class Measure:
    """ASGI middleware that counts and times answers by their route, never by their raw path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", None) or "other"
                REQUESTS.labels(route, scope["method"], str(message["status"])).inc()
                SECONDS.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, counted)
