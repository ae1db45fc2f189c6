"""Another server on the same computer, perhaps another user's: it never sees the form's cookie, whatever is clicked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.browser.stage import Form, Stage
from tests.browser.window import Window

pytestmark = pytest.mark.slow

PAGE = """<!doctype html><title>Neighbour</title>
<a id="same" href="/followed">the same server</a>
<a id="name" href="http://localhost:{port}/by-name">by its other name</a>
<form id="post" method="post" action="http://127.0.0.1:{port}/posted"><button>Send</button></form>
<img src="http://127.0.0.1:{port}/picture.png"><img src="http://localhost:{port}/picture.png">
<iframe src="http://localhost:{port}/framed"></iframe>
<script>
for (const host of ["127.0.0.1", "localhost"])
  fetch(`http://${{host}}:{port}/fetched`, {{credentials: "include", mode: "no-cors"}});
</script>"""


@dataclass
class Neighbour:
    """A server on 127.0.0.1 at a port of its own; `seen` are the requests as (path, Cookie header)."""

    server: ThreadingHTTPServer
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def paths(self) -> set[str]:
        return {path for path, _ in self.seen}

    @property
    def cookies(self) -> set[str]:
        return {cookie for _, cookie in self.seen}


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append((self.path, self.headers.get("Cookie", "")))
            if length := int(self.headers.get("Content-Length") or 0):
                self.rfile.read(length)
            body = PAGE.format(port=found.port).encode() if self.path == "/" else b"<!doctype html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            """A test says nothing on stderr."""

    found = Neighbour(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def is_let_in(page: Any, form: Form) -> bool:
    answer = page.goto(form.base + "/help")
    return bool(answer.status == 200)


def test_no_click_shows_the_cookie_to_another_server_on_this_computer(
    window: Window, form: Form, neighbour: Neighbour
) -> None:
    other = window.tab()
    for start in (f"http://127.0.0.1:{neighbour.port}/", f"http://localhost:{neighbour.port}/"):
        for act in ("#same", "#name", "#post button"):
            window.page.evaluate(  # a link on a page of the form itself, as in a pod's words
                "(href) => { const a = document.createElement('a'); a.href = href; a.target = '_blank';"
                " document.body.append(a); a.click(); a.remove(); }",
                start + "from-the-form",
            )
            other.goto(start)
            other.wait_for_load_state("networkidle")
            other.click(act)
            other.wait_for_load_state("networkidle")
    wanted = {"/followed", "/by-name", "/posted", "/picture.png", "/framed", "/fetched"}
    assert wanted | {"/from-the-form"} <= neighbour.paths
    assert neighbour.cookies == {""}
    assert is_let_in(window.page, form)
    window.abroad.clear()  # to the neighbour, and meant
    window.problems.clear()


def test_a_page_of_another_local_server_reads_and_sends_nothing_to_the_form(
    window: Window, form: Form, neighbour: Neighbour
) -> None:
    other = window.tab()
    other.goto(f"http://127.0.0.1:{neighbour.port}/followed")
    outcomes = other.evaluate(
        """async (base) => {
          const asked = async (how) => fetch(base + '/keys', how).then(a => a.type, () => 'refused');
          const picture = new Promise(done => {
            const one = new Image();
            one.onload = () => done('shown'); one.onerror = () => done('refused');
            one.src = base + '/assets/favicon.svg';
          });
          const socket = new Promise(done => {
            const one = new WebSocket(base.replace('http', 'ws')
              + '/_nicegui_ws/socket.io/?EIO=4&transport=websocket');
            one.onopen = () => done('open'); one.onerror = () => done('refused');
          });
          return [await asked({credentials: 'include'}), await picture, await socket];
        }""",
        form.base,
    )
    assert outcomes == ["refused", "refused", "refused"]
    window.abroad.clear()
    window.problems.clear()


def test_the_form_comes_back_under_its_name_with_what_the_browser_kept_for_it(
    chromium: Any, staged: Stage
) -> None:
    form = staged.open_form(home="kept")
    window = Window(chromium, form)
    window.enter()
    window.page.evaluate("localStorage.setItem('chosen', 'dark')")
    assert window.page.evaluate("window.isSecureContext && 'mediaDevices' in navigator")
    before = form.base
    form.close()
    form.port = 0  # nobody says a port: the one of last time
    form.start()
    window.enter()
    assert form.base == before
    assert window.page.evaluate("localStorage.getItem('chosen')") == "dark"
    window.close()
    form.close()
