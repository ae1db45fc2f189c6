"""The voices that a run has delivered are listed, fetched, exchanged and spoken with, without torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.config import read_config
from launcher.domain.run import RunState
from launcher.stores.runs import RunHistory
from pod_image.hub import Repo, publish
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import RESULTS_REPO

FINAL = "run-01/voice/en_US-demo-medium.onnx"
OF_20 = "run-01/checkpoints/step-00000020/en_US-demo-medium.onnx"
OF_40 = "run-01/checkpoints/step-00000040/en_US-demo-medium.onnx"
RUN = ("deploy", *COMMAND_RUN, "--yes", "--quiet", "--", "true")


@pytest.fixture
def trained(shell: Shell) -> Shell:
    """A run whose best checkpoint, of step 30, became its voice; 20 and 40 have theirs beside them."""
    shell.harness.script.delivers = False
    assert shell(*RUN).code == 0
    put(
        shell,
        {
            FINAL: b"voice of 30",
            f"{FINAL}.json": b'{"voice": 30}',
            **{f"run-01/checkpoints/step-000000{n}.ckpt": b"weights" for n in (20, 30, 40)},
            OF_20: b"voice of 20",
            f"{OF_20}.json": b'{"voice": 20}',
            OF_40: b"voice of 40",
            f"{OF_40}.json": b'{"voice": 40}',
            "run-01/checkpoints/step-00000010/en_US-demo-medium.onnx": b"no json beside it",
        },
    )
    return shell


def put(shell: Shell, files: dict[str, Path | bytes]) -> None:
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "results")


def test_whole_voices_are_listed_final_one_first_then_newest(trained: Shell) -> None:
    said = trained("voices", "list", "run-01", "--json")
    assert [one["step"] for one in said.json["voices"]] == [None, 40, 20]
    assert said.json["voices"][0]["path"] == FINAL
    assert said.json["voices"][0]["here"] is None
    assert trained("voices", "list", "--quiet").out.split() == ["final", "40", "20"]
    text = trained("voices", "list").out
    assert "launcher voices use run-01 --step 40" in text


def test_a_run_without_voices_says_so(shell: Shell) -> None:
    shell.harness.script.delivers = False
    assert shell(*RUN).code == 0
    assert "has delivered no voice" in shell("voices", "list").out
    said = shell("voices", "fetch")
    assert said.code == 2
    assert "no final voice" in said.err
    assert "end of a run" in said.err


def test_a_voice_is_fetched_whole_and_is_here_from_then_on(trained: Shell) -> None:
    said = trained("voices", "fetch", "run-01", "--step", "20", "--quiet")
    path = Path(said.out.strip())
    assert path.read_bytes() == b"voice of 20"
    assert path.with_name(f"{path.name}.json").read_bytes() == b'{"voice": 20}'
    here = {one["step"]: one["here"] for one in trained("voices", "list", "--json").json["voices"]}
    assert here == {None: None, 40: None, 20: str(path)}


def test_a_step_without_a_voice_names_the_steps_that_have_one(trained: Shell) -> None:
    said = trained("voices", "fetch", "run-01", "--step", "7")
    assert (said.code, "for the steps 40, 20" in said.err) == (2, True)
    assert trained("voices", "use", "nowhere", "--step", "20").code == 2


def test_another_checkpoint_becomes_the_runs_voice_and_the_old_one_stays_to_go_back_to(
    trained: Shell,
) -> None:
    first = Path(trained("voices", "fetch", "--quiet").out.strip())
    assert first.read_bytes() == b"voice of 30"
    said = trained("voices", "use", "run-01", "--step", "40")
    assert said.code == 0, said.err
    assert f"{RESULTS_REPO}/run-01/voice" in said.text
    assert first.read_bytes() == b"voice of 40", "what is here is what the repo holds"
    assert trained("voices", "list", "--quiet").out.split() == ["final", "40", "30", "20"]
    assert trained("voices", "use", "run-01", "--step", "30").code == 0
    again = Path(trained("voices", "fetch", "--quiet").out.strip())
    assert again.read_bytes() == b"voice of 30"
    assert again.with_name(f"{again.name}.json").read_bytes() == b'{"voice": 30}'
    assert trained("voices", "list", "--quiet").out.split() == ["final", "40", "30", "20"]


def test_no_voice_is_chosen_while_the_run_still_writes(trained: Shell) -> None:
    history = RunHistory(read_config().history_path)
    history.update(history.chosen("run-01"), state=RunState.RUNNING)
    history.close()
    said = trained("voices", "use", "run-01", "--step", "40")
    assert said.code == 2
    assert "still writing its results" in said.err
    assert Path(trained("voices", "fetch", "--quiet").out.strip()).read_bytes() == b"voice of 30"


def test_speaking_fetches_the_voice_once_and_says_when_it_is_none(
    trained: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = trained("voices", "say", "Hello.", "run-01", "--step", "20")
    assert said.code == 2
    assert "not a voice the Piper runtime can load" in said.text
    for name in ("HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN"):
        monkeypatch.delenv(name)
    # It is here now: no token is asked for.
    assert "not a voice" in trained("voices", "say", "Hello.", "--step", "20").text
    assert trained("voices", "say", "Hello.", "--step", "40").code == 3


def test_speaking_with_a_file_that_is_not_there_or_nothing_to_say_is_said(
    shell: Shell, tmp_path: Path
) -> None:
    said = shell("voices", "say", "Hello.", "--voice", str(tmp_path / "none.onnx"))
    assert (said.code, "no voice at" in said.text) == (2, True)
    (tmp_path / "a.onnx").write_bytes(b"")
    said = shell("voices", "say", "...", "--voice", str(tmp_path / "a.onnx"))
    assert (said.code, "no text to speak" in said.text) == (2, True)
    assert "no runs yet" in shell("voices", "say", "Hello.").text
