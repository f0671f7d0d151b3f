"""The product's side of the notifications: a real HTTP server that keeps what it gets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Note:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Note], tuple[int, str]]


def _fine(note: Note) -> tuple[int, str]:
    return 200, "success"


@dataclass
class Receiver:
    """Keeps every notification; `answer` decides how it is taken."""

    notes: list[Note] = field(default_factory=list)
    answer: Answer = _fine
    url: str = ""

    def reset(self) -> None:
        self.notes.clear()
        self.answer = _fine

    @contextmanager
    def running(self) -> Generator[None]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                note = Note(self.path, headers, body)
                outer.notes.append(note)
                status, text = outer.answer(note)
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
