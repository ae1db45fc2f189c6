"""A voice for speaking starts a training: what it holds is exact, what it lacks is learnt alone at first."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import pytest
import torch

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.instructions import InstructionName
from pod_image.recipes.piper.base import take_over, traits_of
from pod_image.recipes.piper.checkpoint import read_checkpoint
from pod_image.recipes.piper.export import export_voice
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.onnx_voice import LACKS, read_onnx_voice
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from pod_image.recipes.piper.voice import VoiceIdentity
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, disturbed, made_up_clips


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A generator and the voice it was exported to."""
    generator = disturbed(Generator(TINY)).eval()
    state = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    voice = VoiceIdentity("anna", "en_US", Quality.X_LOW, 16_000, "en-us")
    return state, export_voice(generator, voice, tmp_path_factory.mktemp("voice"))


def test_every_weight_that_speaking_needs_comes_back(exported):
    state, path = exported
    got = read_onnx_voice(path).part("model_g.")
    assert set(state) - set(got) == {name for name in state if name.startswith(LACKS)}
    with_norm = [n for n in got if n.endswith("weight_v")]
    for name in with_norm:
        length = name.replace("weight_v", "weight_g")
        folded = torch._weight_norm(state[name], state[length], 0)
        assert torch.allclose(torch._weight_norm(got[name], got[length], 0), folded, atol=1e-6)
    for name in set(got) - set(with_norm) - {n.replace("weight_v", "weight_g") for n in with_norm}:
        assert torch.allclose(got[name], state[name], atol=1e-6), name


def test_a_generator_made_from_it_says_what_the_voice_said(exported):
    state, path = exported
    before, after = Generator(TINY).eval(), Generator(TINY).eval()
    before.load_state_dict(state)
    assert not take_over(read_onnx_voice(path), after, Discriminators(TINY))
    ids, lengths = torch.randint(3, 60, (1, 21), generator=torch.manual_seed(4)), torch.tensor([21])
    with torch.no_grad():
        said = [g.speak(ids, lengths, draw=torch.zeros_like) for g in (before, after)]
    assert torch.allclose(said[0], said[1], atol=1e-4)


def test_several_speakers_come_back_with_their_embedding(tmp_path):
    generator = disturbed(Generator(TINY, speakers=3)).eval()
    state = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    voice = VoiceIdentity("trio", "en_US", Quality.X_LOW, 16_000, "en-us", ("a", "b", "c"))
    checkpoint = read_onnx_voice(export_voice(generator, voice, tmp_path))
    assert traits_of(checkpoint).speakers == 3
    assert torch.equal(checkpoint.state["model_g.emb_g.weight"], state["emb_g.weight"])
    take_over(checkpoint, Generator(TINY, speakers=3), Discriminators(TINY))


TRAINING = Training(
    Quality.X_LOW, epochs=100, batch_size=2, max_steps=10, checkpoint_seconds=1e9, sizes=TINY
)


def trainer_from(start, folder, events, *, steps=10, resume=False):
    return Trainer(
        dataclasses.replace(TRAINING, max_steps=steps),
        made_up_clips(4),
        Places(folder),
        emit=kept_in(events),
        start=start,
        resume=resume,
    )


def changed(trainer, before):
    weights = trainer.optimisation.generator.state_dict()
    return {name for name in before if not torch.equal(weights[name], before[name])}


def test_what_is_lacking_is_trained_alone_first_and_then_everything(exported, tmp_path):
    _, path = exported
    events: list[Any] = []
    trainer = trainer_from(read_onnx_voice(path), tmp_path, events)
    assert any(e.get("code") == "partial-base" and "first 2 steps" in e["message"] for e in events)
    weights = trainer.optimisation.generator.state_dict()
    before = {name: tensor.clone() for name, tensor in weights.items()}
    seen: dict[int, Any] = {}
    trainer._commands = lambda: (
        seen.setdefault(trainer.progress.step, changed(trainer, before)) and []
    )
    trainer.run()
    assert seen[2]
    assert all(name.startswith(LACKS) for name in seen[2])
    assert {"dec.conv_pre.weight", "enc_p.emb.weight"} <= seen[3]


def test_too_few_steps_for_a_stage_of_its_own_are_said_to_be_too_few(exported, tmp_path):
    _, path = exported
    events: list[Any] = []
    trainer = trainer_from(read_onnx_voice(path), tmp_path, events, steps=4)
    (said,) = [e["message"] for e in events if e.get("code") == "partial-base"]
    assert "first 0 steps" not in said
    assert "everything is trained at once" in said
    assert trainer.run().step == 4


def test_where_time_ends_a_training_the_first_stage_is_a_fifth_of_the_time(exported, tmp_path):
    _, path = exported
    events: list[Any] = []
    ticks = itertools.count()
    trainer = Trainer(
        dataclasses.replace(TRAINING, max_steps=10_000, train_seconds=60),
        made_up_clips(4),
        Places(tmp_path),
        emit=kept_in(events),
        start=read_onnx_voice(path),
        clock=lambda: float(next(ticks)),
    )
    (said,) = [e["message"] for e in events if e.get("code") == "partial-base"]
    assert "first 40 steps, or 12 s if that is sooner" in said
    before = {k: v.clone() for k, v in trainer.optimisation.generator.state_dict().items()}
    decoder = []

    def look():
        moved = "dec.conv_pre.weight" in changed(trainer, before)
        decoder.append((trainer.progress.seconds, moved))
        return []

    trainer._commands = look
    trainer.run()
    assert not any(moved for seconds, moved in decoder if seconds < 12)
    assert decoder[-1][1]
    assert sum(moved for _, moved in decoder) > len(decoder) / 2
    (saved,) = (tmp_path / "checkpoints").glob("*.ckpt")
    assert read_checkpoint(saved).own["wakes_at"] < len(decoder)


def test_a_run_cut_in_its_first_stage_goes_on_in_it(exported, tmp_path):
    _, path = exported
    events: list[Any] = []
    first = trainer_from(read_onnx_voice(path), tmp_path, events)
    first._commands = lambda: [_stop()] if first.progress.step == 1 else []
    first.run()
    saved = read_checkpoint(max((tmp_path / "checkpoints").glob("*.ckpt")))
    second = trainer_from(saved, tmp_path, events, resume=True)
    before = {k: v.clone() for k, v in second.optimisation.generator.state_dict().items()}
    seen: dict[int, Any] = {}
    second._commands = lambda: seen.setdefault(second.progress.step, changed(second, before)) and []
    second.run()
    assert all(name.startswith(LACKS) for name in seen[2])
    assert "dec.conv_pre.weight" in seen[3]


def _stop():
    from pod_image.contract.instructions import Instruction

    return Instruction(id="c", command=InstructionName.STOP)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda voice: voice.write_bytes(b"<html>"), "cannot be read as an ONNX"),
        (lambda voice: voice.write_bytes(voice.read_bytes()[:1000]), "cannot be read as an ONNX"),
        (lambda voice: voice.unlink(), "There is no voice"),
        (lambda voice: _json(voice).unlink(), "There is no .*json next to"),
        (lambda voice: _json(voice).write_text("[]"), "does not describe a Piper voice"),
        (lambda voice: _renumber(voice), "numbers 1 symbols differently: 'a' is 99 there, 14 here"),
    ],
)
def test_a_voice_that_cannot_start_anything_says_why(exported, tmp_path, damage, words):
    _, path = exported
    voice = tmp_path / path.name
    for source in (path, _json(path)):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    damage(voice)
    with pytest.raises(RecipeError, match=words) as error:
        read_onnx_voice(voice)
    assert in_terminal(error.value.hint)


def _json(voice):
    return voice.with_name(f"{voice.name}.json")


def _renumber(voice):
    document = json.loads(_json(voice).read_text(encoding="utf-8"))
    document["phoneme_id_map"]["a"] = [99]
    _json(voice).write_text(json.dumps(document), encoding="utf-8")


def test_an_onnx_of_another_kind_says_so(tmp_path):
    import onnx

    graph = onnx.helper.make_graph([], "empty", [], [])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / "other.onnx"))
    with pytest.raises(RecipeError, match="not a Piper voice"):
        read_onnx_voice(tmp_path / "other.onnx")
