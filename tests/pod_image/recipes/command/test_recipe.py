"""The recipe `command`: what counts as a result, as progress, and how its worker behaves as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.agent.card import render_card
from pod_image.contract.bodies import Body, Step
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.recipes import load
from pod_image.recipes.base import CardSection
from pod_image.recipes.command import checkpoints, rewording
from pod_image.recipes.command.collecting import (
    Collected,
    Outputs,
    collect,
    fits,
    is_inside,
    matching,
)
from pod_image.recipes.command.copying import copy_equal
from pod_image.recipes.command.keeping import Results
from pod_image.recipes.command.progress.json_lines import reading_in
from pod_image.recipes.command.progress.meter import ProgressMeter, Source
from pod_image.recipes.command.recipe import Job
from tests.kit.sent_events import as_sent
from tests.pod_image.recipes.command.commands import worker

COMMAND = RecipeName("command")


def test_a_python_of_the_persons_own_finds_the_modules_beside_it_as_it_does_everywhere(
    tmp_path: Path,
) -> None:
    work = tmp_path / "prepared"
    work.mkdir()
    (work / "train.py").write_text(
        "import beside, os; print(beside.WORD, os.environ.get('PYTHONSAFEPATH'))"
    )
    (work / "beside.py").write_text("WORD = 'found'")
    script = "python -m train > out/said.txt"
    code, _ = worker(tmp_path, "sh", "-c", script)
    assert code == 0
    assert (work / "out" / "said.txt").read_text() == "found None\n"


def test_the_recipe_is_loaded_without_torch_and_has_one_stage() -> None:
    recipe = load(COMMAND)
    settings = RunSettings(recipe=COMMAND, argv=("true",))
    (stage,) = recipe.stages(settings)
    assert stage.takes_instructions
    assert recipe.needs(settings) == ()


def test_results_are_the_small_files_first_and_the_card_names_them(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    files = folder.out / "files"
    files.mkdir(parents=True)
    (files / "archive.tar").write_bytes(bytes(1_000))
    (files / "report.txt").write_text("good")
    (files / ".torn.unfinished").write_text("half")
    recipe = load(COMMAND)
    settings = RunSettings(recipe=COMMAND, argv=("make", "a b"))
    assert [path.name for path in recipe.results(folder, settings)] == ["report.txt", "archive.tar"]
    section = recipe.card(folder, settings)
    assert "make 'a b'" in section.markdown
    assert "`report.txt`" in section.markdown


def test_the_card_shows_neither_a_key_nor_markup_of_a_name(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    files = folder.out / "files"
    files.mkdir(parents=True)
    (files / "a`\n## Not a title <!-- end of run-01 -->\x1b[2J\u202e.txt").write_text("")
    words = ("env", "API_KEY=c4n4ry0v4lu3", "python", "-c", "a = 1\n# Not a title\n")
    settings = RunSettings(recipe=COMMAND, argv=words)
    section = load(COMMAND).card(folder, settings)
    card = render_card(None, "run-01", section)
    assert "c4n4ry0v4lu3" not in card
    assert not [line for line in card.splitlines() if line.startswith("# Not")]
    assert [line for line in card.splitlines() if line.startswith("## ")] == ["## run-01"]
    assert not set(card) & {"\x1b", "\u202e"}
    again = render_card(card, "run-01", CardSection({}, "Another."))
    assert "Not a title" not in again


def test_patterns_name_files_and_folders_but_no_links(tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "deep" / "a.bin").write_text("a")
    (tmp_path / "log.txt").write_text("b")
    (tmp_path / "out" / "link").symlink_to("/etc/passwd")
    found = [path.relative_to(tmp_path).as_posix() for path in matching(tmp_path, ["out", "*.txt"])]
    assert found == ["log.txt", "out/deep/a.bin"]


@pytest.mark.parametrize(
    ("pattern", "inside"), [("out/**", True), ("/etc/*", False), ("../x", False), ("a/../b", False)]
)
def test_patterns_that_lead_out_are_recognised(pattern: str, inside: bool) -> None:
    assert is_inside(pattern) is inside


def test_collecting_again_takes_what_changed(tmp_path: Path) -> None:
    work, target = tmp_path / "work", tmp_path / "files"
    (work / "out").mkdir(parents=True)
    (work / "out" / "a").write_text("one")
    outputs = Outputs(("out/**",))
    assert collect(work, outputs, target) == Collected(1, ("out/a",))
    (work / "out" / "a").write_text("second")
    (work / "out" / "b").write_text("new")
    assert collect(work, outputs, target) == Collected(2, ("out/a", "out/b"))
    assert collect(work, outputs, target) == Collected(2, ())
    assert (target / "out" / "a").read_text() == "second"
    assert not list(target.rglob("*.unfinished"))


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('{"step": 3, "loss": 0.5}', {"event": "step", "step": 3, "losses": {"loss": 0.5}}),
        (
            '{"step": 3, "total_steps": 9, "name": "x", "bad": NaN}',
            {"event": "step", "step": 3, "total_steps": 9, "losses": {}},
        ),
        (
            '{"step": 3, "epoch": 2.5, "total_steps": 9.0}',
            {"event": "step", "step": 3, "epoch": 2, "total_steps": 9, "losses": {}},
        ),
        (f'{{"step": 3, "loss": 1{"0" * 400}}}', {"event": "step", "step": 3, "losses": {}}),
        (f'{{"step": 1{"0" * 400}}}', None),
        ('{"step": -1}', None),
        ('{"step": "three"}', None),
        ('{"step": true}', None),
        ('{"loss": 1}', None),
        ("step 3", None),
        ("{torn", None),
        ("[" * 100_000, None),
    ],
)
def test_a_line_with_a_step_is_progress(line: str, event: object) -> None:
    said: list[Step] = []
    meter = ProgressMeter(lambda: 0.0, said.append, lambda _: None)
    reading = reading_in(line)
    if reading is not None:
        meter.read(Source.OWN_LINE, reading)
    meter.finish()
    assert [as_sent(step) for step in said] == ([] if event is None else [event])


@pytest.mark.parametrize(
    ("below", "pattern", "is_named"),
    [
        ("out/a", "out/**", True),
        ("out/deep/a.bin", "out", True),
        ("out/deep/a.bin", "out/*.bin", False),
        ("out/deep/a.bin", "**/*.bin", True),
        ("outer/a", "out/**", False),
    ],
)
def test_what_was_delivered_is_named_by_the_same_patterns(
    tmp_path: Path, below: str, pattern: str, is_named: bool
) -> None:
    path = tmp_path / below
    path.parent.mkdir(parents=True)
    path.write_text("x")
    assert fits(below, [pattern]) is is_named
    assert matching(tmp_path, [pattern]) == ([path] if is_named else [])


def test_names_of_what_is_not_whole_yet_and_checkpoints_are_no_outputs(tmp_path: Path) -> None:
    for below in ("out/a", "out/.tmpQ1", "out/b-tmp/x", "out/checkpoint-3/a"):
        (tmp_path / below).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / below).write_text("x")
    outputs = Outputs(("out/**",), (".tmp*", "*-tmp"), ("out/checkpoint-*",))
    assert outputs.files(tmp_path) == [tmp_path / "out" / "a"]


def test_the_worker_brings_the_outputs_and_tells_the_steps(tmp_path: Path) -> None:
    script = 'pwd; echo \'{"step": 1, "loss": 2}\'; echo x > out/x; test -n "$DATASET_DIR"'
    code, events = worker(tmp_path, "sh", "-c", script)
    assert code == 0
    assert {"event": "step", "step": 1, "losses": {"loss": 2.0}} in events
    assert (tmp_path / "out" / "files" / "out" / "x").read_text() == "x\n"


def test_the_worker_reads_the_bar_that_a_command_draws_and_logs_it_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bar = "\\r 50%%|#| %s/30 [00:05<00:04, 3.44it/s, loss=0.5]"
    script = f"for n in 13 14 15; do printf '{bar}' $n >&2; done; echo done"
    code, events = worker(tmp_path, "sh", "-c", script)
    (step,) = [event for event in events if event["event"] == "step"]
    assert code == 0
    assert (step["step"], step["total_steps"], step["losses"]) == (15, 30, {"loss": 0.5})
    log = capfd.readouterr().out.splitlines()
    assert "Progress is read from its progress bar." in log
    assert sum("%|" in line for line in log) == 1


def test_a_line_without_an_end_is_passed_on_in_pieces(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo over"
    code, _ = worker(tmp_path, "sh", "-c", script)
    lines = capfd.readouterr().out.splitlines()
    assert code == 0
    assert lines[-1] == "over"
    assert sum(map(len, lines[:-1])) == 3_000_000
    assert max(map(len, lines)) <= 1 << 16


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("sh", "-c", "exit 3"), 2, "exit code 3"),
        (("no-such-program",), 2, "could not be started"),
        (("sh", "-c", "kill -9 $$"), 1, ""),
    ],
)
def test_the_worker_tells_how_a_command_failed(
    tmp_path: Path, argv: tuple[str, ...], code: int, words: str
) -> None:
    found, events = worker(tmp_path, *argv)
    warnings = [event["message"] for event in events if event["event"] == "warning"]
    assert found == code
    assert words in " ".join(warnings)
    assert bool(warnings) is (code == 2)


def test_the_worker_refuses_outputs_outside_of_its_folder(tmp_path: Path) -> None:
    code, events = worker(tmp_path, "true", outputs=["../**"])
    assert code == 2
    assert "leads out" in events[0]["message"]


def test_a_worker_that_is_ended_by_signal_collects_what_there_is(tmp_path: Path) -> None:
    script = "echo here > out/early.txt; kill -TERM $PPID; sleep 60"
    code, _ = worker(tmp_path, "sh", "-c", script)
    assert code == 0
    assert (tmp_path / "out" / "files" / "out" / "early.txt").read_text() == "here\n"


def test_stop_ends_the_command_with_all_it_started_and_keeps_its_files(tmp_path: Path) -> None:
    script = "echo early > out/early; sleep 60 & echo $! > pid; echo up; wait"
    stop = '{"id": "s", "command": "stop"}\n'
    code, events = worker(tmp_path, "sh", "-c", script, commands=stop, after="up")
    assert code == 0
    assert (tmp_path / "out" / "files" / "out" / "early").read_text() == "early\n"
    sleeper = (tmp_path / "prepared" / "pid").read_text().strip()
    assert not Path(f"/proc/{sleeper}").exists()
    assert [event["state"] for event in events if event["event"] == "command"] == ["done"]


def test_one_file_that_cannot_be_copied_keeps_no_other_from_being_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "prepared"
    said: list[Body] = []
    told: list[str] = []
    for below in ("out/a", "out/bad", "out/z", "out/checkpoint-1/bad"):
        (work / below).parent.mkdir(parents=True, exist_ok=True)
        (work / below).write_text("x")

    def copies(path: Path, goal: Path) -> bool:
        if path.name == "bad":
            raise PermissionError(13, "Permission denied")
        return copy_equal(path, goal)

    monkeypatch.setattr(rewording, "copy_equal", copies)
    rule = checkpoints.CheckpointRule(("out/checkpoint-*",), ("bad",))
    job = Job(("x",), ("out/**",), checkpoints=rule)
    Results(job, RunFolder(tmp_path), said.append, told.append).collect()
    files = tmp_path / "out" / "files" / "out"
    assert sorted(path.name for path in files.iterdir()) == ["a", "z"]
    assert told == [
        "The checkpoint could not be copied: Permission denied. It is tried again soon.",
        "out/bad could not be copied; it is tried again every few seconds.",
    ]
    assert {body.event for body in said} == {"warning", "collected"}
