"""A notebook's kernel as far as one needs it: cells in one namespace, `await` at the top, what they end with shown."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Iterable
from types import ModuleType, SimpleNamespace
from typing import Any


class Notebook(ModuleType):
    """Stands for IPython in a kernel. `drawn`: each output with its states; `shown`: what cells end with."""

    def __init__(self) -> None:
        super().__init__("IPython")
        self.drawn: list[list[str]] = []
        self.shown: list[str] = []
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.get_ipython = lambda: SimpleNamespace(kernel=object())
        self.display = SimpleNamespace(HTML=lambda text: text, display=self._new)

    def run(self, cells: Iterable[str]) -> None:
        """One cell after the other, on a loop that runs as a kernel's does."""

        async def kernel() -> None:
            for cell in cells:
                await self._run(cell)

        asyncio.run(kernel())

    async def _run(self, cell: str) -> None:
        tree = ast.parse(cell)
        ending = tree.body[-1]
        if isinstance(ending, ast.Expr):
            tree.body[-1] = ast.Assign([ast.Name("_", ast.Store())], ending.value)
            ast.fix_missing_locations(tree)
        code = compile(tree, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, self.names)
        if inspect.isawaitable(result):
            await result
        value = self.names.pop("_", None)
        if value is not None:
            self.shown.append(getattr(value, "_repr_html_", value.__repr__)())

    def _new(self, page: str, display_id: bool) -> Any:
        assert display_id
        states = [page]
        self.drawn.append(states)
        return SimpleNamespace(update=states.append)
