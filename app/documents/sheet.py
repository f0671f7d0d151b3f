"""The sheet a document is drawn on: its edges, its words, and the document itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core.invoice_document import InvoiceDocument
from app.documents.texts import Words

_SIDE = 51.0  # 18 mm


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document on its paper; distances in points from the top left corner."""

    doc: InvoiceDocument
    words: Words
    width: float
    height: float

    @property
    def left(self) -> float:
        """The left edge of the text."""
        return _SIDE

    @property
    def right(self) -> float:
        """The right edge of the text."""
        return self.width - _SIDE

    @property
    def top(self) -> float:
        """The upper edge of the text."""
        return 45.0

    @property
    def bottom(self) -> float:
        """The lower edge of the text, above the footer."""
        return self.height - 66.0

    def label(self, name: str) -> str:
        """Return a label of this kind of document, or the common one of that name."""
        special = f"pdf.{self.doc.kind.value}.{name}"
        return self.words.text(special if self.words.has(special) else f"pdf.{name}")

    def text(self, name: str, /, **values: Any) -> str:
        """Return a sentence of this kind of document, filled in."""
        return self.words.text(f"pdf.{self.doc.kind.value}.{name}", **values)
