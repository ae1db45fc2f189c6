"""A plain page per repo, so that the addresses people are shown lead to something."""

from __future__ import annotations

import html

from launcher.emulator.hub.core import Call, Route
from launcher.emulator.hub.wire import Response


def repo_page(call: Call) -> Response:
    """The files of a repo the visitor may see. A browser brings no token: private ones are 401."""
    repo = call.readable_repo()
    commit = repo.resolve(call.parts.get("rev", "main"))
    base = call.hub.page_url(repo)
    rows = "".join(
        f'<li><a href="{base}/resolve/{commit.oid}/{html.escape(path)}">{html.escape(path)}</a>'
        f" ({blob.size} bytes)</li>"
        for path, blob in commit.tree.items()
    )
    title = html.escape(f"{repo.kind} {repo.id} at {commit.oid[:7]}")
    page = f"<!doctype html><title>{title}</title><h1>{title}</h1><ul>{rows}</ul>"
    return Response(200, {"content-type": "text/html; charset=utf-8"}, page.encode())


ROUTES = (
    Route.at("GET", "{page}", repo_page),
    Route.at("GET", "{page}/tree/{rev}", repo_page),
    Route.at("GET", "{page}/commit/{rev}", repo_page),
)
