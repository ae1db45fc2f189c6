"""`launcher dataset record` opens the page for recording, on the folder that was named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launcher.cli import app
from launcher.cli.recorded_dataset import page_name
from launcher.errors import InvalidRequest
from launcher.ui.state.site import Site
from launcher.workshop.recording.reading import read_reading
from tests.kit.printed_documents import check_printed

Opened = list[tuple[Site, str]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """What was served, and the page it led to; a form that is closed at once."""
    found: Opened = []

    async def serve(site: Site, *, landing: str, **_: Any) -> None:
        found.append((site, landing))
        site.history.close()

    monkeypatch.setattr("launcher.ui.application.serve", serve)
    monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return found


def sentences_in(folder: Path) -> tuple[str, str, int]:
    found = read_reading(folder)
    assert found is not None
    return found.language, found.source, len(found.prompts)


def test_a_name_is_recorded_among_those_kept_here(opened: Opened, tmp_path: Path) -> None:
    app.run(["dataset", "record", "anna", "--language", "de", "--no-browser"])
    ((site, landing),) = opened
    assert (landing, site.recording_folders) == ("/record/anna", {})
    kept = tmp_path / "home/data/datasets/anna"
    assert sentences_in(kept) == ("de_DE", "ours", 100)


def test_a_folder_anywhere_is_recorded_into(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("One day.\nWho?\n", "utf-8")
    app.run(["dataset", "record", "./my voice", "--prompts", "mine.txt", "--no-browser"])
    ((site, landing),) = opened
    assert landing == "/record/my-voice"
    assert site.recording_folders == {"my-voice": tmp_path / "my voice"}
    assert sentences_in(tmp_path / "my voice") == ("en_US", "mine.txt", 2)


def test_without_sentences_the_page_asks(opened: Opened, tmp_path: Path) -> None:
    app.run(["dataset", "record", "anna", "--no-browser"])
    assert [landing for _, landing in opened] == ["/record/anna"]
    assert not (tmp_path / "home/data/datasets/anna").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["anna", "--language", "fi"], "no sentences to read in 'fi'"),
        (["anna", "--prompts", "absent.txt"], "cannot be read"),
        (["con", "--language", "de"], "reserved name"),
    ],
)
def test_what_cannot_be_read_or_named_opens_nothing(
    opened: Opened, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["dataset", "record", *words, "--no-browser"]) != 0
    assert said in " ".join(capsys.readouterr().err.split())
    assert opened == []


def test_a_folder_has_a_name_that_can_stand_in_an_address(tmp_path: Path) -> None:
    assert page_name(tmp_path / "Ännas Stimme, neu") == "nnas-Stimme-neu"
    with pytest.raises(InvalidRequest, match="has no name"):
        page_name(Path("/"))


class _Door:
    def new_link(self, landing: str = "/") -> str:
        return f"http://form.localhost:8123/enter?token=once#{landing}"


@pytest.mark.parametrize(
    ("words", "landing"),
    [(("dataset", "record", "anna"), "/record/anna"), (("ui",), "/")],
)
def test_a_program_is_told_where_the_form_is(
    words: tuple[str, ...],
    landing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def serve(site: Site, *, ready: Callable[[_Door], None], **_: Any) -> None:
        ready(_Door())
        site.history.close()

    monkeypatch.setattr("launcher.ui.application.serve", serve)
    monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path / "home"))
    assert app.run([*words, "--no-browser", "--json"]) == 0
    printed = capsys.readouterr()
    check_printed((*words, "--json"), 0, printed.out, printed.err)
    assert json.loads(printed.out)["url"].endswith(f"#{landing}")
