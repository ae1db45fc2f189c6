"""An address that nobody has is answered in our own words."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from launcher.ui.application import _absent


def asked(endpoint: object = None) -> Request:
    return Request(
        {"type": "http", "method": "GET", "path": "/nowhere", "headers": [], "endpoint": endpoint}
    )


async def test_a_page_that_is_none_says_so_and_leads_on() -> None:
    answer = await _absent(asked(), HTTPException(404))
    body = bytes(answer.body).decode()
    assert answer.status_code == 404
    assert "This page does not exist" in body
    assert 'href="/"' in body


async def test_what_a_route_says_of_a_thing_that_is_not_there_stays_its_own() -> None:
    answer = await _absent(asked(lambda: None), HTTPException(404, "This take does not exist."))
    assert (answer.status_code, b"This take does not exist." in bytes(answer.body)) == (404, True)
