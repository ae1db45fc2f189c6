"""TensorBoard on one folder, in a process that may read nothing else: what lies there was written by a stranger.

It hears one line on stdin (folder, port, title), answers one line on stdout, and ends when its stdin is closed: it
outlives nobody who started it. Libraries are loaded and the port is bound before it shuts itself in.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from pod_image.foreign.walls import shut_in

HOST = "127.0.0.1"
RELOAD_SECONDS = 10


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started this one
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    try:
        answer = {"url": _serve(Path(asked["folder"]), int(asked["port"]), str(asked["title"]))}
    except Exception as error:
        answer = {"failed": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # its threads would keep it


def _serve(folder: Path, port: int, title: str) -> str:
    """Start it, and give its address. The path in it is a secret: a page of a stranger cannot guess it."""
    listening = socket.create_server((HOST, port))
    at = listening.getsockname()[1]
    prefix = f"/{secrets.token_urlsafe(16)}"
    sys.modules["tensorboard.compat.notf"] = ModuleType("notf")  # its own reader, not TensorFlow's
    from tensorboard import default, program
    from werkzeug.serving import make_server

    class Server(program.TensorBoardServer):  # type: ignore[misc]  # it has no types
        """At the port that is bound already: none can be bound any more."""

        def __init__(self, app: Any, flags: Any) -> None:
            self._server = make_server(HOST, at, app, threaded=True, fd=listening.fileno())

        def serve_forever(self) -> None:
            self._server.serve_forever()

        def get_url(self) -> str:
            return f"http://{HOST}:{at}{prefix}/"

    shown = program.TensorBoard(plugins=default.get_static_plugins(), server_class=Server)
    shown.configure(
        argv=["tensorboard"],
        logdir=str(folder),
        load_fast="false",  # the quicker reader is a program of its own, and does not see a file that is replaced
        reload_interval=RELOAD_SECONDS,
        path_prefix=prefix,
        window_title=title,
    )
    shut_in([folder])
    url: str = shown.launch()
    return url


if __name__ == "__main__":
    main()
