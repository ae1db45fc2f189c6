"""A server on loopback that answers from a list."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

Answer = tuple[int, bytes, dict[str, str]]
"""Status, body, headers."""


class Server:
    """Answers what the list says, in order, and remembers method, path and the key it was shown."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.seen: list[tuple[str, str, str | None]] = []
        self.bodies: list[bytes] = []
        self.url = ""
        self.is_done = threading.Event()
        """Every answer was given."""

    @contextmanager
    def up(self) -> Iterator[Server]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen.append((self.command, self.path, self.headers["Authorization"]))
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"] or 0)))
                code, body, headers = outer.answers.pop(0)
                self.send_response(code)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if not outer.answers:
                    outer.is_done.set()

            do_POST = do_DELETE = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
