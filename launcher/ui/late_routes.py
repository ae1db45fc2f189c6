"""Routes of modules that are loaded when the first of them is asked for: at its start a form needs one page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from starlette.routing import BaseRoute, Match, Router, compile_path
from starlette.types import Receive, Scope, Send


class LateRoutes(BaseRoute):
    """Stand for the routes at these paths until `load` is through; `load` adds them to the router, once.

    It may be awaited again before it is through, by requests that come meanwhile.
    """

    def __init__(
        self, router: Router, paths: Iterable[str], load: Callable[[], Awaitable[None]]
    ) -> None:
        self._router, self._load = router, load
        self._patterns = [compile_path(path)[0] for path in paths]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope["path"] if scope["type"] == "http" else ""
        is_here = any(pattern.match(path) for pattern in self._patterns)
        return (Match.FULL if is_here else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._load()
        self._patterns.clear()
        await self._router(scope, receive, send)
