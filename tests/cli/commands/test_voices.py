"""Published bases are listed with their terms; a checkpoint becomes a voice on this computer."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from launcher.cli import app
from launcher.config import read_config
from launcher.presets import look_at_presets
from launcher.recipes.piper.voice_bases import BASES, Lineage, known_base
from tests.kit.printed_documents import check_printed
from tests.kit.tiny_voice import tiny_voice


@pytest.fixture
def say(capsys):
    def run(*words):
        code = app.run(list(words))
        printed = capsys.readouterr()
        check_printed(words, code, printed.out, printed.err)
        return code, printed.out, printed.err

    return run


def test_bases_of_a_language_are_listed_with_licence_and_what_to_type(say):
    code, out, _ = say("voices", "bases", "--language", "de")
    assert code == 0
    assert "de_DE thorsten" in out
    assert "CC0" in out
    assert "--base-checkpoint" in out
    assert "datasets/rhasspy/piper-checkpoints/de/de_DE/thorsten/medium/" in out
    assert "en_US" not in out
    assert "looked up" in out


def test_as_json_the_table_names_its_source_and_date(say):
    _, out, _ = say("voices", "bases", "--quality", "high", "--json")
    document = json.loads(out)
    assert document["source"]
    assert document["as_of"].startswith("20")
    assert {base["quality"] for base in document["bases"]} == {"high"}
    lessac = [base for base in document["bases"] if base["name"] == "lessac"]
    assert "research only" in lessac[0]["licence"]


def test_quiet_gives_what_a_script_passes_on(say):
    _, out, _ = say("voices", "bases", "--language", "en_GB", "-q")
    lines = out.split()
    assert len(lines) > 1
    assert all(line.startswith("datasets/") and line.endswith(".ckpt") for line in lines)


def test_a_language_without_a_base_says_which_have_one(say):
    code, _, err = say("voices", "bases", "--language", "xx")
    assert code == 2
    assert "de_DE" in err
    assert "another language works too" in " ".join(err.split())


def test_every_row_is_whole_and_none_stands_twice():
    assert len({base.checkpoint for base in BASES}) == len(BASES)
    for base in BASES:
        family, language, name, quality, file = base.path.split("/")
        assert (language, name, quality) == (base.language, base.name, base.quality)
        assert language.startswith(family)
        assert file.endswith(".ckpt")
        assert base.licence


def test_terms_of_a_voice_made_from_lessac_name_lessac_too():
    joe = next(base for base in BASES if base.name == "joe")
    assert joe.lineage is Lineage.LESSAC
    assert joe.terms.startswith("CC0; it started from lessac")
    own = next(base for base in BASES if base.name == "ljspeech")
    assert own.terms == "public domain"


def test_every_base_of_a_built_in_preset_is_in_the_table():
    presets = look_at_presets(read_config()).usable
    bases = [base for each in presets if (base := each.values.get("base_checkpoint"))]
    assert bases
    assert [base for base in bases if not known_base(base)] == []


def test_exporting_what_is_not_there_or_no_checkpoint_says_so(say, tmp_path):
    code, _, err = say("export", str(tmp_path / "none.ckpt"))
    assert (code, "There is no checkpoint" in err) == (2, True)
    (tmp_path / "page.ckpt").write_bytes(b"<html>")
    code, _, err = say("export", str(tmp_path / "page.ckpt"))
    assert (code, "cannot be read as a checkpoint" in " ".join(err.split())) == (2, True)
    assert "Traceback" not in err


def test_exporting_without_the_extra_says_how_to_get_it(say, tmp_path, monkeypatch):
    monkeypatch.setattr("launcher.services.voices.export.find_spec", lambda name: None)
    code, _, err = say("export", str(tmp_path / "x.ckpt"))
    assert code == 3
    assert 'pip install "pod-launcher[pod]"' in err


@pytest.mark.slow
def test_a_checkpoint_becomes_a_voice_that_piper_speaks(say, tmp_path):
    import numpy as np
    import onnxruntime
    import torch
    from piper import PiperVoice

    from pod_image.recipes.piper.checkpoint import Checkpoint, write_checkpoint
    from pod_image.recipes.piper.model import Generator
    from pod_image.recipes.piper.quality import SIZES, Quality
    from tests.pod_image.recipes.piper.cases import disturbed

    generator = disturbed(Generator(SIZES[Quality.X_LOW])).eval()
    state = generator.state_dict()
    checkpoint = Checkpoint(
        {f"model_g.{k}": v for k, v in state.items()}, {"sample_rate": 16_000}, 1, 2, [], {}
    )
    file = tmp_path / "epoch=1-step=2.ckpt"
    write_checkpoint(file, checkpoint)
    code, _, err = say("export", str(file), "--json")
    assert (code, "--language en_US" in err) == (2, True)
    described = {"dataset": "anna", "language": {"code": "de_DE"}, "espeak": {"voice": "de"}}
    file.with_name("config.json").write_text(json.dumps(described))
    code, out, err = say("export", str(file), "--out", str(tmp_path / "voices"), "--json")
    assert code == 0, err
    made = json.loads(out)
    assert Path(made["onnx"]).name == "de_DE-anna-x_low.onnx"
    assert all(Path(made[key]).is_file() for key in ("onnx", "json", "tokens"))
    assert len(list(PiperVoice.load(made["onnx"]).synthesize("Guten Tag."))) == 1
    wav = tmp_path / "tag.wav"
    code, out, err = say(
        "voices", "say", "Guten Tag.", "--voice", made["onnx"], "--out", str(wav), "--json"
    )
    assert code == 0, err
    assert json.loads(out)["seconds"] > 0.1
    assert wav.stat().st_size > 1000
    ids = torch.randint(3, 100, (1, 19), generator=torch.manual_seed(2))
    with torch.no_grad():
        sound = generator.speak(ids, torch.tensor([19]), noise_scale=0.0, noise_w=0.0)[0, 0].numpy()
    scales = np.array([0, 1, 0], dtype=np.float32)
    fed = {"input": ids.numpy(), "input_lengths": np.array([19]), "scales": scales}
    (spoken,) = onnxruntime.InferenceSession(made["onnx"]).run(None, fed)
    assert np.abs(spoken[0, 0, 0] - sound).max() < 1e-3 * np.abs(sound).max()


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A voice that lies here; what is made lies in the folder where one stands."""
    folder = tmp_path / "voices"
    folder.mkdir()
    for name, body in tiny_voice().items():
        (folder / name).write_bytes(body)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return next(folder.glob("*.onnx"))


def test_a_voice_is_exported_as_one_zip_and_never_over_an_earlier_one(say, tiny):
    for made in (f"{tiny.stem}.zip", f"{tiny.stem}-2.zip"):
        code, out, _ = say("voices", "export", "--voice", str(tiny), "-q")
        assert (code, out.strip()) == (0, made)
    with zipfile.ZipFile(f"{tiny.stem}.zip") as bundle:
        held = {Path(name).name for name in bundle.namelist()}
    assert held == {tiny.name, f"{tiny.name}.json", "tokens.txt", "HOW-TO.txt"}


def test_a_voice_is_exported_into_a_folder_with_the_steps_of_one_program(say, tiny):
    code, out, _ = say(
        "voices", "export", "--voice", str(tiny), "--out", "anna", "--for", "sherpa-onnx"
    )
    assert code == 0
    assert "tokens.txt" in {path.name for path in Path("anna").iterdir()}
    assert f"--vits-model={tiny.name}" in out
    assert "/share/piper" not in out


def test_an_export_as_json_has_every_program_s_steps_with_their_commands(say, tiny):
    _, out, _ = say("voices", "export", "--voice", str(tiny), "--out", "anna", "--json")
    document = json.loads(out)
    assert [one["name"] for one in document["programs"]] == [
        "home-assistant",
        "piper",
        "sherpa-onnx",
    ]
    assert all(Path(file).is_file() for file in document["files"])
    assert document["programs"][1]["steps"][0]["command"] == "pip install piper-tts"


def test_what_cannot_be_exported_says_why(say, tiny):
    code, _, err = say("voices", "export", "--voice", "none.onnx")
    assert (code, "There is no voice at none.onnx" in err) == (2, True)
    tiny.write_bytes(b"<html>")
    code, _, err = say("voices", "export", "--voice", str(tiny))
    assert (code, "is not an ONNX model" in " ".join(err.split())) == (2, True)
    assert not list(Path().iterdir())
