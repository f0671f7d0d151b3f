"""Where the simulated world keeps its objects: memory, written through to SQLite when asked."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

Document = dict[str, Any]

# Look-ups by these fields are frequent and must not scan ten thousand customers.
_INDEXED = ("customer", "invoice", "payment_intent", "charge", "out_trade_no")


class Store:
    """Documents by kind and id, in order of creation.

    Changed documents must be handed to `put` again; `flush` writes them to disk in one transaction, so that a
    killed process never leaves half of a request behind.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._documents: dict[str, dict[str, Document]] = defaultdict(dict)
        self._index: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
        self._indexed_as: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        self._dirty: dict[tuple[str, str], None] = {}
        self._database: sqlite3.Connection | None = None
        if path is not None:
            self._open(path)

    def _open(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS document (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
            " id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id))"
        )
        for kind, key, body in database.execute("SELECT kind, id, body FROM document ORDER BY seq"):
            document = json.loads(body)
            self._documents[kind][key] = document
            self._reindex(kind, key, document)
        self._database = database

    def put(self, kind: str, key: str, document: Document) -> Document:
        """Store a new or changed document and return it."""
        self._documents[kind][key] = document
        self._reindex(kind, key, document)
        self._dirty[kind, key] = None
        return document

    def get(self, kind: str, key: str) -> Document | None:
        """Return one document, or None."""
        return self._documents[kind].get(key)

    def need(self, kind: str, key: str) -> Document:
        """Return a document that must exist."""
        return self._documents[kind][key]

    def delete(self, kind: str, key: str) -> None:
        """Forget a document."""
        if self._documents[kind].pop(key, None) is not None:
            self._unindex(kind, key)
            self._dirty[kind, key] = None

    def all(self, kind: str) -> list[Document]:
        """Return the documents of a kind, oldest first."""
        return list(self._documents[kind].values())

    def counts(self) -> dict[str, int]:
        """Return how many documents of each kind there are."""
        return {kind: len(documents) for kind, documents in sorted(self._documents.items())}

    def where(self, kind: str, **fields: Any) -> list[Document]:
        """Return the documents whose fields equal the given values, oldest first."""
        return [
            document
            for document in self._candidates(kind, fields)
            if all(document.get(name) == value for name, value in fields.items())
        ]

    def _candidates(self, kind: str, fields: dict[str, Any]) -> Iterator[Document]:
        documents = self._documents[kind]
        for name, value in fields.items():
            if name in _INDEXED and isinstance(value, str):
                yield from [documents[key] for key in self._index[kind, name, value]]
                return
        yield from list(documents.values())

    def trim(self, kind: str, keep: int) -> None:
        """Forget the oldest documents of a kind beyond a number."""
        documents = self._documents[kind]
        excess = len(documents) - keep
        if excess > 0:
            for key in list(islice(documents, excess)):
                self.delete(kind, key)

    def setting(self, name: str, default: Any = None) -> Any:
        """Return one setting of the simulation."""
        document = self.get("setting", name)
        return default if document is None else document["value"]

    def set(self, name: str, value: Any) -> None:
        """Remember one setting of the simulation."""
        self.put("setting", name, {"value": value})

    def clear(self) -> None:
        """Forget everything."""
        for kind in list(self._documents):
            for key in list(self._documents[kind]):
                self.delete(kind, key)
        self.flush()

    def flush(self) -> None:
        """Write what changed since the last call to disk, all or nothing."""
        if self._database is None:
            self._dirty.clear()
            return
        if not self._dirty:
            return
        self._database.execute("BEGIN")
        for kind, key in self._dirty:
            document = self._documents[kind].get(key)
            if document is None:
                self._database.execute(
                    "DELETE FROM document WHERE kind = ? AND id = ?", (kind, key)
                )
            else:
                self._database.execute(
                    "INSERT INTO document (kind, id, body) VALUES (?, ?, ?)"
                    " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                    (kind, key, json.dumps(document)),
                )
        self._database.execute("COMMIT")
        self._dirty.clear()

    def close(self) -> None:
        """Write what is left and close the file."""
        self.flush()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _reindex(self, kind: str, key: str, document: Document) -> None:
        places = [
            (kind, name, document[name]) for name in _INDEXED if isinstance(document.get(name), str)
        ]
        if self._indexed_as.get((kind, key)) == places:
            return
        self._unindex(kind, key)
        for place in places:
            self._index[place][key] = None
        self._indexed_as[kind, key] = places

    def _unindex(self, kind: str, key: str) -> None:
        for place in self._indexed_as.pop((kind, key), []):
            self._index[place].pop(key, None)
