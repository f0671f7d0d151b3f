from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.documents.flow import Block, paginate
from app.documents.typeset import Pen

FIRST, NEXT, BOTTOM = 200.0, 60.0, 700.0


def nothing(pen: Pen, top: float) -> None:
    """Draw nothing."""


HEAD = Block(20, nothing, in_table=True)


def pages_of(blocks: list[Block]) -> list[list[Block]]:
    pages = paginate(blocks, HEAD, first_top=FIRST, next_top=NEXT, bottom=BOTTOM)
    return [[block for _, block in page.placed] for page in pages]


@given(
    st.lists(
        st.builds(
            Block,
            st.floats(5, 400),
            st.just(nothing),
            in_table=st.booleans(),
            with_previous=st.booleans(),
        )
    )
)
def test_every_block_is_placed_once_in_order_and_fits(blocks: list[Block]) -> None:
    pages = paginate(blocks, HEAD, first_top=FIRST, next_top=NEXT, bottom=BOTTOM)
    assert not any(page.placed[-1][1] is HEAD for page in pages if len(page.placed) > 1)
    placed = [block for page in pages for _, block in page.placed if block is not HEAD]
    assert [id(block) for block in placed] == [id(block) for block in blocks]
    for page in pages:
        tops = [top for top, _ in page.placed]
        assert tops == sorted(tops)
        overflow = page.end > BOTTOM
        assert not overflow or len([b for _, b in page.placed if b is not HEAD]) <= 2


def test_the_head_of_a_table_is_repeated() -> None:
    rows = [Block(30, nothing, in_table=True) for _ in range(60)]
    first, *others = pages_of([HEAD, *rows])
    assert first[0] is HEAD
    assert others
    assert all(page[0] is HEAD for page in others)


def test_a_head_never_stands_alone_at_the_end_of_a_page() -> None:
    row = Block(100, nothing, in_table=True)
    first, second = pages_of([Block(450, nothing), HEAD, row])
    assert HEAD not in first
    assert second == [HEAD, row]


def test_a_block_outside_the_table_gets_no_head() -> None:
    _, second = pages_of([Block(490, nothing, in_table=True), Block(30, nothing)])
    assert second[0] is not HEAD


def test_totals_take_the_last_row_along() -> None:
    rows = [Block(100, nothing, in_table=True) for _ in range(5)]
    totals = Block(80, nothing, with_previous=True)
    _, second = pages_of([*rows, totals])
    assert second == [HEAD, rows[-1], totals]


def test_a_block_taller_than_a_page_is_placed_all_the_same() -> None:
    tall = Block(5000, nothing)
    assert pages_of([tall, Block(10, nothing)])[0] == [tall]
