"""`launcher cp`: the pod uploads, this computer fetches and checks, and nothing lands outside of the target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from launcher.emulator.runpod import ExecOutcome, ScriptedContainer
from launcher.services.following.copying import _put
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.hub import Repo, ensure_results_repo, publish
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.pod_programs import said_to_control

DETACHED = ("deploy", *COMMAND_RUN, "--yes", "--detach", "--quiet", "--", "true")
FILES = {"out/model.bin": b"m" * 2_000, "out/deep/notes.txt": b"notes", "odd[1].txt": b"odd"}


class Pod:
    """Uploads what it is asked for, as the agent does. `asked` are the paths."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.asked: list[str] = []
        self.refuses = ""
        self.detail = "2 files, 2.0 kB; left out: 1 link"
        self.answer: ExecOutcome | None = None

    def on_exec(self, container: ScriptedContainer, words: list[str]) -> ExecOutcome:
        said = said_to_control(words)
        assert said is not None
        if self.answer is not None:
            return self.answer
        if said[0] != "copy":
            return self.shell.harness.script.on_exec(container, words)
        instruction_id, path = said[2], said[said.index("--text") + 1]
        self.asked.append(path)
        if not self.refuses:
            self._upload(instruction_id, path)
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        receipt = {"id": instruction_id, "command": "copy", "detail": self.refuses or self.detail}
        state = "refused" if self.refuses else "done"
        self.shell.harness.script.say(container, document, "command", state=state, **receipt)
        return ExecOutcome(0, json.dumps({"id": instruction_id, "state": "received"}))

    def _upload(self, instruction_id: str, path: str) -> None:
        hub = self.shell.harness.hub
        ensure_results_repo(hub, RESULTS_REPO)
        files: Mapping[str, Path | bytes] = {
            f"run-01/copies/{instruction_id}/{name}": content
            for name, content in FILES.items()
            if name == path or name.startswith(f"{path}/")
        }
        publish(hub, Repo(RESULTS_REPO, "model"), files, "copied")


@pytest.fixture
def pod(shell: Shell) -> Pod:
    found = Pod(shell)
    shell.harness.script.ends_after = None
    shell.harness.runner.on_exec = found.on_exec
    assert shell(*DETACHED).code == 0
    return found


def test_a_file_comes_into_a_folder_or_under_a_new_name(
    shell: Shell, pod: Pod, tmp_path: Path
) -> None:
    said = shell("cp", "run-01:out/model.bin", str(tmp_path))
    assert said.code == 0, said.text
    assert (tmp_path / "model.bin").read_bytes() == FILES["out/model.bin"]
    assert "1 file, 2.0 kB, checked:" in said.out
    assert "left out: 1 link" in said.out
    renamed = shell("cp", "run-01:odd[1].txt", str(tmp_path / "new.txt"), "--json")
    assert (tmp_path / "new.txt").read_bytes() == b"odd"
    assert renamed.json["files"] == [str(tmp_path / "new.txt")]
    assert pod.asked == ["out/model.bin", "odd[1].txt"]
    assert not list(tmp_path.glob(".copying-*"))


def test_a_folder_comes_with_all_below_it(shell: Shell, pod: Pod, tmp_path: Path) -> None:
    said = shell("cp", "run-01:out/", str(tmp_path), "--quiet")
    assert said.out.split() == [
        str(tmp_path / "out" / "deep" / "notes.txt"),
        str(tmp_path / "out" / "model.bin"),
    ]
    assert (tmp_path / "out" / "deep" / "notes.txt").read_bytes() == b"notes"


def test_what_is_there_stays_unless_it_is_to_be_replaced(
    shell: Shell, pod: Pod, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_text("mine")
    refused = shell("cp", "run-01:out/model.bin", str(tmp_path))
    assert refused.code == 2
    assert "exists" in refused.err
    assert "--yes" in refused.err
    assert pod.asked == []
    assert shell("cp", "run-01:out/model.bin", str(tmp_path), "--yes").code == 0
    assert (tmp_path / "model.bin").read_bytes() == FILES["out/model.bin"]
    assert shell("cp", "run-01:out/model.bin", str(tmp_path / "no" / "folder")).code == 2


@pytest.mark.promise("secrets-strangers")
def test_a_link_in_the_target_is_replaced_and_never_followed(
    shell: Shell, pod: Pod, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "model.bin").write_text("mine")
    goal = tmp_path / "goal"
    (goal / "out").mkdir(parents=True)
    (goal / "out" / "model.bin").symlink_to(elsewhere / "model.bin")
    (goal / "out" / "deep").symlink_to(elsewhere)
    said = shell("cp", "run-01:out", str(goal), "--yes")
    assert said.code == 2
    assert "would not stay in" in said.err
    assert sorted(path.name for path in elsewhere.iterdir()) == ["model.bin"]
    assert (elsewhere / "model.bin").read_text() == "mine"
    (goal / "out" / "deep").unlink()
    assert shell("cp", "run-01:out", str(goal), "--yes").code == 0
    assert (elsewhere / "model.bin").read_text() == "mine"
    assert not (goal / "out" / "model.bin").is_symlink()


@pytest.mark.promise("secrets-strangers")
def test_a_name_that_would_leave_the_target_is_not_put_anywhere(tmp_path: Path) -> None:
    came = tmp_path / "came"
    came.mkdir()
    (came / "a:b").write_text("a stream on another system")
    with pytest.raises(Exception, match="would not stay"):
        list(_put(came, tmp_path / "goal", replaces=False))
    assert list((tmp_path / "goal").iterdir()) == []


def test_a_path_that_leaves_the_work_folder_is_refused_before_the_pod_is_asked(
    shell: Shell, pod: Pod, tmp_path: Path
) -> None:
    for path in ("../a", "/etc/passwd", "a/../../b", "", ".", "C:x", "a\x1b"):
        said = shell("cp", f"run-01:{path}", str(tmp_path))
        assert said.code == 2, (path, said.text)
    assert pod.asked == []


def test_what_the_pod_refuses_is_said_with_its_reason(
    shell: Shell, pod: Pod, tmp_path: Path
) -> None:
    pod.refuses = "out/x does not exist in the run's work folder"
    said = shell("cp", "run-01:out/x", str(tmp_path))
    assert said.code == 6
    assert "The pod refused to copy: out/x does not exist" in said.err


def test_an_image_of_an_earlier_release_is_told_as_that_and_left_alone(
    shell: Shell, pod: Pod, tmp_path: Path
) -> None:
    pod.answer = ExecOutcome(
        2, stderr="usage\ncontrol: error: argument command: invalid choice: 'copy'"
    )
    said = shell("cp", "run-01:out", str(tmp_path))
    assert said.code == 5
    assert "an earlier release, which does not know copy" in said.err


def test_a_target_that_names_a_run_is_told_which_way_it_goes(shell: Shell, pod: Pod) -> None:
    said = shell("cp", "model.bin", "run-01:out")
    assert said.code == 2
    assert "only copied from a run to here" in said.text
