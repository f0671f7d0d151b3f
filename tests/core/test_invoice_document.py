from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from app.core.invoice_document import Brand, Paper, paper_for


@pytest.mark.parametrize(
    ("country", "paper"),
    [
        ("US", Paper.LETTER),
        ("us", Paper.LETTER),
        ("CA", Paper.LETTER),
        ("CN", Paper.A4),
        ("DE", Paper.A4),
        ("", Paper.A4),
    ],
)
def test_the_country_decides_the_paper(country: str, paper: Paper) -> None:
    assert paper_for(country) is paper


def test_a_document_cannot_be_changed() -> None:
    brand = Brand("Acme Toys")
    with pytest.raises(FrozenInstanceError):
        brand.name = "Other"  # type: ignore[misc]
