"""One act of operations on several things of a page: each by itself, each refusal counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.services.context import Context
from app.services.ops_lists import SIZE
from models.person import Role


@dataclass(frozen=True, slots=True)
class Chosen:
    """A thing as whoever chose it saw it: ``attempts`` tells whether it was tried since."""

    id: UUID
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many were done, and why the others were not: sentences with how often each was said."""

    done: int
    refused: Mapping[str, int]


async def each(
    ctx: Context, chosen: Sequence[Chosen], act: Callable[[Chosen], Awaitable[None]]
) -> Outcome:
    """Do an act to each thing of a page, all in this transaction.

    The act must refuse before it changes anything. Raises ``ConflictError`` when all were refused.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    if len(chosen) > SIZE:
        raise InvalidInputError(f"Choose at most {SIZE} at once.")
    refused: Counter[str] = Counter()
    done = 0
    for one in sorted(set(chosen), key=lambda one: one.id):  # two operators lock in one order
        try:
            await act(one)
        except (ConflictError, NotFoundError) as refusal:
            refused[refusal.message] += 1
        else:
            done += 1
    if not done:
        raise ConflictError(in_words(refused) or "Nothing is chosen.", reason="nothing_done")
    return Outcome(done, refused)


def in_words(refused: Mapping[str, int]) -> str:
    """Say why things were not done, each reason with how often unless it is once."""
    return " ".join(
        text if count == 1 else f"{count} times: {text}" for text, count in refused.items()
    )
