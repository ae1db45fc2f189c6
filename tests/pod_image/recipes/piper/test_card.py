"""The model card says what the voice is, what binds it, how it was made, and lets it be heard."""

from __future__ import annotations

import pytest

from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.recipes.piper.card import card_section, keep_facts
from pod_image.recipes.piper.prepared import PreparedClip, PreparedSet, write_prepared
from tests.kit.run_documents import run_document

BASE = "datasets/me/bases/en/joe/medium/x.ckpt"


def settings(**changes):
    values = {"dataset_repo": "me/clips", "results_repo": "me/voices", "voice_name": "anna"}
    return RunSettings(**values, **changes)


def prepared(hours, speakers=()):
    samples = round(hours * 3600 * 22_050)
    clip = PreparedClip("line 1", "", "Hello.", [1, 2], 0, 0, samples)
    return PreparedSet(22_050, "en-us", list(speakers), "digest", [clip])


@pytest.fixture
def folder(tmp_path):
    """A run that ended well: a prepared set, samples of two checkpoints, curves and a voice."""
    run = RunFolder(tmp_path)
    for path in (
        run.samples / "reference.wav",
        run.samples / "step-00000100" / "01.wav",
        run.samples / "step-00001200" / "01.wav",
        run.samples / "step-00001200" / "02.wav",
        run.voice / "en_US-anna-medium.onnx",
        run.tensorboard / "curves.png",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return run


def keep(folder, chosen, licence="", run_id="run-07"):
    document = run_document(run_id=run_id, settings=chosen, base_licence=licence)
    keep_facts(document, folder)
    return card_section(folder, chosen)


def test_language_hours_speakers_and_settings_are_on_it(folder):
    folder.prepared.mkdir()
    write_prepared(folder.prepared, prepared(2.5, ("ann", "bob")))
    text = keep(folder, settings(speakers=2, batch_size=24, learning_rate=1e-4)).markdown
    assert "| Language | English (en_US) |" in text
    assert "1 clips, 2.5 hours after trimming" in text
    assert "| Speakers | ann, bob |" in text
    assert "| Batch size | 24 |" in text
    assert "| Learning rate | 0.0001 |" in text
    assert "| Started from | nothing (from scratch) |" in text


def test_the_base_and_its_licence_are_on_it(folder):
    text = keep(folder, settings(base_checkpoint=BASE), "CC0 | see the card\nof joe").markdown
    assert f"| Started from | {BASE} |" in text
    assert "| Licence of the base | CC0 \\| see the card of joe |" in text


def test_a_base_whose_licence_nobody_named_is_said_to_be_that(folder):
    text = keep(folder, settings(base_checkpoint=BASE)).markdown
    assert "not named on its card; check before you publish or sell" in text


def test_the_newest_samples_can_be_played_beside_the_reference(folder):
    text = keep(folder, settings()).markdown
    where = "https://huggingface.co/me/voices/resolve/main/run-07/samples"
    assert "Samples of step 1,200:" in text
    for name in ("step-00001200/01.wav", "step-00001200/02.wav", "reference.wav"):
        assert f'<audio controls src="{where}/{name}"></audio>' in text
        assert f"(run-07/samples/{name})" in text
    assert "step-00000100" not in text


def test_curves_are_shown_and_three_programs_explained(folder):
    text = keep(folder, settings()).markdown
    assert "![Losses by step](run-07/tensorboard/curves.png)" in text
    assert all(word in text for word in ("piper-tts", "Home Assistant", "sherpa-onnx"))
    assert "(run-07/voice/en_US-anna-medium.onnx.json)" in text


def test_front_matter_makes_it_findable(folder):
    front = keep(folder, settings(language="de_AT")).front_matter
    assert front["language"] == ["de"]
    assert front["pipeline_tag"] == "text-to-speech"
    assert front["datasets"] == ["me/clips"]


def test_several_datasets_are_all_on_it_with_their_shares(folder):
    card = keep(folder, settings(more_datasets=["me/talks@v2"], dataset_shares=[3, 1]))
    assert card.front_matter["datasets"] == ["me/clips", "me/talks"]
    assert "| Datasets | me/clips, me/talks |" in card.markdown
    assert "| Shares | 75% me/clips, 25% me/talks |" in card.markdown
    assert "| Datasets |" not in keep(folder, settings()).markdown


def test_a_run_that_ended_early_promises_nothing_that_is_not_there(tmp_path):
    text = card_section(RunFolder(tmp_path), settings(run_id="run-01")).markdown
    assert "en_US-anna-medium" in text
    assert "audio" not in text
    assert "curves" not in text
    assert "Home Assistant" not in text
