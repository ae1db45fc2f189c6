"""What a command starts with: its words and files filled in, its variables, its folder, its packages."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pod_image.contract.outcomes import Phase
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.recipes.base import RemoteFile
from pod_image.recipes.command.own_home import own_home
from pod_image.recipes.command.packages import Wanted, activated, install
from pod_image.recipes.command.recipe import CommandRecipe, Job
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
        {"env": ["INPUT_0=x"]},
        {"pip": ["--index-url=http://x"]},
        {"pip": ["-r/etc/passwd"]},
        {"workdir": "../x"},
        {"workdir": "/etc"},
    ],
)
def test_what_is_not_theirs_to_set_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunSettings(recipe=COMMAND, argv=("x",), **values)


def wheel(folder: Path, name: str = "small_trainer", requires: str = "") -> Path:
    """A package with one module and one program."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    asks = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", "def main():\n    print('trained')\n")
        about = f"Name: {name.replace('_', '-')}\nVersion: 1.0\n{asks}"
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\n{about}")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/entry_points.txt", f"[console_scripts]\ntrain-small = {name}:main\n")
        file.writestr(f"{info}/RECORD", "")
    return path


def test_packages_go_into_an_environment_that_the_command_finds_first(tmp_path: Path) -> None:
    """By name and from a file; then those that come alone, without what they ask for."""
    environment, lists = tmp_path / "prepared" / ".venv", tmp_path / "prepared" / ".requirements"
    heard: list[Any] = []
    absent = f"no-such-package @ {(tmp_path / 'absent.whl').as_uri()}"
    assert install(Wanted((absent,)), environment, heard.append) == 2
    assert "pip could not install no-such-package" in heard[-1].message
    assert activated(environment, {}) == {}
    lists.mkdir()
    (lists / "all.txt").write_text("-r more.txt\n")
    (lists / "more.txt").write_text(f"small-trainer @ {wheel(tmp_path).as_uri()}\n")
    picky = wheel(tmp_path, "picky", requires="no-such-package==9.9").as_uri()
    wanted = Wanted(alone=(f"picky @ {picky}",), requirements=lists / "all.txt")
    assert install(wanted, environment, heard.append) == 0
    script = "train-small > said; python -c 'import sys, picky; print(sys.prefix)' >> said"
    assert said(tmp_path, "sh", "-c", script) == f"trained\n{environment}\n"


def test_what_pip_is_told_and_when_it_is_told_again(tmp_path: Path) -> None:
    file = tmp_path / "all.txt"
    file.write_text("-r more.txt\n")
    (tmp_path / "more.txt").write_text("trl\n")
    job = Job(
        argv=("x",), outputs=(), packages=("torch==2.9",), packages_alone=("their-trainer",),
        requirements="all.txt",
    )  # fmt: skip
    wanted = Wanted.by(job, tmp_path)
    assert wanted.installs == [
        ("-r", str(file), "--", "torch==2.9"),
        ("--no-deps", "--", "their-trainer"),
    ]
    assert wanted.named == "torch==2.9, their-trainer, what all.txt names"
    assert Wanted(("trl",)).installs == [("--", "trl")]
    mark = wanted.mark()
    (tmp_path / "more.txt").write_text("trl==1.0\n")
    assert wanted.mark() != mark, "what a list names beside it counts too"
    assert len({each.mark() for each in (Wanted(("a",)), Wanted(alone=("a",)), Wanted())}) == 3


def test_packages_are_prepared_before_progress_is_expected() -> None:
    for given in ({"pip": ("trl==1.16.0",)}, {"requirements": ".requirements/all.txt"}):
        settings = RunSettings(recipe=COMMAND, argv=("x",), **given)
        phases = [stage.phase for stage in CommandRecipe().stages(settings)]
        assert phases == [Phase.PREPARE, Phase.TRAIN]


def fetched(folder: Path, number: int, **files: str) -> Path:
    """What the agent has fetched as input n."""
    base = folder / "base" / "inputs" / str(number)
    for name, text in files.items():
        path = base / "deep" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return base


def test_inputs_are_where_words_templates_and_variables_say(tmp_path: Path) -> None:
    work = tmp_path / "prepared"
    work.mkdir()
    (work / "config.yaml").write_text("base: ${INPUT_0}\n")
    fetched(tmp_path, 0, weights="w")
    fetched(tmp_path, 1, clips="c")
    script = 'cat config.yaml "$1/deep/clips.txt" "$INPUT_0/deep/weights.txt" > said'
    text = said(
        tmp_path, "sh", "-c", script, "sh", "${INPUT_1}",
        input=["me/base@abc", "datasets/me/clips:data/x"], templates=["config.yaml"],
    )  # fmt: skip
    assert text == f"base: {work}/inputs/0\ncw"
    assert (work / "data" / "x" / "deep" / "clips.txt").read_text() == "c"


def test_an_input_is_linked_and_is_no_result_but_what_is_written_beside_it_is(
    tmp_path: Path,
) -> None:
    fetched(tmp_path, 0, weights="w")
    (tmp_path / "prepared" / "own" / "deep").mkdir(parents=True)
    (tmp_path / "prepared" / "own" / "deep" / "brought.txt").write_text("mine")
    fetched(tmp_path, 0, brought="theirs")
    script = "touch own/deep/cache own/said; cp own/deep/brought.txt said"
    settings: dict[str, Any] = {"input": ["me/base:own"], "outputs": ["own/**"]}
    assert said(tmp_path, "sh", "-c", script, **settings) == "mine"
    assert said(tmp_path, "sh", "-c", script, **settings) == "mine", "a second life"
    linked = tmp_path / "prepared" / "own" / "deep" / "weights.txt"
    assert linked.is_symlink()
    files = tmp_path / "out" / "files"
    found = sorted(path.relative_to(files).as_posix() for path in files.rglob("*.*"))
    assert found == ["own/deep/brought.txt"]
    assert (files / "own" / "deep" / "cache").is_file()


def test_the_recipe_asks_for_each_input_whole_at_its_commit() -> None:
    settings = RunSettings(
        recipe=COMMAND, argv=("x",), input=("me/base@abc", "datasets/me/clips@def:data")
    )
    assert list(CommandRecipe().needs(settings)) == [
        RemoteFile("me/base", "*", "model", "abc", "inputs/0"),
        RemoteFile("me/clips", "*", "dataset", "def", "inputs/1"),
    ]


def test_a_secret_is_the_command_s_variable_under_its_own_name_and_no_other(tmp_path: Path) -> None:
    given = {"WANDB_API_KEY": "key-0123456789", "OTHER": "key-9876543210"}
    text = said(tmp_path, "sh", "-c", "env > said", secrets=given, secret=["WANDB_API_KEY"])
    assert "WANDB_API_KEY=key-0123456789\n" in text
    assert "LAUNCHER_SECRET" not in text
    assert "key-9876543210" not in text


@pytest.mark.parametrize("name", ["HF_TOKEN", "RUNPOD_API_KEY", "LD_PRELOAD", "PATH", "A-B", "A=x"])
def test_a_secret_has_a_name_that_is_not_ours_and_no_value(name: str) -> None:
    with pytest.raises(ValidationError):
        RunSettings(recipe=COMMAND, argv=("x",), secret=(name,))


def test_the_command_s_stage_alone_gets_secrets() -> None:
    settings = RunSettings(recipe=COMMAND, argv=("x",), pip=("trl==1.16.0",), secret=("KEY",))
    assert [stage.gets_secrets for stage in CommandRecipe().stages(settings)] == [False, True]


def test_a_command_has_a_home_that_it_may_write_to(tmp_path: Path) -> None:
    """The agent's own is closed to another user, and programs keep their caches there."""
    said_home = 'echo "$HOME" > said; test -w "$HOME" && echo x > "$HOME/cache" && ls -A > listed'
    home = said(tmp_path, "sh", "-c", said_home, outputs=["**"])
    assert home == f"{tmp_path}/prepared/.home\n"
    files = tmp_path / "out" / "files"
    assert sorted(path.name for path in files.iterdir()) == ["listed", "said"]
    assert own_home(tmp_path, {"HOME": str(tmp_path)}) == {}
    assert own_home(tmp_path, {"HOME": "/no/such/home"}) == {"HOME": str(tmp_path / ".home")}
