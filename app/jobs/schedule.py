"""The one scheduler: what recurs, by the product's clock, so that moving the clock runs it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.services.context import Context

Task = Callable[[Context], Awaitable[int]]
"""Does what is due and returns how much that was; it is called again at once while it is not 0."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """A task that finds by itself what is due and does it once, however often it is called."""

    name: str
    every: dt.timedelta
    run: Task


RECURRING: dict[str, Recurring] = {}


def every(interval: dt.timedelta) -> Callable[[Task], Task]:
    """Register the decorated function; several workers may run it at once, so it holds under that.

    No interval at all means: at every look at the outbox.
    """

    def register(task: Task) -> Task:
        if task.__name__ in RECURRING:
            raise ValueError(f"two recurring tasks named {task.__name__}")
        RECURRING[task.__name__] = Recurring(task.__name__, interval, task)
        return task

    return register


class Agenda:
    """Remembers when each task last ran in this process; a new process runs them all at once."""

    def __init__(self) -> None:
        self._ran: dict[str, dt.datetime] = {}

    def due(self, now: dt.datetime) -> list[Recurring]:
        """Return what should run at this instant."""
        return [
            task
            for task in RECURRING.values()
            if task.name not in self._ran or now - self._ran[task.name] >= task.every
        ]

    def ran(self, task: Recurring, now: dt.datetime) -> None:
        """Note that a task ran."""
        self._ran[task.name] = now
