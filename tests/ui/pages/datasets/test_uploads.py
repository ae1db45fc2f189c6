"""Uploads go straight to disk, under safe names, whole or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from launcher.config import Config
from launcher.ui.application import make_site
from launcher.ui.pages.datasets.uploads import (
    FREE_BYTES_KEPT,
    LEFT_BEHIND_SECONDS,
    MODIFIED_HEADER,
    PIECE_BYTES,
    Incoming,
    Refused,
    incoming,
    register_uploads,
    safe_target,
    store,
)
from launcher.ui.state.site import Site


async def chunks(*parts: bytes, fails: bool = False) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if fails:
        raise ConnectionError("the browser disconnected")


@pytest.mark.parametrize(
    "path", ["a.wav", "folder/sub/b.FLAC", "./c.txt", "metadata.csv", "x.tar.gz"]
)
def test_recordings_and_transcripts_are_taken(tmp_path: Path, path: str) -> None:
    target = safe_target(tmp_path, path)
    assert target.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("../outside.wav", 400),
        ("a/../../outside.wav", 400),
        ("..\\outside.wav", 400),
        ("C:outside.wav", 400),
        ("\\\\server\\share\\a.wav", 400),
        ("nul.wav", 400),
        ("folder./a.wav", 400),
        ("a\x1b[2J.wav", 400),
        (".hidden.wav", 400),
        ("", 400),
        ("a/b/c/d/e/f/g.wav", 400),
        ("x" * 300 + ".wav", 400),
        ("virus.exe", 415),
        ("no-ending", 415),
    ],
)
def test_other_names_are_refused(tmp_path: Path, path: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        safe_target(tmp_path, path)
    assert refused.value.status == status


async def test_a_file_is_there_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.wav"
    assert await store(chunks(b"RIFF", b"data"), target) == 8
    assert target.read_bytes() == b"RIFFdata"
    assert Incoming(tmp_path).files == [target]


async def test_a_broken_upload_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    with pytest.raises(ConnectionError):
        await store(chunks(b"RIFF", fails=True), target)
    assert Incoming(tmp_path).everything == []


async def test_a_file_over_the_limit_is_refused_while_it_comes(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        await store(chunks(b"12345", b"67890"), tmp_path / "a.wav", limit=7)
    assert refused.value.status == 413
    assert Incoming(tmp_path).everything == []


async def test_a_second_upload_replaces_the_first(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    await store(chunks(b"one"), target)
    await store(chunks(b"two"), target)
    assert target.read_bytes() == b"two"
    Incoming(tmp_path).clear()
    assert Incoming(tmp_path).everything == []


async def test_two_uploads_of_one_name_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    first, second = b"1" * PIECE_BYTES, b"2" * PIECE_BYTES
    await asyncio.gather(store(chunks(first, first), target), store(chunks(second, second), target))
    assert target.read_bytes() in (first * 2, second * 2)
    assert Incoming(tmp_path).everything == [target]


async def test_a_disk_that_runs_full_on_the_way_is_said_and_nothing_left(tmp_path: Path) -> None:
    left = iter([FREE_BYTES_KEPT + PIECE_BYTES, FREE_BYTES_KEPT])
    with pytest.raises(Refused, match=r"2\.1 GB left") as refused:
        await store(
            chunks(b"1" * PIECE_BYTES, b"2" * PIECE_BYTES),
            tmp_path / "a.wav",
            free=lambda: next(left),
        )
    assert refused.value.status == 507
    assert Incoming(tmp_path).everything == []


# the route, as the browser speaks to it


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = make_site(Config(tmp_path / "config", tmp_path / "data"), environment={})
    yield found
    found.history.close()


def browser(site: Site, free_bytes: int = 10**12) -> AsyncClient:
    outer = FastAPI()
    register_uploads(site, outer, free_bytes=lambda: free_bytes)
    return AsyncClient(transport=ASGITransport(outer), base_url="http://here")


async def test_fifty_files_of_a_folder_arrive_three_at_a_time(site: Site) -> None:
    waiting = [f"anna/part-{number % 7}/{number:02d}.wav" for number in range(50)]
    async with browser(site) as client:

        async def send() -> None:
            while waiting:
                name = waiting.pop()
                answer = await client.put(f"/uploads/voice/{name}", content=name.encode())
                assert answer.status_code == 201

        await asyncio.gather(send(), send(), send())
    files = incoming(site, "voice").files
    assert len(files) == 50
    assert all(path.read_text().endswith(path.name) for path in files)


async def test_a_file_of_many_pieces_arrives_whole_and_in_order(site: Site) -> None:
    pieces = [bytes([number]) * 700_000 for number in range(12)]
    async with browser(site) as client:
        answer = await client.put("/uploads/voice/long.wav", content=chunks(*pieces))
    assert answer.text == "stored"
    (path,) = incoming(site, "voice").files
    assert path.read_bytes() == b"".join(pieces)


async def test_a_connection_that_is_cut_leaves_what_was_there_before(site: Site) -> None:
    outer = FastAPI()
    register_uploads(site, outer)
    whole: list[dict[str, object]] = [
        {"type": "http.request", "body": b"before", "more_body": False}
    ]
    cut: list[dict[str, object]] = [
        {"type": "http.request", "body": b"after", "more_body": True},
        {"type": "http.disconnect"},
    ]
    for messages in (whole, cut):
        await put(outer, "/uploads/voice/a.wav", iter(messages))
    (path,) = incoming(site, "voice").everything
    assert path.read_bytes() == b"before"


async def put(outer: FastAPI, path: str, messages: Iterator[dict[str, object]]) -> None:
    """A request as the server hands it on, message by message."""
    scope = {"type": "http", "method": "PUT", "path": path, "headers": [], "query_string": b""}

    async def receive() -> dict[str, object]:
        return next(messages)

    async def send(message: MutableMapping[str, Any]) -> None:
        assert message["type"] in ("http.response.start", "http.response.body")

    await outer(scope, receive, send)


async def test_what_is_there_is_told_so_that_it_need_not_be_sent_again(site: Site) -> None:
    async with browser(site) as client:
        assert (await client.get("/uploads/voice")).json() == {}
        await client.put(
            "/uploads/voice/sub/a%20b.wav",
            content=b"RIFF",
            headers={MODIFIED_HEADER: "1700000000"},
        )
        assert (await client.get("/uploads/voice")).json() == {"sub/a b.wav": [4, 1_700_000_000]}
        assert (await client.get("/uploads/.others")).status_code == 404


@pytest.mark.parametrize("modified", ["", "-5", "soon", "9" * 30])
async def test_a_date_that_is_none_is_passed_over(site: Site, modified: str) -> None:
    async with browser(site) as client:
        answer = await client.put(
            "/uploads/voice/a.wav", content=b"RIFF", headers={MODIFIED_HEADER: modified}
        )
    assert answer.status_code == 201


async def test_a_full_disk_is_said_before_a_byte_is_written(site: Site) -> None:
    async with browser(site, free_bytes=FREE_BYTES_KEPT + 3) as client:
        answer = await client.put("/uploads/voice/a.wav", content=b"RIFF")
        assert (answer.status_code, "left" in answer.text) == (507, True)
        assert (await client.put("/uploads/voice/b.wav", content=b"RIF")).status_code == 201
    assert [path.name for path in incoming(site, "voice").everything] == ["b.wav"]


@pytest.mark.parametrize(
    ("path", "status"), [("voice/virus.exe", 415), ("..%2Fevil/a.wav", 400), ("voice/.x.wav", 400)]
)
async def test_the_route_refuses_in_words(site: Site, path: str, status: int) -> None:
    async with browser(site) as client:
        answer = await client.put(f"/uploads/{path}", content=b"RIFF")
    assert answer.status_code == status
    assert answer.text


def test_parts_that_nobody_writes_any_more_are_swept(site: Site) -> None:
    found = incoming(site, "voice")
    found.folder.mkdir(parents=True)
    old, young = found.folder / ".a.wav.1.unfinished", found.folder / ".b.wav.2.unfinished"
    for part in (old, young):
        part.write_bytes(b"RI")
    then = old.stat().st_mtime - LEFT_BEHIND_SECONDS - 60
    os.utime(old, (then, then))
    register_uploads(site, FastAPI())
    assert found.everything == [young]
