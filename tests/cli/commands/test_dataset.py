"""`launcher dataset`: what it makes, finds, sends and deletes, and every bad input as words."""

from __future__ import annotations

import asyncio
import io
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.cli import completing
from launcher.domain.advice import LEAST_MINUTES
from launcher.emulator.hub.tokens import TokenKind
from launcher.emulator.hub.wire import Body
from launcher.presets import built_in_presets
from pod_image.dataset import Code
from pod_image.hub import Repo, list_files
from tests.cli.conftest import Said, Shell
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clouds import RESULTS_REPO
from tests.kit.dataset_files import wav, write

CLIP = (DEMO_CLIPS / "wavs" / "clip_01.flac").read_bytes()
PIPER = ("--preset", "quick-check", "--results-repo", RESULTS_REPO)


@pytest.fixture
def awake(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in real time, since decoders are real processes with a time limit."""
    monkeypatch.setattr(completing, "_complete", asyncio.run)
    return shell


@pytest.fixture
def kept(shell: Shell, tmp_path: Path) -> str:
    """A dataset of two clips among those kept here."""
    folder = tmp_path / "home" / "data" / "datasets" / "mine"
    write(folder, {"wavs/a.flac": CLIP, "wavs/b.flac": CLIP, "metadata.csv": "a|Hello.\nb|\n"})
    return "mine"


class Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


# Make


def test_recordings_become_a_dataset_that_a_run_can_be_planned_with(
    awake: Shell, tmp_path: Path
) -> None:
    table = str(DEMO_CLIPS / "metadata.csv")
    recordings = [str(path) for path in sorted((DEMO_CLIPS / "wavs").glob("*.flac"))[:3]]
    said = awake("dataset", "make", "--out", "mine", "--table", table, "--from", *recordings)
    assert said.code == 0
    assert "3 clips added, 0.2 minutes" in said.text
    assert "Making clips." in said.err
    again = awake("dataset", "make", "--out", "mine", "--table", table, "--json", *recordings)
    assert (again.json["added_clips"], again.json["already_there"], again.err) == (0, 3, "")
    listed = awake("dataset", "list", "--json").json["datasets"]
    assert [(row["name"], row["clips"], row["untyped"]) for row in listed] == [("mine", 3, 0)]
    pushed = awake("dataset", "push", "mine", "demo/mine", "--licence", "cc0-1.0")
    assert pushed.code == 0
    printed = pushed.out.partition("Train with it: ")[2].splitlines()[0]
    program, command, *words = shlex.split(printed)
    _publish_base_voices(awake)
    assert (program, command) == ("launcher", "deploy")
    works = awake("plan", *words, "--json")
    assert (works.code, works.json["can_be_launched"]) == (0, True), works.text
    assert works.json["dataset"]["repo"] == "demo/mine"
    assert works.json["settings"]["base_checkpoint"]["value"], "it fine-tunes a published voice"
    few = next(each for each in works.json["remarks"] if each["code"] == "minutes-few")
    assert f"at least {LEAST_MINUTES:.0f}." in few["message"]
    planned = awake("plan", *PIPER, "--dataset-repo", "demo/mine", "--json").json
    assert planned["can_be_launched"]
    assert planned["dataset"]["clips"] == 3


def _publish_base_voices(shell: Shell) -> None:
    """The checkpoints that the built-in presets begin with, on the stand-in Hub."""
    core = shell.harness.core
    blobs: dict[str, Any] = {}
    for each in built_in_presets():
        repo, _, path = str(each.values.get("base_checkpoint", "")).partition("/en/")
        if repo == "datasets/rhasspy/piper-checkpoints":
            blobs[f"en/{path}"] = core.store.blob(
                core.store.add_object(Body(b"weights")), is_lfs=True
            )
    made = core.store.create(
        "dataset", "rhasspy/piper-checkpoints", is_private=False, author="rhasspy", at=core.now()
    )
    core.store.commit(made, "main", blobs, "voices", "", "rhasspy", core.now())


def test_what_cannot_be_decoded_is_left_out_with_its_reason_and_nothing_else_is(
    awake: Shell, tmp_path: Path
) -> None:
    files = {"good.flac": CLIP, "text.wav": b"not a sound", "empty.mp3": b"", "cut.flac": CLIP[:99]}
    folder = write(tmp_path / "in", files)
    said = awake("dataset", "make", str(folder), "--out", str(tmp_path / "out"))
    assert said.code == 0
    for name in ("text.wav", "empty.mp3", "cut.flac"):
        assert f"{name} was left out: It" in said.text
    assert "1 clip without a text yet" in said.text
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    bad = awake("dataset", "make", str(folder / "text.wav"), "--out", "other")
    assert bad.code == 2
    assert "Traceback" not in bad.text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("make", "--out", "x"), "No recordings were given"),
        (("make", "--out", "x", "/no/such/file.wav"), "There is no file"),
        (("make", "/no/such/file.wav"), "--out"),
        (("make", "--out", "../x", "--sample-rate", "8000", "a.wav"), "cannot be made at 8,000 Hz"),
        (("make", "--out", "con", "a.wav"), "reserved name"),
        (("check", "no-such-folder"), "There is no folder or dataset"),
        (("check", "../no/such"), "There is no folder"),
        (("check", "me/two/../many"), "not a repo name"),
        (("check", "demo/clips", "--preset", "no-such"), "preset"),
        (("check", "demo/clips", "--language", "English"), "language"),
        (("check", "demo/absent"), "demo/absent"),
        (("push", "no-such", "demo/clips"), "There is no folder or dataset"),
        (("push", "demo/clips", "demo/clips"), "Give first what to send"),
        (("push", "mine", "nowhere"), "owner/name"),
        (("push", "mine", "demo/x", "--licence", "All rights, mine"), "not a licence identifier"),
        (("push", "mine", "demo/x"), "No text for b"),
        (("show", "absent"), "The dataset “absent” does not exist"),
        (("show", "../mine"), "cannot be the name"),
        (("edit", "mine", "a.flac"), "Nothing to change"),
        (("edit", "mine", "z.flac", "--text", "Hi."), "no clip z.flac"),
        (("drop", "mine", "a.flac", "z.flac", "--yes"), "no clip z.flac"),
        (("drop", "mine", "a.flac"), "no terminal to ask for confirmation"),
        (("delete", "mine"), "no terminal to ask for confirmation"),
        (("delete", "..", "--yes"), "cannot be the name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_explained_and_changes_nothing(
    shell: Shell, kept: str, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    before = _content(tmp_path / "home")
    said = shell("dataset", *words)
    assert said.code in (2, 5)
    assert message in said.text
    assert "hint:" in said.err
    assert "Traceback" not in said.text
    assert _content(tmp_path / "home") == before


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "datasets" in path.parts
    }


# Check


def _rows(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


HOSTILE: dict[str, tuple[dict[str, bytes | str], Code | None]] = {
    "a truncated file": (
        {"metadata.csv": _rows("a|Hello."), "a.wav": wav(2.0)[:9_000]},
        Code.FILE_TRUNCATED,
    ),
    "a file of no bytes": ({"metadata.csv": _rows("a|Hello."), "a.wav": b""}, Code.FILE_EMPTY),
    "a text named wav": (
        {"metadata.csv": _rows("a|Hello."), "a.wav": b"Dear all, this is no sound." * 9},
        Code.FILE_UNREADABLE,
    ),
    "192 kHz and eight channels": (
        {"metadata.csv": _rows("a|Hello."), "a.wav": wav(1.0, rate_hz=192_000, channels=8)},
        Code.CHANNELS_MANY,
    ),
    "a path out of the folder": (
        {"metadata.csv": _rows("a|Hello.", "../../etc/passwd|Hello."), "a.wav": wav(2.0)},
        Code.PATH_OUTSIDE,
    ),
    "names that differ in case": (
        {"metadata.csv": _rows("a|Hello.", "A|World."), "a.wav": wav(2.0), "A.wav": wav(1.0)},
        Code.NAMES_CLASH,
    ),
    "UTF-16": (
        {"metadata.csv": _rows("a|Grüße.").encode("utf-16"), "a.wav": wav(2.0)},
        Code.ENCODING,
    ),
    "Latin-1": (
        {"metadata.csv": _rows("a|Grüße.").encode("latin-1"), "a.wav": wav(2.0)},
        Code.ENCODING,
    ),
    "emoji": ({"metadata.csv": _rows("a|Hello 🎉."), "a.wav": wav(2.0)}, Code.TEXT_CHARACTERS),
    "right to left": ({"metadata.csv": _rows("a|שלום עולם"), "a.wav": wav(2.0)}, Code.TEXT_SCRIPT),
    "a byte order mark and CRLF": (
        {"metadata.csv": b"\xef\xbb\xbfa|Hello.\r\n", "a.wav": wav(2.0)},
        None,
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_bad_input_is_a_finding_through_the_command_line(
    shell: Shell, tmp_path: Path, case: str
) -> None:
    files, code = HOSTILE[case]
    folder = write(tmp_path / "bad", files)
    said = shell("dataset", "check", str(folder), "--json")
    assert said.code in (0, 2)
    assert "Traceback" not in said.err
    assert said.json["rows"] >= 1
    if code is not None:
        assert code.value in said.json["finding_counts"]
    is_blocked = any(each["severity"] == "error" for each in said.json["findings"])
    assert (said.code == 2) == is_blocked
    assert {path: (folder / path).read_bytes() for path in files} == {
        path: content.encode() if isinstance(content, str) else content
        for path, content in files.items()
    }


def test_a_recording_of_six_hours_is_called_a_recording(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "bad", {"metadata.csv": "a|Hello.\n"})
    head = wav(1.0, rate_hz=8_000)
    sound_bytes = 6 * 3600 * 8_000 * 2
    with (folder / "a.wav").open("wb") as file:  # sparse: six hours that take no room
        file.write(head[:4] + (sound_bytes + 36).to_bytes(4, "little") + head[8:40])
        file.write(sound_bytes.to_bytes(4, "little"))
        file.truncate(44 + sound_bytes)
    said = shell("dataset", "check", str(folder))
    assert said.code == 2
    assert "lasts 6 h: a recording, not a clip" in said.text


def test_errors_have_an_exit_code_and_can_be_accepted_by_name(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "bad", {"metadata.csv": "a|Hello.\nb|Hi.\n", "a.wav": wav(2.0)})
    said = shell("dataset", "check", str(folder))
    assert said.code == 2
    assert "error [file-absent]: metadata.csv line 2: There is no file b." in said.text
    assert "1 error" in said.err
    assert shell("dataset", "check", str(folder), "--force", "file-absent").code == 0
    assert shell("dataset", "check", str(folder), "--force", "text-empty").code == 2


def test_the_minutes_are_held_against_the_preset(shell: Shell, kept: str) -> None:
    def wanted(*words: str) -> str:
        found = shell("dataset", "check", kept, "--json", *words).json["findings"]
        return next((f["message"] for f in found if f["code"] == "minutes-few"), "")

    assert "at least 10." in wanted()
    assert "at least 10." in wanted("--preset", "finetune-medium")
    assert "at least 600." in wanted("--preset", "from-scratch-medium")
    assert wanted("--preset", "quick-check") == ""


def test_a_report_page_is_written_and_a_folder_for_it_that_is_not_there_is_said(
    shell: Shell, kept: str, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    assert shell("dataset", "check", kept, "--report", str(page), "--force", "text-empty").code == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")
    said = shell("dataset", "check", kept, "--report", str(tmp_path / "no" / "report.html"))
    assert said.code == 2
    assert "No such file or directory" in said.text


def test_a_deep_check_of_a_repo_hears_what_the_headers_cannot_tell(shell: Shell) -> None:
    silence = wav(2.0, rate_hz=22_050, level=0.0)
    shell.push({"metadata.csv": b"a|Hello there.\n", "a.wav": silence}, "demo/silent")
    assert shell("dataset", "check", "demo/silent").code == 0
    said = shell("dataset", "check", "demo/silent", "--deep")
    assert said.code == 2
    assert "a.wav holds silence" in said.text


# Push


def test_a_push_is_private_and_sends_nothing_twice(shell: Shell, kept: str) -> None:
    shell("dataset", "edit", kept, "b.flac", "--text", "Good bye.")
    said = shell("dataset", "push", kept, "demo/two", "--json")
    assert said.json["made_commit"]
    info = shell.harness.hub.ask("", lambda api: api.repo_info("demo/two", repo_type="dataset"))
    assert info.private
    assert not shell("dataset", "push", kept, "demo/two", "--json").json["made_commit"]
    assert shell("dataset", "push", kept, "demo/two", "--quiet").out == "demo/two\n"


def test_lines_without_text_stop_a_push_unless_they_may_be_left_out(
    shell: Shell, kept: str
) -> None:
    assert shell("dataset", "push", kept, "demo/one").code == 2
    assert shell("dataset", "push", kept, "demo/one", "--force").code == 0
    files = {row.path for row in list_files(shell.harness.hub, Repo("demo/one", "dataset"), "main")}
    assert "wavs/a.flac" in files
    assert "wavs/b.flac" not in files


def test_a_repo_with_other_data_is_asked_about_and_a_script_has_to_say_yes(
    shell: Shell, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.push(
        {"metadata.csv": b"---|x\nwavs/old.flac|Theirs.\n", "wavs/old.flac": CLIP}, "demo/old"
    )
    refused = shell("dataset", "push", kept, "demo/old", "--force")
    assert refused.code == 2
    assert "demo/old" in refused.text
    assert "1 clip would stay without a text" in " ".join(refused.text.split())
    assert "--yes" in refused.text
    with monkeypatch.context() as sits_here:
        sits_here.setattr(sys, "stdin", Typed("cc0-1.0\nn\n"))
        assert shell("dataset", "push", kept, "demo/old", "--force").code == 1
    hub = shell.harness.hub
    assert "wavs/a.flac" not in {
        row.path for row in list_files(hub, Repo("demo/old", "dataset"), "main")
    }
    said = shell("dataset", "push", kept, "demo/old", "--force", "--yes", "--quiet")
    assert (said.code, said.out) == (0, "demo/old\n")


def test_without_a_repo_a_dataset_goes_to_one_of_its_own_name(shell: Shell, kept: str) -> None:
    assert shell("dataset", "push", kept, "--force", "--quiet").out == "demo/mine\n"


def test_the_licence_is_asked_for_where_a_person_sits(
    shell: Shell, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("cc-by-4.0\n"))
    assert shell("dataset", "push", kept, "demo/one", "--force").code == 0
    checked = shell("dataset", "check", "demo/one", "--json").json
    assert checked["licence"] == "cc-by-4.0"


def test_a_token_that_may_not_write_is_told_without_a_trace(shell: Shell, kept: str) -> None:
    tokens = shell.harness.core.tokens
    tokens["demo-hub-write-token"] = replace(tokens["demo-hub-write-token"], kind=TokenKind.READ)
    said = shell("dataset", "push", kept, "demo/one", "--force")
    assert said.code == 5
    assert "hint:" in said.err
    assert "demo-hub-write-token" not in said.text


# Keeping order


def test_a_clip_is_shown_edited_and_dropped(shell: Shell, kept: str) -> None:
    shown = shell("dataset", "show", kept)
    assert "(no transcript yet)" in shown.out
    assert shell("dataset", "edit", kept, "b", "--text", "Bye.", "--speaker", "Ann").code == 0
    clips = shell("dataset", "show", kept, "--json").json["clips"]
    assert [(clip["text"], clip["speaker"]) for clip in clips] == [
        ("Hello.", None),
        ("Bye.", "Ann"),
    ]
    assert shell("dataset", "drop", kept, "a.flac", "--yes", "--json").json["dropped"] == 1
    assert shell("dataset", "show", kept, "--quiet").out == "b|Bye.\n"


def test_a_clip_that_was_dropped_is_brought_back(shell: Shell, kept: str) -> None:
    before = shell("dataset", "show", kept, "--json").json["clips"]
    said = shell("dataset", "drop", kept, "a.flac", "--yes")
    assert f"launcher dataset restore {kept}" in said.text
    listed = shell("dataset", "restore", kept)
    assert "Hello." in listed.text
    assert shell("dataset", "show", kept, "--quiet").out == "b|\n"
    assert shell("dataset", "restore", kept, "a.flac", "--json").json["restored"] == ["a"]
    assert shell("dataset", "show", kept, "--json").json["clips"] == before
    assert "No clips were removed" in shell("dataset", "restore", kept).text
    assert shell("dataset", "restore", kept, "--all").code == 2


def test_changes_are_undone_one_after_the_other_and_done_again(shell: Shell, kept: str) -> None:
    shell("dataset", "edit", kept, "b", "--text", "Bye.")
    shell("dataset", "drop", kept, "a", "--yes")
    assert "Undone: leaving out a." in shell("dataset", "undo", kept).text
    assert shell("dataset", "undo", kept, "--json").json["kind"] == "text"
    assert shell("dataset", "show", kept, "--quiet").out == "a|Hello.\nb|\n"
    assert shell("dataset", "undo", kept).code == 2
    assert "Redone: the text of b." in shell("dataset", "redo", kept).text
    assert shell("dataset", "show", kept, "--quiet").out == "a|Hello.\nb|Bye.\n"


def test_the_trash_is_emptied_after_a_question(shell: Shell, kept: str) -> None:
    shell("dataset", "drop", kept, "a", "--yes")
    asked = shell("dataset", "empty-trash", kept)
    assert asked.code == 2
    assert "1 clip removed from mine, and the undo history" in asked.text
    assert shell("dataset", "restore", kept, "--quiet").out == "a\n"
    freed = shell("dataset", "empty-trash", kept, "--yes", "--json").json["freed_bytes"]
    assert freed == len(CLIP)
    assert shell("dataset", "restore", kept, "--quiet").out == ""


def test_deleting_asks_and_a_no_deletes_nothing(
    shell: Shell, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("n\n"))
    said = shell("dataset", "delete", kept)
    assert said.code == 1
    assert "mine has 2 clips" in said.text
    assert shell("dataset", "list", "--quiet").out == "mine\n"
    assert shell("dataset", "delete", kept, "--yes").code == 0
    assert "There are no datasets on this computer yet" in shell("dataset", "list").text


# Plan and deploy


def _pushed(shell: Shell, files: dict[str, Path | bytes]) -> Callable[..., Said]:
    shell.push(files, "demo/broken")

    def with_it(command: str, *words: str) -> Said:
        return shell(command, *PIPER, "--dataset-repo", "demo/broken", *words)

    return with_it


def test_a_plan_says_what_the_check_says(shell: Shell) -> None:
    files = {"metadata.csv": b"a|Call 112.\nb|Hi.\n\nc|...\n", "wavs/a.flac": CLIP, "c.flac": CLIP}
    launcher = _pushed(shell, {**files})
    checked = shell("dataset", "check", "demo/broken", "--preset", "quick-check", "--json").json
    findings = launcher("plan", "--json").json["remarks"]
    assert set(checked["finding_counts"]) == {
        finding["code"] for finding in findings if finding["code"] in set(Code)
    }
    assert {"file-absent", "text-numbers", "text-unspeakable"} <= set(checked["finding_counts"])


def test_of_tables_that_contradict_one_is_chosen_in_check_and_plan_alike(
    shell: Shell, tmp_path: Path
) -> None:
    files = {"a.csv": b"a|Hello there.\n", "b.csv": b"a|Good day.\n", "a.flac": CLIP}
    folder = str(write(tmp_path / "two", files))
    said = shell("dataset", "check", folder)
    assert said.code == 2
    assert "--table a.csv" in said.text
    assert shell("dataset", "check", folder, "--table", "b.csv", "--json").json["clips"] == 1
    launcher = _pushed(shell, {**files})
    assert not launcher("plan", "--json").json["can_be_launched"]
    planned = launcher("plan", "--table", "b.csv", "--json").json
    assert planned["can_be_launched"]
    assert planned["settings"]["table"]["value"] == ["b.csv"]


def test_errors_stop_a_deploy_until_each_is_forced_by_name(shell: Shell) -> None:
    files = {"metadata.csv": b"a|Hello there.\nb|Hi.\nc|\n", "a.flac": CLIP, "c.flac": CLIP}
    launcher = _pushed(shell, {**files})
    said = launcher("deploy", "--yes")
    assert said.code == 2
    assert "--force text-empty --force file-absent" in said.text
    assert shell.rented == 0
    said = launcher("deploy", "--yes", "--force", "file-absent")
    assert said.code == 2
    assert "There is no file b" not in said.err.partition("error:")[2]
    assert shell.rented == 0
    said = launcher("deploy", "--yes", "--force", "file-absent", "--force", "text-empty")
    assert said.code == 0
    assert "warning: metadata.csv line 2: There is no file b." in said.text
    assert shell.rented == 1


def test_a_forced_code_that_no_finding_has_is_refused_with_the_nearest(shell: Shell) -> None:
    said = _pushed(shell, {"metadata.csv": b"a|Hi.\n", "a.flac": CLIP})(
        "deploy", "--yes", "--force", "file-absnt"
    )
    assert said.code == 2
    assert "Did you mean file-absent" in said.text
    assert shell.rented == 0


def test_force_lets_no_other_error_pass(shell: Shell) -> None:
    said = shell("deploy", "--yes", *PIPER, "--dataset-repo", "demo/absent", "--force", "no-clips")
    assert said.code == 5
    assert shell.rented == 0


def test_without_the_phonemizer_a_plan_goes_on_and_names_what_to_install(
    shell: Shell, demo_dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "piper.phonemize_espeak", None)
    planned = shell("plan", *PIPER, "--dataset-repo", demo_dataset, "--json")
    assert planned.code == 0
    note = next(r for r in planned.json["remarks"] if r["code"] == "extra-missing")
    assert note["severity"] == "note"
    assert note["hint"] == "pip install 'pod-launcher[audio]'"


def test_a_disk_smaller_than_the_cloud_rents_is_planned_as_large_as_it_will_be(
    shell: Shell, demo_dataset: str
) -> None:
    words = (*PIPER, "--dataset-repo", demo_dataset)
    findings = shell("plan", *words, "--disk-gb", "10", "--json").json["remarks"]
    codes = {finding["code"] for finding in findings}
    assert "disk_raised" in codes
    assert "disk-small" not in codes  # it would be, with the disk that was asked for
    assert "a disk of 20 GB instead of 10" in shell("plan", *words, "--disk-gb", "10").text
    assert "disk_raised" not in shell("plan", *words, "--disk-gb", "20", "--json").out


def test_clips_that_no_training_takes_are_said_before_they_are_sent(
    shell: Shell, tmp_path: Path
) -> None:
    clips: dict[str, bytes | str] = {
        "good.wav": wav(1.0),
        "tiny.wav": wav(0.1),
        "odd.wav": b"oddity",
    }
    table = "good.wav|One.\ntiny.wav|Two.\nodd.wav|Three.\n"
    folder = write(tmp_path / "clips", {**clips, "metadata.csv": table})
    said = shell("dataset", "push", str(folder), "demo/odd", "--json")
    assert said.code == 0
    assert said.json["clips"] == 3
    words = " ".join(said.err.split())
    assert "1 clip cannot be read to the end, and no training takes it (odd.wav)." in words
    assert "1 clip lasts less than 0.37 s, and no training takes it (tiny.wav)." in words
