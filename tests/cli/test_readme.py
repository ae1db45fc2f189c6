"""What the README shows is what the program prints: the plan, what a voice costs, and the words of the demo."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from launcher.cli import demo_run
from launcher.cli.demo_run import DemoOutcome
from launcher.cli.following import Followed
from launcher.domain.advice import GOOD_MINUTES, RTX_CARDS
from pod_image.contract.bodies import Ended
from pod_image.contract.events import stamped
from pod_image.contract.figures import dollars
from tests.cli.conftest import Shell
from tests.kit.checkout import ROOT
from tests.kit.clocks import NOW
from tests.kit.dataset_files import seed_repo
from tests.kit.runs import ended_run

README = (ROOT / "README.md").read_text("utf-8")
DIFFERS = re.compile(r"\b[0-9a-f]{8,12}\b|\bv?\d+\.\d+\.\d+\b")
"""What another commit, another plan or another release has: hashes, and versions."""


def block(first: str) -> list[str]:
    """The lines of the indented block that begins with this one, without the indent."""
    shown = README.split(f"    {first}\n")[1].split("\n\n")[0]
    return [
        first,
        *(line.removeprefix("    ") for line in shown.splitlines() if line.startswith("    ")),
    ]


def test_the_plan_of_the_readme_is_what_plan_says_of_the_demos_clips(
    shell: Shell, demo_dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "104")
    said = shell(
        "plan", "--preset", "quick-check", "--dataset-repo", demo_dataset, "--results-repo", "demo/voice",
    ).out  # fmt: skip
    shown = "\n".join(block("Plan for run-01"))
    assert DIFFERS.sub("…", shown) in DIFFERS.sub("…", said)


def test_the_two_commands_that_set_everything_up_are_named_and_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert target in targets


def test_the_words_of_the_demo_are_the_programs_own() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "launcher/cli").glob("demo*.py"))
    code = re.sub(r'"\s*\n\s*f?"', "", code).replace("\\n", " ")
    first = "RunPod, Hugging Face and the image registries are simulated on this computer;"
    lines = block(first)[:2]
    assert [line in code for line in lines] == [True, True], lines


def test_what_a_voice_costs_in_the_readme_is_what_plan_says(shell: Shell) -> None:
    put_recordings(shell, clips=300, clip_seconds=GOOD_MINUTES * 60 / 300)
    put_base_voice(shell)
    assert cost_table() == {card: planned_cells(shell, card) for card in sorted(RTX_CARDS)}


def cost_table() -> dict[str, list[str]]:
    """The cells of the table by GPU."""
    section = README.split("## What a voice costs\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if "| RTX" in line]
    return {card: cells for card, *cells in sorted(rows)}


def planned_cells(shell: Shell, card: str) -> list[str]:
    """The same cells by two plans, one for each tier."""
    plans = [
        shell(
            "plan", "--preset", "finetune-medium", "--dataset-repo", "demo/half-hour", "--results-repo",
            "demo/voice", "--gpu-types", card, "--cloud", cloud, "--json",
        ).json
        for cloud in ("community", "secure")
    ]  # fmt: skip
    (hours,) = {f"{plan['estimate']['hours']:.1f} h" for plan in plans}
    figures = (
        [plan["candidates"][0]["price_per_hour_usd"] for plan in plans],
        [plan["estimate"]["cost_usd"] for plan in plans],
        [plan["worst_case_usd"] for plan in plans],
    )
    return [hours, *(f"{dollars(low)} to {dollars(high)}" for low, high in figures)]


def put_recordings(shell: Shell, *, clips: int, clip_seconds: float) -> None:
    """A dataset of silence, since a plan reads no more of a clip than its header."""
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros(round(clip_seconds * 22_050), np.int16), 22_050, format="FLAC")
    files = {f"wavs/{number:03}.flac": sound.getvalue() for number in range(clips)}
    table = "".join(f"{path}|This is the sentence of {path[5:8]}.\n" for path in files)
    seed_repo(shell.harness, "demo/half-hour", {**files, "metadata.csv": table.encode()})


def put_base_voice(shell: Shell) -> None:
    preset = tomllib.loads((ROOT / "presets/finetune-medium.toml").read_text("utf-8"))
    _, owner, name, path = preset["settings"]["base_checkpoint"].split("/", 3)
    seed_repo(shell.harness, f"{owner}/{name}", {path: b"a voice"})
    shell.harness.core.store.repos["dataset", f"{owner}/{name}"].is_private = False


def test_the_end_of_the_demo_in_the_readme_is_what_the_program_prints_for_those_figures(
    tmp_path: Path,
) -> None:
    shown = block("RunPod, Hugging Face and the image registries are simulated on this computer;")
    end = shown[shown.index("run-01: The run finished.") :]
    said = demo_run._text(outcome(tmp_path)).replace(str(tmp_path), "...")
    assert said.splitlines()[: len(end)] == end


def outcome(folder: Path) -> DemoOutcome:
    """The run of the README."""
    onnx = folder / "run-01/voice/en_US-demo-x_low.onnx"
    onnx.parent.mkdir(parents=True)
    onnx.write_bytes(b"a voice")
    lasted = {"boot": 0, "fetch": 0, "prepare": 1, "train": 102, "export": 8, "deliver": 1}
    ended = Ended.model_validate(
        {
            "reason": "finished",
            "steps": 30,
            "first_loss": 1.667,
            "last_loss": 1.298,
            "phases": [{"name": name, "seconds": seconds} for name, seconds in lasted.items()],
        }
    )
    run = ended_run(run_id="run-01", cost_usd=0.0052)
    last_word = stamped(ended, at=NOW, run_id="run-01", seq=1)
    return DemoOutcome(
        Followed(run, last_word), folder, 1, 0, "demo/voice", onnx=onnx, spoken_wav=folder / "spoken.wav"
    )  # fmt: skip


def test_every_extra_is_in_the_readmes_table() -> None:
    section = README.split("| Extra | For |")[1].split("\n\n")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    of_users = {*project["optional-dependencies"]} - {"dev", "bench"}
    assert (
        set(re.findall(r"`([a-z]+)`", re.sub(r"\|[^|\n]*\|$", "", section, flags=re.MULTILINE)))
        == of_users
    )
