"""What a command starts with: its words and files filled in, its variables, its folder, its packages."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pod_image.contract.outcomes import Phase
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.recipes.command.packages import activated, install
from pod_image.recipes.command.recipe import CommandRecipe
from tests.pod_image.recipes.command.commands import worker

COMMAND = RecipeName("command")


def said(folder: Path, *argv: str, **settings: Any) -> str:
    code, events = worker(folder, *argv, **settings)
    assert code == 0, events
    return (folder / "prepared" / "said").read_text()


def test_a_shell_takes_the_words_as_one_line_and_the_places_are_filled_in(tmp_path: Path) -> None:
    line = ("echo", "${OUT_DIR}", "${DATASET_DIR}", "${WORK_DIR}", "${NOT_OURS:-kept}", ">", "said")
    here = tmp_path / "prepared"
    assert said(tmp_path, *line, shell="on") == f"{here}/out {tmp_path}/dataset {here} kept\n"


def test_a_command_gets_its_variables_and_starts_where_it_is_told_to(tmp_path: Path) -> None:
    script = 'echo "$MODE $PWD" > ../../said'
    text = said(tmp_path, "sh", "-c", script, env=["MODE=a=b c"], workdir="deep/er")
    assert text == f"a=b c {tmp_path}/prepared/deep/er\n"


def test_files_that_are_marked_as_templates_are_filled_in(tmp_path: Path) -> None:
    work = tmp_path / "prepared"
    work.mkdir()
    for name in ("config.yaml", "other.yaml"):
        (work / name).write_text("out: ${OUT_DIR}\nprompt: ${subject}\n")
    (work / "weights.yaml").write_bytes(b"\xff${OUT_DIR}")
    text = said(tmp_path, "sh", "-c", "cat config.yaml other.yaml > said", templates=["[cw]*.yaml"])
    assert text.count(f"out: {work}/out\n") == 1
    assert text.count("out: ${OUT_DIR}\n") == 1
    assert text.count("prompt: ${subject}\n") == 2


@pytest.mark.parametrize(
    "values",
    [
        {"env": ["HF_TOKEN=x"]},
        {"env": ["LAUNCHER_RUN=x"]},
        {"env": ["LD_PRELOAD=x"]},
        {"env": ["PYTHONPATH=x"]},
        {"env": ["runpod_api_key=x"]},
        {"env": ["no value"]},
        {"env": ["1A=x"]},
        {"pip": ["--index-url=http://x"]},
        {"pip": ["-r/etc/passwd"]},
        {"workdir": "../x"},
        {"workdir": "/etc"},
    ],
)
def test_what_is_not_theirs_to_set_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunSettings(recipe=COMMAND, argv=("x",), **values)


def wheel(folder: Path) -> Path:
    """A package with one module and one program."""
    path = folder / "small_trainer-1.0-py3-none-any.whl"
    info = "small_trainer-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("small_trainer.py", "def main():\n    print('trained')\n")
        file.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: small-trainer\nVersion: 1.0\n"
        )
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(
            f"{info}/entry_points.txt", "[console_scripts]\ntrain-small = small_trainer:main\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return path


def test_packages_go_into_an_environment_that_the_command_finds_first(tmp_path: Path) -> None:
    environment = tmp_path / "prepared" / ".venv"
    heard: list[Any] = []
    absent = f"no-such-package @ {(tmp_path / 'absent.whl').as_uri()}"
    assert install([absent], environment, heard.append) == 2
    assert "pip could not install no-such-package" in heard[-1].message
    assert activated(environment, {}) == {}
    assert install([f"small-trainer @ {wheel(tmp_path).as_uri()}"], environment, heard.append) == 0
    script = "train-small > said; python -c 'import sys; print(sys.prefix)' >> said"
    assert said(tmp_path, "sh", "-c", script) == f"trained\n{environment}\n"


def test_packages_are_prepared_before_progress_is_expected() -> None:
    settings = RunSettings(recipe=COMMAND, argv=("x",), pip=("trl==1.16.0",))
    phases = [stage.phase for stage in CommandRecipe().stages(settings)]
    assert phases == [Phase.PREPARE, Phase.TRAIN]
