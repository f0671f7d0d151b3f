"""Breaks a column of blocks into pages: a table's head is repeated, and what belongs together stays together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.documents.typeset import Pen

Draw = Callable[[Pen, float], None]
"""Draws a block whose top edge is so many points below the top of the page."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that is never split. ``in_table`` asks for the table head on a fresh page.

    ``with_previous`` takes the block before it along to the next page, so that totals never stand alone.
    """

    height: float
    draw: Draw
    in_table: bool = False
    with_previous: bool = False


@dataclass(slots=True)
class Page:
    """Blocks with the distance of their top edges from the top of the page."""

    placed: list[tuple[float, Block]] = field(default_factory=list)
    end: float = 0.0

    def place(self, block: Block) -> None:
        """Put a block below everything else."""
        self.placed.append((self.end, block))
        self.end += block.height

    def take_last(self) -> Block:
        """Take the lowest block off again."""
        top, block = self.placed.pop()
        self.end = top
        return block


def paginate(
    blocks: Iterable[Block], head: Block, *, first_top: float, next_top: float, bottom: float
) -> list[Page]:
    """Place blocks from ``first_top`` on, then from ``next_top`` on further pages, down to ``bottom``.

    A block taller than a page is placed all the same and runs over; callers cut their blocks smaller.
    """
    pages = [Page(end=first_top)]
    for block in blocks:
        page = pages[-1]
        if page.end + block.height <= bottom or not page.placed:
            page.place(block)
            continue
        fresh = Page(end=next_top)
        moved = [block]
        if block.with_previous and len(page.placed) > 1:
            moved.insert(0, page.take_last())
        if page.placed[-1][1] is head:
            page.take_last()  # a head without a row below it
        if moved[0].in_table:
            fresh.place(head)
        for each in moved:
            fresh.place(each)
        pages.append(fresh)
    return pages
