"""A command beside the run: without keys, as the run's own user, bounded in time and length, masked."""

from __future__ import annotations

import json
import os
import pwd
import tempfile
import time
from pathlib import Path

import pytest

from pod_image import control
from pod_image.agent.visiting import Visit, visit
from pod_image.contract.paths import RunFolder

TOKEN = "hf_" + "aB3" * 10
POD = {
    "PATH": os.environ["PATH"],
    "HF_UPLOAD_TOKEN": TOKEN,
    "HF_DATASET_TOKEN": "hf_" + "cD4" * 10,
    "RUNPOD_API_KEY": "rpa_" + "E5" * 12,
    "LAUNCHER_SECRET_WANDB_API_KEY": "wandb-letters-0123",
    "LAUNCHER_RUN": "{}",
    "BY_ANOTHER_NAME": TOKEN,
    "MODE": "offline",
}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    found = RunFolder(tmp_path / "run")
    found.prepared.mkdir(parents=True)
    return found


def sh(folder: RunFolder, program: str, seconds: float = 20) -> Visit:
    return visit(("sh", "-c", program), folder, POD, seconds)


@pytest.mark.promise("secrets-training")
def test_no_key_is_in_its_environment(folder: RunFolder) -> None:
    names = {line.partition("=")[0] for line in sh(folder, "env").stdout.splitlines()}
    assert "MODE" in names
    assert not names & {*POD} - {"PATH", "MODE"}
    seen = sh(folder, "env").stdout
    assert not any(value in seen for name, value in POD.items() if name not in ("PATH", "MODE"))


@pytest.mark.promise("secrets-training")
def test_a_key_that_it_prints_is_masked_also_with_a_colour_inside(folder: RunFolder) -> None:
    program = f"printf '%s' {TOKEN[:9]}; printf '\\033[31m'; echo {TOKEN[9:]}; echo wandb-letters-0123 >&2"
    done = sh(folder, program)
    assert (done.stdout, done.stderr) == ("***\n", "***\n")


def test_it_starts_in_the_work_folder_and_its_exit_code_and_both_streams_come_back(
    folder: RunFolder,
) -> None:
    (folder.prepared / ".venv" / "bin").mkdir(parents=True)
    done = sh(folder, 'pwd; echo "$OUT_DIR"; echo "${PATH%%:*}"; echo oh >&2; exit 7')
    work = str(folder.prepared)
    assert done.stdout.splitlines() == [work, f"{work}/out", f"{work}/.venv/bin"]
    assert (done.exit_code, done.stderr, done.timed_out) == (7, "oh\n", False)


def test_what_cannot_be_started_has_the_exit_code_that_a_shell_gives_it(folder: RunFolder) -> None:
    assert visit(("no-such-program",), folder, POD, 5).exit_code == 127
    assert "no-such-program" in visit(("no-such-program",), folder, POD, 5).stderr
    assert visit((str(folder.root),), folder, POD, 5).exit_code == 126


def test_it_has_no_input(folder: RunFolder) -> None:
    assert visit(("cat",), folder, POD, 10) == Visit(0)


def test_when_its_time_is_over_it_and_its_children_end_and_what_was_printed_is_kept(
    folder: RunFolder,
) -> None:
    began = time.monotonic()
    done = sh(folder, "echo begun; sleep 60 & echo $!; sleep 60", seconds=0.3)
    assert (done.exit_code, done.timed_out) == (None, True)
    word, child = done.stdout.split()
    assert word == "begun"
    while not _is_over(int(child)):
        assert time.monotonic() - began < 10
        time.sleep(0.01)


def _is_over(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_flood_is_cut_in_the_middle_and_says_how_much(folder: RunFolder) -> None:
    done = sh(folder, "seq 1 200000")
    lines = done.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("1", "200000")
    assert len(done.stdout) < 150_000
    assert any("are left out here" in line for line in lines)


def test_a_program_left_in_the_background_does_not_hold_the_answer(folder: RunFolder) -> None:
    began = time.monotonic()
    done = sh(folder, "sleep 2 & echo done")
    assert (done.exit_code, done.stdout) == (0, "done\n")
    assert time.monotonic() - began < 1.9


def test_control_prints_what_came_of_it_as_json(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert control.main(["run", "--seconds", "5", "--", "sh", "-c", "exit 4"], folder.root) == 0
    assert json.loads(capsys.readouterr().out)["exit_code"] == 4
    assert control.main(["run", "--", "ls", "--json"], folder.root) == 0
    assert "json" in json.loads(capsys.readouterr().out)["stderr"], (
        "the words behind -- are its own"
    )
    assert control.main(["run", "--", "true"], folder.root / "nowhere") == 3
    assert "not started" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as another user")
@pytest.mark.promise("secrets-training")
def test_it_runs_as_the_user_whose_the_work_folder_is() -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as name:  # below no folder that only root may enter
        folder = RunFolder(Path(name))
        folder.root.chmod(0o755)
        folder.prepared.mkdir()
        os.chown(folder.prepared, nobody.pw_uid, nobody.pw_gid)
        done = sh(folder, 'id -un; touch mine; cd; pwd; : > here && echo "$HOME"')
        home = f"{folder.prepared}/.home"
        assert done.stdout.splitlines() == ["nobody", home, home], done.stderr
        assert (folder.prepared / "mine").stat().st_uid == nobody.pw_uid
