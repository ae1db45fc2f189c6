"""Load the server of websockets without the clients that come with it: a third of what NiceGUI takes to load.

Imported before NiceGUI. The libraries of the clients are installed, and load for whoever asks for them later.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import cast

_OF_CLIENTS = ("aiohttp", "requests", "websocket")


def _load() -> None:
    modules = cast("dict[str, object]", sys.modules)
    hidden = [name for name in _OF_CLIENTS if name not in modules]
    modules.update(dict.fromkeys(hidden))  # as if they were not installed, which is provided for
    try:
        import_module("socketio")
    finally:
        for name in hidden:
            del modules[name]


_load()
