"""Any program as the teacher: JSON lines in, WAV files out, by real processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pod_image.contract.interpreter import SAFE_PATH_VARIABLE
from pod_image.process_table import processes
from pod_image.recipes.distil.command_teacher import CommandTeacher
from pod_image.recipes.distil.sentences import distinct
from pod_image.recipes.distil.teacher import Spoken, clip_name
from pod_image.recipes.piper.recipe_error import RecipeError
from tests.kit.checkout import ROOT
from tests.pod_image.recipes.distil.made_clips import sentences
from tests.pod_image.recipes.distil.programs import program

SENTENCES = distinct(["Good morning.", "“Ça va?”", "It is late."])
WRITES = """
import json, sys
for line in sys.stdin:
    job = json.loads(line)
    open(job["wav"], "w").write(job["text"] + job["language"])
    {say}
"""
ACKNOWLEDGES = 'print(json.dumps({"id": job["id"]}))'


def teacher(argv: Sequence[str], folder: Path) -> CommandTeacher:
    kept = {name: value for name, value in os.environ.items() if name != SAFE_PATH_VARIABLE}
    return CommandTeacher(argv, folder, {**kept, "PYTHONPATH": str(ROOT)}, "en_US")


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def spoken(argv: Sequence[str], folder: Path) -> list[Spoken]:
    return [each for each in teacher(argv, folder).speak(SENTENCES, folder) if each]


def test_it_gets_every_sentence_and_leaves_a_file_for_each(tmp_path: Path) -> None:
    said = spoken(python(WRITES.replace("{say}", ACKNOWLEDGES)), tmp_path)
    assert said == [Spoken(each) for each in SENTENCES]
    texts = [(tmp_path / clip_name(each)).read_text("utf-8") for each in SENTENCES]
    assert texts == [f"{each.text}en_US" for each in SENTENCES]


def test_clips_come_while_it_still_speaks(tmp_path: Path) -> None:
    script = WRITES.replace("{say}", f"import os, time\n    {ACKNOWLEDGES[:-1]}, flush=True)\n    "
        "while not os.path.exists('go'): time.sleep(0.01)")  # fmt: skip
    speaking = teacher(python(script), tmp_path).speak(SENTENCES, tmp_path)
    assert next(filter(None, speaking)) == Spoken(SENTENCES[0])
    (tmp_path / "go").touch()
    assert [each.sentence for each in speaking if each] == SENTENCES[1:]


def test_a_program_that_says_nothing_has_its_files_looked_at_when_it_is_over(
    tmp_path: Path,
) -> None:
    silent = WRITES.replace("{say}", "pass") + "import os; os.remove(job['wav'])"
    assert spoken(python(silent), tmp_path) == [
        Spoken(SENTENCES[0]),
        Spoken(SENTENCES[1]),
        Spoken(SENTENCES[2], "It left no file."),
    ]


def test_a_sentence_it_cannot_say_is_told_with_its_reason(tmp_path: Path) -> None:
    fails = 'print(json.dumps({"id": job["id"], "error": "no\\n such voice " + "x" * 500}))'
    first, *_ = spoken(python(WRITES.replace("{say}", fails)), tmp_path)
    assert first.why_not.startswith("no such voice xxx")
    assert len(first.why_not) == 200


def test_a_file_that_is_a_link_is_none(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not a clip")
    links = (
        "import os; os.remove(job['wav']); os.symlink('" + str(tmp_path / "secret") + "', job['wav']); "
        + ACKNOWLEDGES
    )  # fmt: skip
    said = spoken(python(WRITES.replace("{say}", links)), tmp_path)
    assert {each.why_not for each in said} == {"It left no file."}


def test_what_else_it_prints_is_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noise = (
        'print("{not json"); print(json.dumps({"id": "other"})); print("[1]"); print("x" * 200_000); '
        + ACKNOWLEDGES
    )
    assert spoken(python(WRITES.replace("{say}", noise)), tmp_path) == [
        Spoken(each) for each in SENTENCES
    ]
    printed = capfd.readouterr().out
    assert "{not json" in printed
    assert '{"id": "other"}' in printed
    assert max(map(len, printed.splitlines())) <= 65_536


def refusal(argv: Sequence[str], folder: Path) -> tuple[str, list[Spoken]]:
    said: list[Spoken] = []
    with pytest.raises(RecipeError) as refused:
        said.extend(filter(None, teacher(argv, folder).speak(SENTENCES, folder)))
    return str(refused.value.message), said


def test_a_program_that_fails_is_told_by_how_far_it_came(tmp_path: Path) -> None:
    dies = f"{ACKNOWLEDGES[:-1]}, flush=True); sys.exit(3)"
    message, _ = refusal(python(WRITES.replace("{say}", dies)), tmp_path)
    assert message == "The teacher's command ended with exit code 3 after 1 of 3 sentences."
    killed = "import os; os.kill(os.getpid(), 9)"
    message, _ = refusal(python(WRITES.replace("{say}", killed)), tmp_path)
    assert message == "The teacher's command ended by signal 9 after 0 of 3 sentences."


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    message, _ = refusal(["no-such-program"], tmp_path)
    assert message == "The teacher's command could not be started: No such file or directory."


def test_more_sentences_than_a_pipe_holds_are_read_as_slowly_as_it_likes(tmp_path: Path) -> None:
    many = distinct([f"Sentence {n} {'and so on ' * 20}." for n in range(600)])
    reads = "import json, sys\nall = sys.stdin.read()\nfor line in all.splitlines():\n    " + (
        "job = json.loads(line); open(job['wav'], 'w').close(); " + ACKNOWLEDGES
    )
    said = [each for each in teacher(python(reads), tmp_path).speak(many, tmp_path) if each]
    assert [each.sentence for each in said] == many


def test_whoever_has_enough_ends_it(tmp_path: Path) -> None:
    lives = f"{ACKNOWLEDGES[:-1]}, flush=True)\nimport time; time.sleep(600)"
    speaking = teacher(python(WRITES.replace("{say}", lives)), tmp_path).speak(SENTENCES, tmp_path)
    next(filter(None, speaking))
    (child,) = [each for each in processes() if each.parent == os.getpid() and not each.is_dead]
    speaking.close()  # type: ignore[attr-defined]  # a generator has it
    assert child.pid not in {each.pid for each in processes() if not each.is_dead}


def test_the_program_of_these_tests_speaks_the_demo_s_clips(tmp_path: Path) -> None:
    wanted = sentences(2)
    said = [each for each in teacher(program(tmp_path), tmp_path).speak(wanted, tmp_path) if each]
    assert said == [Spoken(each) for each in wanted]
    assert all((tmp_path / clip_name(each)).stat().st_size > 50_000 for each in wanted)
