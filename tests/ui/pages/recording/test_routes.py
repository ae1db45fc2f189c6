"""Takes as the browser sends them: measured, kept under a name of ours, played, brought back."""

from __future__ import annotations

import math
from array import array
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from launcher.config import Config
from launcher.services import recording
from launcher.ui.application import make_site
from launcher.ui.pages.recording import routes
from launcher.ui.pages.recording.routes import LOST_HEADER, RATE_HEADER, register_takes
from launcher.ui.state.site import Site
from launcher.workshop.recording.reading import prompt_key
from launcher.workshop.table import read_lines

RATE_HZ = 16_000
TEXTS = ["The ferry leaves the harbour at a quarter past six.", "Who is there?"]
ONE, TWO = map(prompt_key, TEXTS)


def floats(seconds: float, level: float = 0.3) -> bytes:
    """A tone between two silences, as the worklet hands it on."""
    edge = [0.0] * (RATE_HZ // 4)
    tone = [
        level * math.sin(2 * math.pi * 220 * n / RATE_HZ) for n in range(round(seconds * RATE_HZ))
    ]
    return array("f", [*edge, *tone, *edge]).tobytes()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = make_site(Config(tmp_path / "config", tmp_path / "data"), environment={})
    yield site
    site.history.close()


@pytest.fixture
async def folder(site: Site) -> Path:
    found = site.config.datasets_folder / "anna"
    sentences = "\n".join(TEXTS).encode()
    await recording.begin_with_sent(found, "en_US", sentences, "mine.txt", now=lambda: 1.0)
    return found


@pytest.fixture
async def browser(site: Site, folder: Path) -> AsyncIterator[AsyncClient]:
    outer = FastAPI()
    register_takes(site, outer, lambda _: 10**12)
    async with AsyncClient(transport=ASGITransport(outer), base_url="http://here") as client:
        yield client


async def put(
    browser: AsyncClient, key: str, raw: bytes, rate: Any = RATE_HZ, lost: Any = 0
) -> Response:
    headers = {RATE_HEADER: str(rate), LOST_HEADER: str(lost)}
    return await browser.put(f"/recordings/anna/takes/{key}", content=raw, headers=headers)


async def test_a_good_take_is_a_clip_with_its_line_and_can_be_heard(
    browser: AsyncClient, folder: Path
) -> None:
    answer = await put(browser, ONE, floats(3.0))
    assert (answer.status_code, answer.json()) == (
        201,
        {"kept": True, "seconds": 3.5, "findings": []},
    )
    (line,) = read_lines(folder)
    assert (line.file, line.text) == ("wavs/en-us-0001.wav", TEXTS[0])
    heard = await browser.get(f"/recordings/anna/takes/{ONE}")
    assert heard.content == (folder / line.file).read_bytes()
    assert (heard.headers["content-type"], heard.headers["cache-control"]) == (
        "audio/wav",
        "no-store",
    )


async def test_a_take_with_a_fault_is_kept_and_its_fault_said(
    browser: AsyncClient, folder: Path
) -> None:
    answer = await put(browser, ONE, floats(1.0), lost=0.02)
    assert answer.status_code == 201
    assert [each["code"] for each in answer.json()["findings"]] == ["clip-short", "take-dropout"]
    assert len(read_lines(folder)) == 1


async def test_a_take_that_cannot_be_used_is_not_kept_and_leaves_the_one_before(
    browser: AsyncClient, folder: Path
) -> None:
    await put(browser, ONE, floats(3.0))
    before = (folder / "wavs/en-us-0001.wav").read_bytes()
    answer = await put(browser, ONE, floats(3.0, level=0.0))
    assert (answer.status_code, answer.json()["kept"]) == (422, False)
    assert answer.json()["findings"][0]["text"] == "Nothing was heard."
    assert (folder / "wavs/en-us-0001.wav").read_bytes() == before


async def test_the_take_before_comes_back(browser: AsyncClient, folder: Path) -> None:
    await put(browser, ONE, floats(3.0))
    await put(browser, ONE, floats(4.0))
    answer = await browser.post(f"/recordings/anna/takes/{ONE}/before")
    assert answer.json() == {"seconds": 3.5}
    refused = await browser.post(f"/recordings/anna/takes/{TWO}/before")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "There is no earlier take of this sentence. Record it again instead.",
    )


async def test_where_the_person_was_is_there_after_a_restart(
    browser: AsyncClient, folder: Path
) -> None:
    told = {"at": TWO, "skipped": [ONE, "of nothing"]}
    assert (await browser.put("/recordings/anna/place", json=told)).status_code == 200
    found = await recording.read(folder)
    assert found is not None
    assert (found.at, set(found.skipped)) == (TWO, {ONE})


async def test_sentences_come_as_a_file_of_the_browser(browser: AsyncClient, folder: Path) -> None:
    path = "/recordings/anna/sentences?language=de_DE&file=../../neue.txt"
    answer = await browser.put(path, content=b"Guten Tag.\nWie geht es?\n")
    assert (answer.status_code, answer.json()) == (201, {"sentences": 2})
    found = await recording.read(folder)
    assert found is not None
    assert (found.language, found.source, len(found.prompts)) == ("de_DE", "neue.txt", 2)
    refused = await browser.put(path, content=b"\xff\xfe\x00")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "neue.txt is not text in UTF-8. Save it again as plain text in UTF-8.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "raw", "rate", "lost", "status", "said"),
    [
        (
            f"anna/takes/{prompt_key('Another.')}",
            floats(1),
            RATE_HZ,
            0,
            404,
            "no longer in the list",
        ),
        ("anna/takes/..%5C..%5Cetc", floats(1), RATE_HZ, 0, 404, "no longer in the list"),
        (f"con/takes/{ONE}", floats(1), RATE_HZ, 0, 409, "reserved name"),
        (f"..evil/takes/{ONE}", floats(1), RATE_HZ, 0, 409, "cannot be the name"),
        (f"berta/takes/{ONE}", floats(1), RATE_HZ, 0, 409, "No sentences were chosen"),
        (f"anna/takes/{ONE}", b"", RATE_HZ, 0, 422, "did not arrive completely"),
        (f"anna/takes/{ONE}", b"abc", RATE_HZ, 0, 422, "did not arrive completely"),
        (f"anna/takes/{ONE}", floats(1), 5, 0, 422, "No microphone records at 5 Hz"),
        (f"anna/takes/{ONE}", floats(1), "nan", 0, 400, "is not valid"),
        (f"anna/takes/{ONE}", floats(1), "many", 0, 400, "is not valid"),
        (f"anna/takes/{ONE}", floats(1), RATE_HZ, "-1", 400, "is not valid"),
    ],
)
async def test_what_is_no_take_is_refused_in_one_sentence(
    browser: AsyncClient,
    folder: Path,
    path: str,
    raw: bytes,
    rate: Any,
    lost: Any,
    status: int,
    said: str,
) -> None:
    headers = {RATE_HEADER: str(rate), LOST_HEADER: str(lost)}
    answer = await browser.put(f"/recordings/{path}", content=raw, headers=headers)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert read_lines(folder) == []
    assert sorted(one.name for one in folder.parent.iterdir()) == ["anna"]


async def test_more_than_a_sentence_is_not_even_read(
    browser: AsyncClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MOST_BYTES", 1_000)

    async def endless() -> AsyncIterator[bytes]:
        """Without a length that could be looked at first."""
        for sent in range(100):
            assert sent < 20, "it went on reading"
            yield bytes(100)

    for content in (bytes(1_001), endless()):
        answer = await browser.put(
            f"/recordings/anna/takes/{ONE}", content=content, headers={RATE_HEADER: "16000"}
        )
        assert (answer.status_code, answer.json()["detail"]) == (
            413,
            "It is larger than 1.0 kB, which is the limit.",
        )


async def test_a_disk_that_is_full_keeps_its_room(site: Site, folder: Path) -> None:
    outer = FastAPI()
    register_takes(site, outer, lambda _: routes.FREE_BYTES_KEPT)
    async with AsyncClient(transport=ASGITransport(outer), base_url="http://here") as client:
        answer = await put(client, ONE, floats(3.0))
    assert (answer.status_code, "stay free" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("told", [b"", b"[]", b'{"skipped": 3}', b"\xff"])
async def test_a_place_that_makes_no_sense_is_refused(browser: AsyncClient, told: bytes) -> None:
    answer = await browser.put("/recordings/anna/place", content=told)
    assert (answer.status_code, "is not valid" in answer.json()["detail"]) == (400, True)


async def test_of_a_sentence_without_a_take_there_is_nothing_to_hear(browser: AsyncClient) -> None:
    for path in (f"anna/takes/{TWO}", "anna/takes/nothing", f"berta/takes/{ONE}", "con/takes/x"):
        assert (await browser.get(f"/recordings/{path}")).status_code == 404


async def test_a_folder_elsewhere_is_written_to_by_the_name_of_its_page(
    site: Site, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "my voice"
    site.recording_folders["my-voice"] = elsewhere
    outer = FastAPI()
    register_takes(site, outer, lambda _: 10**12)
    await recording.begin_with_ours(elsewhere, "nl")
    found = await recording.read(elsewhere)
    assert found is not None
    async with AsyncClient(transport=ASGITransport(outer), base_url="http://here") as client:
        await client.put(
            f"/recordings/my-voice/takes/{prompt_key(found.prompts[0])}",
            content=floats(3.0),
            headers={RATE_HEADER: str(RATE_HZ)},
        )
    assert [line.text for line in read_lines(elsewhere)] == [found.prompts[0]]
