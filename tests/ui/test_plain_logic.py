"""Small pure parts of the pages: words, checklist, strip, samples, log, history, hints, preferences."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.run import RunState
from launcher.domain.run_picture import picture_of
from launcher.domain.run_view import LogEntry
from launcher.errors import InvalidRequest
from launcher.services.following.comparing import differing
from launcher.services.live.journal import Journal
from launcher.stores.run_list import PaidRun
from launcher.ui import text as words
from launcher.ui.next_steps import on_page
from launcher.ui.pages.compare import over_minutes
from launcher.ui.pages.home.checklist import Standing, StepState, checklist
from launcher.ui.pages.run.live.gauges import panels_of
from launcher.ui.pages.run.log_book import LogBook
from launcher.ui.pages.run.tabs.log import as_text
from launcher.ui.pages.runs.page import of_month
from launcher.ui.state.preferences import Preferences, read_preferences, write_preferences
from launcher.ui.state.rented_row import rented
from launcher.ui.theme import Theme
from launcher.ui.widgets.sample_rows import sample_table
from launcher.ui.widgets.typed_numbers import number
from launcher.workshop.editing.listing import is_shown
from launcher.workshop.library import ClipLine
from pod_image.contract import figures
from pod_image.contract.bodies import Sample
from pod_image.contract.curve import Curve
from pod_image.contract.events import tells
from pod_image.contract.next_steps import NextStep, Said, Sentence, setting
from tests.kit.clocks import NOW
from tests.kit.runs import event, run


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (figures.dollars(0.004), "under $0.01"),
        (figures.dollars(0.0), "$0.00"),
        (figures.dollars(1234.5), "$1,234.50"),
        (figures.dollars(None), "unknown"),
        (figures.about(0.24), "about $0.24"),
        (figures.about(0.001), "under $0.01"),
        (figures.duration(42), "42 s"),
        (figures.duration(305), "5 min 5 s"),
        (figures.duration(4800), "1 h 20 min"),
        (figures.duration(200_000), "2 days 7 h"),
        (figures.roughly(0.1014), "6 min"),
        (figures.roughly(0.001), "1 min"),
        (words.clock(2523), "0:42:03"),
        (figures.size(999), "999 bytes"),
        (figures.size(3_200_000), "3.2 MB"),
        (figures.size(64e9 * 2), "128 GB"),
        (words.amount(3, 12, "clips"), "3 of 12 clips"),
        (words.amount(1e6, 4e7, "bytes"), "1.0 MB of 40.0 MB"),
        (figures.counted(1, "clip"), "1 clip"),
        (words.when(NOW - timedelta(minutes=5), NOW), "5 minutes ago"),
        (words.when(NOW - timedelta(days=2), NOW), "2 days ago"),
        (words.when(None, NOW), "never"),
    ],
)
def test_figures_read_like_words(said: str, expected: str) -> None:
    assert said == expected


def test_a_newcomer_starts_with_the_keys() -> None:
    states = [step.state for step in checklist(Standing())]
    assert states == [StepState.NOW, StepState.TODO, StepState.TODO, StepState.TODO]


def test_the_checklist_goes_on_where_something_is_missing() -> None:
    states = [step.state for step in checklist(Standing(keys_held=3, datasets=1))]
    assert states == [StepState.DONE, StepState.DONE, StepState.NOW, StepState.TODO]


def test_a_refused_key_is_shown_as_bad() -> None:
    assert checklist(Standing(keys_refused=1))[0].state is StepState.BAD


def test_rented_reckons_from_the_creation_of_the_pod() -> None:
    row = rented(run(), NOW, is_watched=True)
    assert row.text == "run-01 · 1 RTX 4090 rented · $0.36/h · 0:40:00 · about $0.24 so far"
    assert row.problem == ""


def test_rented_believes_the_pod_when_it_says_more() -> None:
    assert rented(run(cost_usd=0.9), NOW, is_watched=True).cost_usd == 0.9


def test_without_the_key_rented_says_how_to_see_it() -> None:
    assert "enter the RunPod key" in rented(run(), NOW, is_watched=False).text


def test_a_pod_that_is_only_ordered_has_cost_nothing() -> None:
    row = rented(run(pod_id="", created_at=None), NOW, is_watched=True)
    assert row.cost_usd == 0.0
    assert "is being rented" in row.text


@pytest.mark.parametrize(
    ("changes", "ended_ago", "words_of_it"),
    [
        ({"deadline": NOW - timedelta(minutes=5)}, None, "past its deadline"),
        ({}, timedelta(minutes=5), "the run is over"),
        ({"state": RunState.ENDING, "armed_at": None}, None, "its launch failed"),
    ],
)
def test_a_pod_that_should_be_gone_is_an_alarm(
    changes: dict[str, object], ended_ago: timedelta | None, words_of_it: str
) -> None:
    ended_at = NOW - ended_ago if ended_ago else None
    row = rented(run(**changes), NOW, is_watched=True, ended_at=ended_at)
    assert words_of_it in row.problem
    assert row.problem in row.text


def test_samples_stand_by_sentence_and_step() -> None:
    samples = [
        event("sample", 1, step=0, path="samples/reference.wav", kind="reference", text="R"),
        event("sample", 2, step=10, path="samples/step-10/01.wav", text="A"),
        event("sample", 3, step=10, path="samples/step-10/02.wav", text="B"),
        event("sample", 4, step=20, path="samples/step-20/01.wav", text="A"),
        event("sample", 5, step=30, path="samples/step-30/01.wav", text="A"),
    ]
    table = sample_table([one for one in samples if tells(one, Sample)], newest=2)
    assert table.reference is not None
    assert table.steps == (20, 30)
    assert [text for text, _ in table.rows] == ["A"]
    assert table.left_out == 1


def test_the_log_is_searched_by_words_and_source() -> None:
    entries = [
        LogEntry(1, "Epoch 1 done"),
        LogEntry(2, "pulling image", "system"),
        LogEntry(3, "epoch 2 done"),
    ]
    book = LogBook()
    book.see(entries)
    book.look_for("EPOCH done")
    assert [one.number for one in book.matches] == [1, 3]
    book.look_for("", "system")
    assert [one.number for one in book.matches] == [2]
    assert as_text(book.matches) == "[system] pulling image"


def test_gauges_say_what_the_machine_says_and_no_more() -> None:
    gpu = {"use_percent": 97.0, "memory_used_gb": 11.0, "memory_total_gb": 22.0}
    picture = picture_of([event("machine", 1, gpus=[gpu], disk_free_gb=30.0)])
    assert [(each.title, each.words, each.high) for each in panels_of(picture)] == [
        ("GPU at work", "97 %", 100.0),
        ("GPU memory", "11.0 of 22 GB", 22.0),
        ("Disk free", "30 GB free", None),
    ]


def test_several_gpus_are_lines_of_one_plot_and_their_words_are_the_least_and_the_most() -> None:
    gpus = [{"use_percent": use, "memory_used_gb": 9.0} for use in (97.0, 12.0, 55.0)]
    readings = [event("machine", seq, 10.0 * seq, gpus=gpus) for seq in (1, 2)]
    use, memory = panels_of(picture_of(readings))
    assert (use.words, memory.words) == ("12 to 97 %", "9.0 GB")
    assert [line.title for line in use.lines] == ["GPU 1", "GPU 2", "GPU 3"]
    start = NOW.timestamp()
    assert [(at - start, value) for _, at, value in use.lines[1].points] == [(10, 12), (20, 12)]


@pytest.mark.parametrize(
    ("steps_per_second", "said"), [(2.4, "2.4 steps/s"), (0.25, "4 s a step"), (0.0, "0 steps/s")]
)
def test_a_slow_training_says_what_a_step_takes(steps_per_second: float, said: str) -> None:
    assert words.pace(steps_per_second) == said


def test_a_month_is_the_calendar_month() -> None:
    new, old = (PaidRun(at, "pod1", "", False, 0.5, None) for at in (NOW, NOW - timedelta(days=40)))
    assert of_month([new, old], NOW) == [new]


def test_a_curve_over_minutes_begins_when_its_run_began_and_has_a_point_for_each_step() -> None:
    curve = Curve()
    for step, value, at in ((100, 3.0, 60), (200, 2.0, 160), (100, 2.5, 660)):  # it began again
        curve = curve.with_point(step, value, 1_000.0 + at)
    assert over_minutes(curve, began=1_000.0) == [(1.0, 3.0), (2.67, 2.0), (11.0, 2.5)]
    assert over_minutes(Curve().with_point(100, 3.0), began=0.0) == []


def test_two_runs_differ_in_what_differs() -> None:
    one = run(settings_json='{"batch_size": 32, "seed": 1}')
    other = run(settings_json='{"batch_size": 16, "seed": 1}')
    assert differing(one, other) == [("batch_size", (32, 16))]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("", True), ("untyped", False), ("short", True), ("long", False), ("missing", False)],
)
def test_clips_are_filtered(kind: str, shown: bool) -> None:
    assert is_shown(ClipLine("wavs/a.flac", "Hello there", None, 0.4), kind, "hello") is shown


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            Sentence("Raise ", setting("max_hours"), ", or lower ", setting("epochs"), "."),
            "Raise “Time cap”, or lower “Epochs”.",
        ),
        (
            Sentence("Nearest: RTX 4090: ", setting("cloud", "any")),
            "Nearest: RTX 4090: “Cloud tier”: any",
        ),
        (
            Sentence("Continue it with ", NextStep.CONTINUE_RUN),
            "Continue it with “Continue an earlier run”",
        ),
        (Sentence(NextStep.ENTER_KEY.of("runpod"), "."), "Enter it on the Keys page."),
        (
            Sentence("Give a valid key: ", NextStep.ENTER_KEY.of("runpod"), "."),
            "Give a valid key: enter it on the Keys page.",
        ),
        (
            Sentence("They are resampled. ", NextStep.LIST_RUNS, " shows them."),
            "They are resampled. The Runs page shows them.",
        ),
        (
            Sentence(NextStep.MAKE_DATASET, " would make them smaller to send."),
            "“Add recordings” under Datasets would make them smaller to send.",
        ),
        (
            Sentence("Put `license: …` into the card; ", NextStep.SET_LICENCE, " writes it."),
            "Put “license: …” into the card; “Licence” under Datasets writes it.",
        ),
        ("Fix the file, or delete it.", "Fix the file, or delete it."),
    ],
)
def test_hints_name_fields_and_pages(said: Said, words: str) -> None:
    assert on_page(said) == words


def test_preferences_come_back(tmp_path: Path) -> None:
    path = tmp_path / "config" / "preferences.toml"
    chosen = Preferences(theme=Theme.DARK, last_results_repo='a"b\\c', curve_log_scale=True)
    write_preferences(path, chosen)
    assert read_preferences(path) == chosen
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no toml [",
        'theme = "pink"',
        "curve_log_scale = 3",
        'unknown = "x"',
        "curve_smoothing = []",
    ],
)
def test_preferences_that_cannot_be_used_fall_back(tmp_path: Path, text: str) -> None:
    path = tmp_path / "preferences.toml"
    path.write_text(text, "utf-8")
    assert read_preferences(path) == Preferences()
    assert read_preferences(tmp_path / "absent.toml") == Preferences()


def test_a_secret_is_no_preference(tmp_path: Path) -> None:
    path = tmp_path / "preferences.toml"
    path.write_text('runpod = "demo-key"\n', "utf-8")
    write_preferences(path, read_preferences(path))
    assert "demo-key" not in path.read_text("utf-8")


def test_the_journal_gives_back_what_was_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events")
    first = event("step", 1, step=1, losses={"mel": 2.0})
    journal.write(run(), first)
    with (tmp_path / "events" / f"{run().nonce}.jsonl").open("a") as file:
        file.write("torn {\n")
    journal.write(run(), event("heartbeat", 2, phase="train"))
    assert [one.seq for one in journal.read(run())] == [1, 2]
    assert next(journal.read(run())) == first
    journal.remove(run())
    assert list(journal.read(run())) == []


def test_a_programs_file_is_named_as_it_is_imported_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "main" / "lib" / "site-packages"
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "main"), str(packages)])
    assert words.below_import_path(str(packages / "nicegui" / "page.py")) == "nicegui/page.py"
    ours = tmp_path / "main" / "launcher" / "ui" / "main" / "frame.py"
    assert words.below_import_path(str(ours)) == "launcher/ui/main/frame.py"
    assert words.below_import_path("/home/somebody/secret-plans/script.py") == "script.py"
    assert words.below_import_path("<string>") == "<string>"


def test_a_number_with_a_comma_between_thousands_is_not_read_as_one() -> None:
    assert number("1,5", "Budget") == 1.5
    for typed in ("1,000", "12,000.50"):
        with pytest.raises(InvalidRequest, match="without a comma"):
            number(typed, "Budget")
