"""Carries notifications to the product: signed at the last moment, repeated until accepted, disturbed on demand."""

import asyncio
import contextlib
import heapq
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import httpx

from app.sandbox.clock import wall_time
from app.sandbox.store import Document, Store

KEEP_DELIVERIES = 20_000
_CONCURRENCY = 8

Order = Literal["fifo", "reverse", "shuffle"]


@dataclass(frozen=True)
class Parcel:
    """What is sent in one attempt."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Channel:
    """How one provider builds a notification and what counts as its receipt."""

    pack: Callable[[Document], Parcel | None]
    accepted: Callable[[httpx.Response], bool]


class Courier:
    """Sends queued notifications in the background.

    A delivery is a document `{id, channel, subject, ref, status, attempts, next_at, created}`; its status is one of
    `pending`, `held`, `delivered`, `failed`.
    """

    def __init__(self, store: Store, delays: tuple[float, ...], timeout: float) -> None:
        self._store = store
        self._delays = delays
        self._timeout = timeout
        self._channels: dict[str, Channel] = {}
        self._queue: list[tuple[float, int, str]] = []
        self._sequence = 0
        self._wake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    def open_channel(self, name: str, channel: Channel) -> None:
        """Teach the courier one provider's way of notifying."""
        self._channels[name] = channel

    def enqueue(self, channel: str, subject: str, ref: Document) -> None:
        """Queue a notification; twice when duplicates are on, unsent while deliveries are held."""
        for _ in range(2 if self._store.setting("duplicates", False) else 1):
            delivery = {
                "id": f"dlv_{secrets.token_hex(8)}",
                "channel": channel,
                "subject": subject,
                "ref": ref,
                "status": "held" if self._store.setting("hold", False) else "pending",
                "attempts": [],
                "next_at": wall_time(),
                "created": wall_time(),
            }
            self._store.put("delivery", delivery["id"], delivery)
            if delivery["status"] == "pending":
                self._schedule(delivery)

    def redeliver(self, delivery_id: str) -> Document | None:
        """Send a delivery again, whatever became of it."""
        delivery = self._store.get("delivery", delivery_id)
        if delivery is not None:
            self._revive(delivery)
        return delivery

    def hold(self) -> None:
        """Keep back everything that has not been sent."""
        self._store.set("hold", True)
        for delivery in self._store.where("delivery", status="pending"):
            delivery["status"] = "held"
            self._store.put("delivery", delivery["id"], delivery)

    def release(self, order: Order, only: list[str] | None = None) -> list[str]:
        """Send what was held back, in the given order; without a list also stop holding."""
        held = [
            delivery
            for delivery in self._store.where("delivery", status="held")
            if only is None or delivery["id"] in only
        ]
        if order == "reverse":
            held.reverse()
        elif order == "shuffle":
            random.SystemRandom().shuffle(held)
        if only is None:
            self._store.set("hold", False)
        for delivery in held:
            self._revive(delivery)
        return [delivery["id"] for delivery in held]

    def idle(self) -> bool:
        """Say whether nothing is waiting to be sent; what is held does not count."""
        return not self._sending and not self._store.where("delivery", status="pending")

    async def run(self) -> None:
        """Send what is due until cancelled, starting with what an earlier process left."""
        for delivery in self._store.where("delivery", status="pending"):
            self._schedule(delivery)
        limits = httpx.Limits(max_connections=_CONCURRENCY)
        async with httpx.AsyncClient(
            timeout=self._timeout, limits=limits, trust_env=False
        ) as client:
            try:
                while True:
                    await self._send_due(client)
            finally:
                for task in list(self._sending):
                    task.cancel()

    async def _send_due(self, client: httpx.AsyncClient) -> None:
        self._wake.clear()
        while (
            self._queue and self._queue[0][0] <= wall_time() and len(self._sending) < _CONCURRENCY
        ):
            _, _, delivery_id = heapq.heappop(self._queue)
            delivery = self._store.get("delivery", delivery_id)
            if delivery is None or delivery["status"] != "pending":
                continue
            task = asyncio.create_task(self._attempt(client, delivery))
            self._sending.add(task)
            task.add_done_callback(self._finished)
        pause = None
        if self._queue and len(self._sending) < _CONCURRENCY:
            pause = max(self._queue[0][0] - wall_time(), 0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), pause)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._wake.set()

    async def _attempt(self, client: httpx.AsyncClient, delivery: Document) -> None:
        channel = self._channels[delivery["channel"]]
        parcel = channel.pack(delivery)
        if parcel is None:
            self._settle(delivery, status="failed", outcome={"error": "nothing to send any more"})
            return
        started = wall_time()
        outcome: Document = {"at": started, "url": parcel.url, "status": None, "error": None}
        accepted = False
        try:
            response = await client.post(parcel.url, content=parcel.body, headers=parcel.headers)
            outcome["status"] = response.status_code
            outcome["answer"] = response.text[:500]
            accepted = channel.accepted(response)
        except httpx.HTTPError as error:
            outcome["error"] = f"{type(error).__name__}: {error}"
        outcome["seconds"] = round(wall_time() - started, 4)
        self._settle(delivery, status="delivered" if accepted else "pending", outcome=outcome)

    def _settle(self, delivery: Document, status: str, outcome: Document) -> None:
        if self._store.get("delivery", delivery["id"]) is not delivery:
            return  # the world was reset while this was under way
        delivery["attempts"].append(outcome)
        failures = len(delivery["attempts"])
        if status == "pending" and failures > len(self._delays):
            status = "failed"
        if status == "pending" and delivery["status"] == "held":
            status = "held"
        delivery["status"] = status
        if status == "pending":
            delivery["next_at"] = wall_time() + self._delays[failures - 1]
            self._schedule(delivery)
        self._store.put("delivery", delivery["id"], delivery)
        self._store.trim("delivery", KEEP_DELIVERIES)
        self._store.flush()

    def _revive(self, delivery: Document) -> None:
        delivery["status"] = "pending"
        delivery["attempts"] = []
        delivery["next_at"] = wall_time()
        self._store.put("delivery", delivery["id"], delivery)
        self._schedule(delivery)

    def _schedule(self, delivery: Document) -> None:
        self._sequence += 1
        heapq.heappush(self._queue, (delivery["next_at"], self._sequence, delivery["id"]))
        self._wake.set()
