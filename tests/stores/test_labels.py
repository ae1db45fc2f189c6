"""Labels of runs on this computer: shared by attempts and processes, and not lost with the history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.labels import NO_LABELS, LabelName
from launcher.domain.run import RunState
from launcher.errors import InvalidRequest, NotConfigured
from launcher.stores.runs import RunHistory
from tests.kit.runs import NOON, new_run

NAME, NOTES, TAGS = LabelName.NAME, LabelName.NOTES, LabelName.TAGS
RUN = ("me/voices", "run-01")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[RunHistory]:
    opened = RunHistory(tmp_path / "runs.sqlite")
    opened.add(new_run(state=RunState.ENDED))
    yield opened
    opened.close()


def test_every_attempt_at_a_run_has_its_name(history: RunHistory) -> None:
    history.labels.change(*RUN, {NAME: "calm", TAGS: "keeper"}, NOON)
    history.add(new_run("second", attempt=2, state=RunState.ENDED))
    assert {run.title for run in history.runs()} == {"calm"}
    assert history.get("run-01").labels.tags == ("keeper",)
    history.add(new_run("other", run_id="run-02"))
    assert history.get("run-02").labels == NO_LABELS
    assert history.get("run-02").title == "run-02"


def test_two_processes_that_type_into_different_labels_keep_both(
    history: RunHistory, tmp_path: Path
) -> None:
    with closing(RunHistory(tmp_path / "runs.sqlite")) as other:
        history.labels.change(*RUN, {NAME: "calm"}, NOON)
        other.labels.change(*RUN, {NOTES: "Louder."}, NOON)
    labels = history.labels.of(*RUN)
    assert (labels.name, labels.notes) == ("calm", "Louder.")


def test_a_history_that_was_lost_has_the_words_again_that_were_sent_nowhere(
    history: RunHistory, tmp_path: Path
) -> None:
    history.labels.change(*RUN, {NAME: "calm"}, NOON)
    history.close()
    for path in tmp_path.glob("runs.sqlite*"):
        path.unlink()
    with closing(RunHistory(tmp_path / "runs.sqlite")) as again:
        again.add(new_run())
        assert again.get("run-01").title == "calm"
        assert [each.labels.name for each in again.labels.unsent()] == ["calm"]


def test_what_was_typed_while_it_was_sent_is_still_to_be_sent(history: RunHistory) -> None:
    sent = history.labels.change(*RUN, {NAME: "calm"}, NOON)
    newer = history.labels.change(*RUN, {NAME: "calmer"}, NOON + timedelta(minutes=1))
    history.labels.settle(*RUN, sent)
    assert history.labels.is_unsent(*RUN)
    history.labels.settle(*RUN, newer)
    assert not history.labels.is_unsent(*RUN)
    assert history.labels.unsent() == []


def test_words_of_another_computer_are_put_together_with_ours(history: RunHistory) -> None:
    history.labels.change(*RUN, {NOTES: "Mine."}, NOON)
    theirs = NO_LABELS.changed({NAME: "theirs"}, NOON)
    before, after = history.labels.take_in(*RUN, theirs)
    assert (before.name, after.name, after.notes) == ("", "theirs", "Mine.")
    assert history.labels.is_unsent(*RUN)
    history.labels.take_in(*RUN, after)  # the repo has all of it: another computer sent ours
    assert not history.labels.is_unsent(*RUN)


def test_with_the_last_record_of_a_run_its_words_go_too(history: RunHistory) -> None:
    history.labels.change(*RUN, {NAME: "calm"}, NOON)
    history.add(new_run("second", attempt=2, state=RunState.ENDED))
    history.delete(new_run("second"))
    assert history.get("run-01").title == "calm"
    history.delete(new_run())
    assert history.labels.of(*RUN) == NO_LABELS
    assert history.labels.unsent() == []


def test_what_cannot_be_kept_changes_nothing_and_is_said(
    history: RunHistory, tmp_path: Path
) -> None:
    (tmp_path / "labels").write_text("a file where the folder should be")
    with pytest.raises(NotConfigured, match="could not be saved"):
        history.labels.change(*RUN, {NAME: "calm"}, NOON)
    assert history.labels.of(*RUN) == NO_LABELS
    with pytest.raises(InvalidRequest):
        history.labels.change(*RUN, {NAME: "n" * 99}, NOON)


def test_files_that_are_none_of_ours_are_passed_over(history: RunHistory, tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    for number, text in enumerate(("", "[]", "{}", '{"labels": 3}', "\0")):
        (folder / f"{number}.json").write_text(text)
    assert history.labels.unsent() == []
