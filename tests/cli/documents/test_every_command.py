"""Every command answers under `--json`, and what it prints is held to the schema: the walks of tests/kit/json_walk.py.

`Shell` holds what any test of the command line prints under `--json` to it too.
"""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import launcher
from launcher.cli.documents.said import ErrorCode, code_of
from launcher.errors import LauncherError
from pod_image.hub import Repo, publish
from tests.cli.conftest import COMMAND_RUN, Said, Shell
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clouds import RESULTS_REPO
from tests.kit.dataset_files import write
from tests.kit.json_walk import A_DATASET, A_RUN
from tests.kit.key_store import MemoryKeyStore
from tests.kit.printed_documents import check_document, check_printed

CLIP = (DEMO_CLIPS / "wavs" / "clip_01.flac").read_bytes()
VOICE = "run-01/checkpoints/step-00000020/en_US-demo-medium.onnx"


def test_a_run_from_plan_to_the_end_is_told_in_documents(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.cli.commands.keys.KeyringStore", MemoryKeyStore)
    monkeypatch.setenv("LAUNCHER_SERVE_TOKEN", "not-a-real-token-" + 32 * "0")
    monkeypatch.setattr("sys.stdin", io.StringIO("not-a-real-value\n"))
    shell.harness.script.ends_after = None
    for words in A_RUN:
        if words[:2] == ("voices", "list"):
            files: dict[str, Path | bytes] = {VOICE: b"voice", f"{VOICE}.json": b"{}"}
            publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "voices")
        typed = [str(tmp_path / "new") if word == "FOLDER" else word for word in words]
        said = shell(*typed)
        assert said.code == 0 or words[0] in ("doctor", "keys"), (words, said.text)
        assert said.out, words


def test_a_dataset_kept_here_is_told_in_documents(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "data" / "datasets" / "mine"
    files: dict[str, str | bytes] = {"wavs/a.flac": CLIP, "wavs/b.flac": CLIP}
    files["metadata.csv"] = "a|Hello.\nb|\n"
    write(folder, files)
    for words in A_DATASET:
        said = shell(*words)
        assert said.code == 0 or words[1] == "check", (words, said.text)


def test_a_launch_is_told_line_by_line_and_the_last_line_is_the_run(shell: Shell) -> None:
    said = shell("deploy", *COMMAND_RUN, "--yes", "--json", "--", "true")
    told = [document["schema"] for document in said.documents]
    assert told[0] == "plan"
    assert told[-1] == "deploy"
    assert {"launch", "pod", "event"} <= set(told)
    stages = [each["stage"] for each in said.documents if each["schema"] == "launch"]
    assert list(dict.fromkeys(stages)) == ["preparing", "renting", "rented"]
    numbers = [each["seq"] for each in said.documents if each["schema"] == "event"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_program_is_told_where_it_is_served(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(*_: Any, ready: Callable[[str], None], **__: Any) -> None:
        ready("http://127.0.0.1:8420")

    monkeypatch.setattr("launcher.serve.server.serve", serve)
    monkeypatch.setenv("LAUNCHER_SERVE_TOKEN", "not-a-real-token-" + 32 * "0")
    said = shell("serve", "--json")
    assert (said.code, said.json["url"].startswith("http://127.0.0.1:8420")) == (0, True)


def test_an_error_has_its_code_its_hint_and_its_exit_code(shell: Shell) -> None:
    said = shell("show", "run-77", "--json")
    error = error_of(said)
    assert error["code"] == "invalid_request"
    assert (error["exit_code"], said.code, said.out) == (2, 2, "")
    assert "run-77" in error["message"]
    missing = error_of(shell("deploy", "--recipe", "command", "--yes", "--json", "--", "true"))
    assert (missing["code"], missing["setting"]) == ("missing_setting", "results_repo")


def test_a_word_that_is_none_is_an_error_of_the_same_shape(shell: Shell) -> None:
    error = error_of(shell("gpus", "--cuont", "2", "--json"))
    assert (error["code"], error["exit_code"]) == ("invalid_request", 2)
    assert "launcher gpus --help" in error["hint"]


def test_json_among_the_words_of_somebodys_program_is_not_ours(shell: Shell) -> None:
    said = shell("deploy", *COMMAND_RUN, "--", "python", "train.py", "--json")
    assert said.code == 2
    assert said.err.startswith("error: Nothing was rented, because there is no terminal")


def test_a_warning_is_a_line_of_json_as_well(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "http://[")
    said = shell("runs", "--refresh", "--json")
    notices = [json.loads(line) for line in said.err.splitlines()]
    assert [notice["severity"] for notice in notices] == ["warning"]
    assert "NO_PROXY" in notices[0]["message"]


def error_of(said: Said) -> Any:
    (line,) = said.err.splitlines()
    return json.loads(line)["error"]


def every_error() -> Iterator[type[LauncherError]]:
    """Those of every module of ours, below the tree's own file too."""
    for found in pkgutil.walk_packages(launcher.__path__, "launcher."):
        if found.name.startswith(("launcher.services", "launcher.stores", "launcher.providers")):
            importlib.import_module(found.name)
    waiting = [LauncherError]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.__subclasses__()


def test_every_kind_of_error_of_the_tree_has_a_code_of_its_own() -> None:
    of_the_tree = [each for each in every_error() if each.__module__ == "launcher.errors"]
    assert sorted(code_of(each) for each in of_the_tree) == sorted(ErrorCode)
    assert all(code_of(each) for each in every_error())


@pytest.mark.parametrize(
    ("out", "err"),
    [
        ('{"schema": "runs", "version": 1}', ""),
        ('{"schema": "runs", "version": 2, "runs": []}', ""),
        ('{"schema": "runs", "version": 1, "runs": [], "more": 1}', ""),
        ('{"schema": "cost", "version": 1, "runs": []}', ""),
        ("", ""),
        ('{"schema": "runs", "version": 1, "runs": []}', "warning: words"),
    ],
)
def test_what_is_not_declared_does_not_pass(out: str, err: str) -> None:
    check_printed(("runs", "--json"), 0, '{"schema": "runs", "version": 1, "runs": []}', "")
    with pytest.raises((AssertionError, json.JSONDecodeError)):
        check_printed(("runs", "--json"), 0, out, err)


def test_a_time_without_a_zone_does_not_pass() -> None:
    line = {"schema": "log", "version": 1, "event": "log", "source": "container", "text": "x"}
    check_document("LogLine", {**line, "at": "2026-11-22T10:00:06+00:00"})
    with pytest.raises(AssertionError):
        check_document("LogLine", {**line, "at": "2026-11-22T10:00:06"})
