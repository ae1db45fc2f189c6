"""docs/python.md and the README: each of their programs stands there as it is checked and run here."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import Any

import pytest

import launcher
from tests.api.voice_pods import in_our_account, make_voices
from tests.kit.checkout import ROOT
from tests.services.harness import LauncherHarness

PAGE = ROOT / "docs" / "python.md"
EXAMPLES = {
    path.stem: path.read_text("utf-8").partition('"""\n\n')[2]
    for path in (ROOT / "tests" / "examples").glob("[a-z]*.py")
}
OF_A_LIVE_RUN = {"events", "steering", "given_keys"}
OF_A_RUN_THAT_IS_OVER = {"samples", "refused"}


def begun() -> launcher.Run:
    return launcher.deploy(
        preset="quick-check",
        dataset_repo="demo/clips",
        results_repo="demo/my-voice",
        agreed_usd=1.0,
    )


def test_the_page_has_the_programs_that_are_run_here_and_no_others() -> None:
    blocks = re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert {kind for kind, _ in blocks} == {"python"}
    assert sorted(text for _, text in blocks) == sorted(EXAMPLES.values())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_program_of_the_page_does_what_it_says(
    program: LauncherHarness,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = make_voices(program)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("print('training')\n")
    typed = {"RunPod": program.world.api_key, "W&B": "as-long-as-a-key"}
    monkeypatch.setattr(getpass, "getpass", lambda prompt: typed.get(prompt.split()[0], ""))
    script.log = "2026-11-22 10:00:01 loss is falling\n"
    script.ends_after = None if name == "steering" else script.ends_after
    script.reason = "trainer_died" if name == "refused" else script.reason
    if name in OF_A_LIVE_RUN | OF_A_RUN_THAT_IS_OVER:
        run = begun()
        if name in OF_A_RUN_THAT_IS_OVER:
            run.wait(check=False)
    capsys.readouterr()

    exec(compile(in_our_account(EXAMPLES[name]), f"{name}.py", "exec"), {"__name__": "__main__"})

    said = capsys.readouterr().out
    for words in SAID[name]:
        assert words in said
    assert [path for path in MADE.get(name, ()) if not (tmp_path / path).is_file()] == []
    assert program.posts() == (2 if name == "many_runs" else 1)


def test_the_program_of_the_readme_leaves_a_voice_in_the_folder_that_it_names(
    program: LauncherHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = (ROOT / "README.md").read_text("utf-8").split("## From Python")[1].split("\n## ")[0]
    shown = "\n".join(re.findall(r"^ {4}(.+)$", section, re.MULTILINE))
    make_voices(program)
    monkeypatch.chdir(tmp_path)
    exec(compile(in_our_account(shown), "README.md", "exec"), {"__name__": "__main__"})
    assert (tmp_path / "voices/run-01/voice/voice.onnx").is_file()
    assert program.posts() == 1


SAID: dict[str, tuple[str, ...]] = {
    "first_run": ("is armed", "voices/run-01 0.02"),
    "agreed_maximum": ("<run demo/my-voice/run-01: running",),
    "events": ("1 {'mel': 1.0} 0.01", "something to hear: samples/step-3.wav", "finished"),
    "steering": ("done\nIt is done.\ndone",),
    "samples": ("loss is falling",),
    "many_runs": ("x-low ended", "low ended", "('demo/my-voice-low/run-01', 0.02)"),
    "own_command": ("finished",),
    "refused": ("It did not end well: The training process died.",),
    "given_keys": ("demo/my-voice/run-01 running",),
}
MADE: dict[str, tuple[Any, ...]] = {
    "first_run": ("voices/run-01/voice/voice.onnx",),
    "samples": ("step-1.wav", "step-2.wav", "step-3.wav"),
}
