"""What a tool gives back: our own facts as JSON, and what others wrote apart from them, marked as foreign."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ParamSpec

from mcp.types import CallToolResult, ContentBlock, TextContent

from launcher.errors import LauncherError
from launcher.serve.documents.base import as_json
from launcher.serve.mcp.next_steps import refusal

P = ParamSpec("P")


def answer(
    facts: dict[str, Any], *foreign_texts: str, media: Sequence[ContentBlock] = ()
) -> CallToolResult:
    """`facts` hold nothing that others wrote, but names and numbers that were checked."""
    facts = as_json(facts)  # a pod may tell numbers that are none
    blocks: list[ContentBlock] = [TextContent(text=json.dumps(facts, ensure_ascii=False))]
    blocks += [TextContent(text=text) for text in foreign_texts if text]
    return CallToolResult(content=[*blocks, *media], structured_content=facts)


def refused(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=True)


def tells_errors(
    tool: Callable[P, Awaitable[CallToolResult]],
) -> Callable[P, Awaitable[CallToolResult]]:
    """A tool whose errors are answers: what happened, and what an agent does next."""

    @functools.wraps(tool)
    async def told(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
        try:
            return await tool(*args, **kwargs)
        except LauncherError as error:
            return refused(refusal(error))

    return told
