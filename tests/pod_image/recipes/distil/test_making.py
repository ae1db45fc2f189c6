"""Clips are said and heard once, whatever ends the work in the middle: in this container, and in another pod."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import soundfile

from pod_image.contract.bodies import PhaseChange, ResultsCollected
from pod_image.recipes.distil.agreement import Drop, why_dropped
from pod_image.recipes.distil.shards import clip_file
from pod_image.recipes.piper.recipe_error import RecipeError
from tests.kit.recognisers import demo_sound
from tests.pod_image.recipes.distil.made_clips import (
    FILES,
    LIMITS,
    TEXTS,
    DemoTeacher,
    making,
    recogniser,
    sentences,
    silence,
)


def test_each_sentence_is_said_and_heard_and_kept_as_flac(tmp_path: Path) -> None:
    teacher, ears = DemoTeacher(), recogniser()
    events: list[Any] = []
    made = making(tmp_path, ears, events)
    rows = made.make(sentences(3), lambda: teacher)
    assert [row.text for row in rows] == TEXTS[:3] == teacher.said
    assert ears.scored == ears.heard == TEXTS[:3]
    for row in rows:
        wave, rate_hz = soundfile.read(made.places.clips / clip_file(row.key))
        there, _ = soundfile.read(demo_sound(FILES[row.text]))
        assert rate_hz == 22_050
        assert abs(wave - there).max() < 2 / 32768
    assert list(made.places.waiting.iterdir()) == []
    said = [each for each in events if isinstance(each, PhaseChange)]
    assert [(each.done, each.total) for each in said] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_dropped_clip_leaves_its_row_and_no_sound(tmp_path: Path) -> None:
    teacher = DemoTeacher({TEXTS[0]: silence}, fails={TEXTS[1]: "It has no such letter."})
    made = making(tmp_path, recogniser())
    rows = made.make(sentences(3), lambda: teacher)
    assert [why_dropped(row, LIMITS) for row in rows] == [Drop.SILENT, Drop.NOT_SPOKEN, None]
    assert rows[1].why_not == "It has no such letter."
    assert [path.name for path in made.places.clips.iterdir()] == [clip_file(rows[2].key)]


def test_a_second_life_says_and_hears_only_what_is_left(tmp_path: Path) -> None:
    dying, ears = DemoTeacher({TEXTS[1]: silence}, dies_after=4), recogniser()
    with pytest.raises(KeyboardInterrupt):
        making(tmp_path, ears).make(sentences(6), lambda: dying)
    teacher = DemoTeacher()
    rows = making(tmp_path, ears).make(sentences(6), lambda: teacher)
    assert dying.said + teacher.said == TEXTS[:6]
    assert sorted(ears.heard) == sorted(text for text in TEXTS[:6] if text != TEXTS[1])
    assert [row.text for row in rows] == TEXTS[:6]


def test_a_clip_that_was_said_and_not_heard_is_heard_without_the_teacher(tmp_path: Path) -> None:
    ears = recogniser()
    ears.stop_after = 1
    dying = DemoTeacher()
    with pytest.raises(KeyboardInterrupt):
        making(tmp_path, ears).make(sentences(2), lambda: dying)
    assert dying.said == TEXTS[:2]
    ears.stop_after = None

    def none() -> DemoTeacher:
        raise AssertionError("everything was said")

    rows = making(tmp_path, ears).make(sentences(2), none)
    assert [row.text for row in rows] == TEXTS[:2]
    assert ears.heard == TEXTS[:2]


def test_another_pod_goes_on_from_the_shards_of_the_first(tmp_path: Path) -> None:
    ears = recogniser()
    dying = DemoTeacher({TEXTS[0]: silence}, dies_after=3, dies_of=RecipeError("dead", hint=""))
    with pytest.raises(RecipeError):
        making(tmp_path / "first", ears).make(sentences(5), lambda: dying)
    shutil.copytree(tmp_path / "first" / "out", tmp_path / "second" / "out")
    teacher = DemoTeacher()
    second = making(tmp_path / "second", ears)
    rows = second.make(sentences(5), lambda: teacher)
    assert dying.said + teacher.said == TEXTS[:5]
    assert len(ears.heard) == 4
    kept = {clip_file(row.key) for row in rows[1:]}
    assert {path.name for path in second.places.clips.iterdir()} == kept
    names = [path.name for path in sorted(second.places.goal.iterdir())]
    assert names == ["clips-0001.tar", "clips-0002.tar"]


def test_a_row_that_a_kill_tore_is_made_again_and_spoils_no_other(tmp_path: Path) -> None:
    making(tmp_path, recogniser()).make(sentences(2), DemoTeacher)
    path = tmp_path / "prepared" / "spoken" / "rows.jsonl"
    path.write_text(path.read_text("utf-8")[:-40], "utf-8")
    shutil.rmtree(tmp_path / "out")
    teacher = DemoTeacher()
    rows = making(tmp_path, recogniser()).make(sentences(3), lambda: teacher)
    assert teacher.said == TEXTS[1:3]
    assert [row.text for row in rows] == TEXTS[:3]
    again = DemoTeacher()
    making(tmp_path, recogniser()).make(sentences(3), lambda: again)
    assert again.said == []


def test_no_more_is_said_once_enough_is_kept(tmp_path: Path) -> None:
    teacher = DemoTeacher({TEXTS[0]: silence})
    made = making(tmp_path, recogniser(), enough_seconds=5.0)
    rows = made.make(sentences(12), lambda: teacher)
    kept = sum(row.measured.seconds for row in rows[1:] if row.measured)
    assert 5.0 <= kept < 15.0
    assert len(rows) == len(teacher.said) < 12
    again = DemoTeacher()
    making(tmp_path, recogniser(), enough_seconds=5.0).make(sentences(12), lambda: again)
    assert again.said == []


def test_shards_are_said_to_be_there_while_it_goes_on(tmp_path: Path) -> None:
    clock = iter(range(0, 10_000, 100))
    said: list[Any] = []
    made = making(tmp_path, recogniser(), said, shard_seconds=250.0, now=lambda: float(next(clock)))
    made.make(sentences(6), DemoTeacher)
    at = [n for n, each in enumerate(said) if isinstance(each, ResultsCollected)]
    assert len(at) == len(list(made.places.goal.iterdir())) >= 2
    assert at[0] < len(said) - 3


def test_what_a_teacher_said_is_heard_and_sent_when_it_fails(tmp_path: Path) -> None:
    made = making(tmp_path, recogniser())
    dying = DemoTeacher(dies_after=3, dies_of=RecipeError("dead", hint=""))
    with pytest.raises(RecipeError, match="dead"):
        made.make(sentences(5), lambda: dying)
    assert len(made.rows.by_key) == 3
    assert len(list(made.places.goal.glob("*.tar"))) == 1


def test_clips_are_heard_on_all_cores_and_each_once(tmp_path: Path) -> None:
    ears = recogniser()
    rows = making(tmp_path, ears, jobs=4).make(sentences(12), DemoTeacher)
    assert sorted(ears.heard) == sorted(TEXTS)
    assert [row.text for row in rows] == TEXTS
