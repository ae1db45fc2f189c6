"""What a plan says of a voice from another voice: the teacher, its sentences, time, memory and terms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.plan import DatasetSummary
from launcher.emulator.hub import HubEmulator
from launcher.prompts.sets import LANGUAGES
from launcher.recipes import recipe_of
from launcher.services.planning.inputs_look import look_at_inputs
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.outcomes import Phase
from pod_image.contract.settings import RunSettings
from pod_image.hub import Hub, Repo, publish
from tests.kit.hub_access import hub_of
from tests.kit.plans import offer

REPO = Repo("demo/teachers", "model")
VOICE = "en/amy.onnx"
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def settings(**more: Any) -> RunSettings:
    values = {
        "teacher_repo": REPO.id,
        "teacher_file": VOICE,
        "image": "bootstrap",
        "base_checkpoint": "me/v/base.ckpt",
        **more,
    }
    return RunSettings(recipe="distil", results_repo="me/voices", run_id="run-01", **values)


def by_command(**more: Any) -> RunSettings:
    return settings(teacher_repo="", teacher_file="", teacher_command=("speak",), **more)


def findings(chosen: RunSettings) -> dict[str, Finding]:
    return {each.code: each for each in recipe_of(chosen).findings(chosen, None)}


def test_a_piper_voice_that_teaches_by_our_sentences_needs_no_more() -> None:
    assert {each.severity for each in findings(settings()).values()} <= {NOTE}


@pytest.mark.parametrize(
    ("chosen", "code", "severity", "words"),
    [
        (settings(teacher_repo="", teacher_file=""), "teacher", ERROR, "No teacher is named"),
        (settings(teacher_file=""), "teacher", ERROR, "needs both a repo and a file"),
        (
            settings(teacher_command=("speak",)),
            "teacher",
            ERROR,
            "Both a Piper voice and a command",
        ),
        (by_command(), "consent", WARNING, "only with that person's consent"),
        (settings(sentences_from="dataset"), "no_sentences", ERROR, "none is named"),
        (settings(heard_by="off"), "not_heard", WARNING, "the teacher's mistakes"),
        (settings(image=RunSettings().image), "hearing_packages", ERROR, "lacks faster-whisper"),
    ],
)
def test_what_is_missing_is_said_with_a_remedy(
    chosen: RunSettings, code: str, severity: Severity, words: str
) -> None:
    found = findings(chosen)[code]
    assert found.severity is severity
    assert words in str(found.message)
    assert code == "consent" or in_terminal(found.hint)


def sent(chosen: RunSettings, **given: bytes) -> list[str]:
    names = {name.replace("_", "."): content for name, content in given.items()}
    made = recipe_of(chosen).configuration(chosen, names)
    assert not [each for each in made.findings if each.severity is ERROR], made.findings
    return made.files["sentences.txt"].decode().splitlines()


def test_our_sentences_go_along_those_that_were_chosen_first() -> None:
    german = LANGUAGES["de"]
    lines = sent(settings(language="de_AT", spoken_clips=150))
    assert lines[:100] == list(german.chosen())
    assert len(set(lines)) == 150
    assert set(lines) <= set(german.pool())
    assert len(sent(settings(language="de_DE"))) == len(german.pool())


def test_a_person_s_own_sentences_take_their_place() -> None:
    assert sent(settings(sentences_file="x"), mine_txt=b"Eins.\n\nZwei |drei.\nEins.\n") == [
        "Eins.",
        "Zwei drei.",
    ]


def refused(chosen: RunSettings, **given: bytes) -> Finding:
    names = {name.replace("_", "."): content for name, content in given.items()}
    made = recipe_of(chosen).configuration(chosen, names)
    assert made.files == {}
    (found,) = made.findings
    assert found.severity is ERROR
    assert in_terminal(found.hint)
    return found


def test_sentences_that_cannot_be_used_are_refused() -> None:
    assert "We have no sentences for fi_FI" in str(refused(settings(language="fi_FI")).message)
    assert "not text in UTF-8" in str(refused(settings(), a_txt=b"\xff\xff\x00").message)
    assert "has no sentence" in str(refused(settings(), a_txt=b"\n").message)
    assert "one file" in str(refused(settings(), a_txt=b"A.", b_txt=b"B.").message)


def test_a_dataset_s_texts_are_not_sent_from_here() -> None:
    chosen = settings(sentences_from="dataset", dataset_repo="me/texts")
    assert recipe_of(chosen).configuration(chosen, {}).files == {}
    assert recipe_of(chosen).speech_wanted(chosen) is None


def test_fewer_sentences_than_asked_for_are_told() -> None:
    made = recipe_of(settings()).configuration(settings(language="nl_NL"), {})
    (note,) = made.findings
    assert note.severity is NOTE
    assert str(len(LANGUAGES["nl"].pool())) in str(note.message)
    assert recipe_of(settings()).configuration(settings(spoken_clips=100), {}).findings == ()


def hours(chosen: RunSettings) -> float:
    found = recipe_of(chosen).estimate(chosen, None, offer(price=0.6), [])
    assert found is not None
    assert found.cost_usd == pytest.approx(found.hours * 0.6)
    return found.hours


def test_the_estimate_has_speaking_hearing_and_piper_s_own_training() -> None:
    piper = RunSettings(
        recipe="piper", dataset_repo="me/clips", base_checkpoint="me/v/base.ckpt", batch_size=32
    )
    clips = DatasetSummary("me/clips", "", clips=500, minutes=19.0)
    trained = recipe_of(piper).estimate(piper, clips, offer(price=0.6), [])
    assert trained is not None
    made = hours(settings(spoken_clips=500)) - trained.hours
    assert made == pytest.approx(500 * 0.4 / 3600)
    assert hours(by_command(spoken_clips=500)) - trained.hours == pytest.approx(500 * 3 / 3600)
    assert hours(settings(spoken_clips=500, heard_by="large-v3")) > hours(
        settings(spoken_clips=500)
    )
    assert hours(settings(kept_minutes=5)) < hours(settings()) / 2
    basis = recipe_of(settings()).estimate(settings(), None, offer(), [])
    assert basis is not None
    assert "spoken by a Piper voice and heard in about" in basis.basis
    assert "all of them kept; then a table of GPU speeds, " in basis.basis


def test_the_disk_has_to_hold_the_clips_as_spoken_kept_and_delivered() -> None:
    recipe = recipe_of(settings())
    few, many = (
        recipe.disk_needed(settings(sentences_file="x", spoken_clips=n), None) for n in (10, 20_000)
    )
    assert few is not None
    assert many is not None
    assert many.gb - few.gb > 3 * 20_000 * 2.3 * 22_050 * 2 / 1e9
    assert many.basis == "clips and one checkpoint of a medium voice"
    assert recipe.memory_needed(settings(), None).gb > 3


def test_its_runs_are_shown_as_those_of_a_voice() -> None:
    shown = recipe_of(settings()).shown
    assert shown.phases[Phase.PREPARE].title == "Speak and hear the clips"
    assert shown.result is not None
    assert shown.result.speaks
    assert shown.says_what_is_asked
    words = recipe_of(settings()).summary(settings(), resume=False)
    assert words.endswith("from me/v/base.ckpt, by what amy says")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    described = {
        "language": {"code": "en_GB"},
        "num_speakers": 2,
        "speaker_id_map": {"amy": 0, "ben": 1},
    }
    files: dict[str, Path | bytes] = {
        VOICE: b"x" * 1000,
        f"{VOICE}.json": json.dumps(described).encode(),
        "en/MODEL_CARD": b"* License: CC0\n",
        "de/eva.onnx": b"x" * 5000,
        "de/eva.onnx.json": json.dumps({"language": {"code": "de_DE"}}).encode(),
        "fr/lone.onnx": b"x",
    }
    with HubEmulator(tmp_path_factory.mktemp("hub")) as running:
        found = hub_of(running)
        found.ask("", lambda api: api.create_repo(REPO.id, repo_type="model"))
        publish(found, REPO, files, "voices")
        yield found


def looked(hub: Hub, **more: Any) -> tuple[str, dict[str, Finding]]:
    chosen = settings(base_checkpoint="", **more)
    start = recipe_of(chosen).look_at_start(hub, chosen)
    return start.licence, {each.code: each for each in start.findings}


def test_the_teacher_s_terms_go_onto_the_card(hub: Hub) -> None:
    licence, found = looked(hub)
    assert licence == "the teacher's: CC0"
    assert found["teacher_licence"].severity is NOTE
    licence, found = looked(hub, teacher_file="de/eva.onnx", language="de_DE")
    assert licence == ""
    assert found["teacher_licence"].severity is WARNING
    assert looked(hub, teacher_repo="", teacher_file="", teacher_command=("speak",)) == ("", {})


def test_another_language_another_speaker_and_a_voice_without_its_json_are_told(hub: Hub) -> None:
    _, found = looked(hub, teacher_file="de/eva.onnx")
    assert found["teacher_language"].severity is WARNING
    assert "speaks de_DE" in str(found["teacher_language"].message)
    _, found = looked(hub, teacher_speaker="cleo")
    assert found["teacher_speaker"].severity is ERROR
    assert str(found["teacher_speaker"].hint) == "It has amy, ben."
    assert "teacher_speaker" not in looked(hub, teacher_speaker="ben")[1]
    _, found = looked(hub, teacher_file="fr/lone.onnx")
    assert found["teacher_voice"].severity is ERROR


def test_the_plan_pins_the_teacher_and_counts_its_file_alone(hub: Hub) -> None:
    look = look_at_inputs(hub, settings(), None)
    assert look.findings == ()
    (planned,) = look.inputs
    assert planned.files == 2
    assert 1000 < planned.size_bytes < 1500
    repo, _, commit = look.settings.teacher_repo.partition("@")  # type: ignore[attr-defined]  # a recipe's own
    assert (repo, commit) == (REPO.id, planned.commit)


def test_a_voice_that_the_repo_does_not_have_is_refused_by_its_path(hub: Hub) -> None:
    (found,) = look_at_inputs(hub, settings(teacher_file="en/tom.onnx"), None).findings
    assert found.severity is ERROR
    assert str(found.message) == f"{REPO.id} has no en/tom.onnx."
