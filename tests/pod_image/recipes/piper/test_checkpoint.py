"""Checkpoints are written whole and in the published layout; foreign files are read and never run."""

from __future__ import annotations

import os
import pathlib
import pickle
from collections import OrderedDict

import pytest
import torch

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.recipes.piper.base import Traits, check_fits, take_over, traits_of
from pod_image.recipes.piper.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from pod_image.recipes.piper.hyper_parameters import hyper_parameters
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.quality import SIZES, Quality
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.training import Training
from tests.pod_image.recipes.piper.cases import TINY, published_tensors


def networks(speakers=1):
    torch.manual_seed(0)
    return Generator(TINY, speakers=speakers), Discriminators(TINY)


def state_of(generator, discriminators=None):
    state = {f"model_g.{k}": v for k, v in generator.state_dict().items()}
    if discriminators is not None:
        state |= {f"model_d.{k}": v for k, v in discriminators.state_dict().items()}
    return state


def published_layout(state, **changes):
    """What the old trainer pickled, folders of its machine included."""
    return {
        "epoch": 2164,
        "global_step": 1355540,
        "pytorch-lightning_version": "1.7.7",
        "state_dict": OrderedDict(state),
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {},
        "optimizer_states": [{"state": {0: {"step": 3}}, "param_groups": [{"lr": 1e-4}]}] * 2,
        "lr_schedulers": [{"last_epoch": 2164, "_last_lr": [1.53e-4]}] * 2,
        "hparams_name": "kwargs",
        "hyper_parameters": {
            "sample_rate": 22050,
            "dataset": [pathlib.PosixPath("/data/voice/dataset.jsonl")],
            "dataset_dir": pathlib.PosixPath("/data/voice"),
            "sample_bytes": 2,
            "resblock_kernel_sizes": (3, 5, 7),
        },
        **changes,
    }


def todays_layout(state):
    """What Lightning 2 writes for today's trainer: other counters, and parameters without folders."""
    moments = {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2), "exp_avg_sq": torch.zeros(2)}
    return published_layout(
        state,
        **{
            "pytorch-lightning_version": "2.6.1",
            "loops": {"fit_loop": {"epoch_progress": {"total": {"ready": 3, "completed": 2}}}},
            "callbacks": {"ModelCheckpoint{'monitor': 'val_mel'}": {"best_model_score": None}},
            "optimizer_states": [{"state": {0: moments}, "param_groups": [{"lr": 2e-4}]}] * 2,
            "hyper_parameters": {
                "sample_rate": 22050,
                "betas_d": (0.5, 0.9),
                "use_mrd": False,
                "warmstart_ckpt": None,
                "_instantiator": "lightning.pytorch.cli.instantiate_module",
            },
        },
    )


class Malice:
    def __init__(self, flag):
        self.flag = flag

    def __reduce__(self):
        return os.system, (f"touch {self.flag}",)


def test_what_is_written_is_read_again(tmp_path):
    state = state_of(*networks())
    own = {"step": 7, "random": {"cpu": torch.get_rng_state()}}
    whole = Checkpoint(
        state, {"sample_rate": 16000}, 3, 14, [{"state": {}, "param_groups": []}], own
    )
    path = tmp_path / "deep" / "step.ckpt"
    assert write_checkpoint(path, whole) == path.stat().st_size
    again = read_checkpoint(path)
    assert (again.epoch, again.global_step, again.own["step"]) == (3, 14, 7)
    assert again.hyper_parameters == {"sample_rate": 16000}
    assert again.optimiser_states == [{"state": {}, "param_groups": []}]
    assert all(torch.equal(again.state[name], state[name]) for name in state)
    assert [p.name for p in path.parent.iterdir()] == ["step.ckpt"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "step.ckpt"
    state = state_of(*networks())
    write_checkpoint(path, Checkpoint(state, {}, 1, 2, [], {}))
    before = path.read_bytes()
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
        write_checkpoint(path, Checkpoint(state, {"bad": lambda: 0}, 1, 2, [], {}))
    assert path.read_bytes() == before


def test_our_files_need_no_trust_to_be_read(tmp_path):
    path = tmp_path / "step.ckpt"
    parameters = hyper_parameters(Training(Quality.X_LOW, 1, 1, sizes=TINY), 16000)
    write_checkpoint(path, Checkpoint(state_of(*networks()), parameters, 1, 2, [], {"step": 1}))
    document = torch.load(path, weights_only=True)
    assert document["hyper_parameters"]["num_symbols"] == 256
    assert {"state_dict", "optimizer_states", "epoch", "global_step"} <= set(document)


@pytest.mark.parametrize("is_zip", [True, False], ids=["today's container", "before torch 1.6"])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_published_checkpoints_load_with_folders_as_text(tmp_path, is_zip):
    state = state_of(*networks())
    path = tmp_path / "epoch=2164-step=1355540.ckpt"
    torch.save(published_layout(state), path, _use_new_zipfile_serialization=is_zip)
    checkpoint = read_checkpoint(path)
    assert checkpoint.hyper_parameters["dataset_dir"] == "/data/voice"
    assert checkpoint.epoch == 2164
    assert not checkpoint.own
    generator, discriminators = Generator(TINY), Discriminators(TINY)
    assert take_over(checkpoint, generator, discriminators)
    assert torch.equal(generator.enc_p.emb.weight, state["model_g.enc_p.emb.weight"])


def test_checkpoints_of_todays_trainer_load_too(tmp_path):
    state = state_of(*networks())
    torch.save(todays_layout(state), tmp_path / "last.ckpt")
    checkpoint = read_checkpoint(tmp_path / "last.ckpt")
    assert checkpoint.hyper_parameters["sample_rate"] == 22050
    assert take_over(checkpoint, Generator(TINY), Discriminators(TINY))


@pytest.mark.parametrize("is_zip", [True, False], ids=["today's container", "before torch 1.6"])
def test_a_checkpoint_that_wants_to_run_something_is_refused_and_nothing_runs(tmp_path, is_zip):
    flag, path = tmp_path / "flag", tmp_path / "evil.ckpt"
    document = published_layout(state_of(*networks()), callbacks={"x": Malice(flag)})
    torch.save(document, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(
        RecipeError, match=r"evil.ckpt is refused: it asks for posix.system"
    ) as error:
        read_checkpoint(path)
    assert not flag.exists()
    assert in_terminal(error.value.hint)


def test_even_harmless_globals_are_refused(tmp_path):
    path = tmp_path / "odd.ckpt"
    torch.save(published_layout(state_of(*networks()), extra=pathlib.Path.cwd), path)
    with pytest.raises(RecipeError, match="is refused"):
        read_checkpoint(path)


def test_a_file_cut_short_says_so(tmp_path):
    path = tmp_path / "half.ckpt"
    torch.save(published_layout(state_of(*networks())), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RecipeError, match=r"half.ckpt cannot be read") as error:
        read_checkpoint(path)
    assert "incomplete" in in_terminal(error.value.hint)


@pytest.mark.parametrize("content", [b"", b"<!doctype html>not found", b"PK\x03\x04junk"])
def test_what_is_no_checkpoint_at_all_says_so(tmp_path, content):
    path = tmp_path / "page.ckpt"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=r"page.ckpt"):
        read_checkpoint(path)


def test_a_missing_file_and_another_model_say_so(tmp_path):
    with pytest.raises(RecipeError, match="There is no checkpoint"):
        read_checkpoint(tmp_path / "none.ckpt")
    torch.save({"state_dict": {"encoder.weight": torch.zeros(2)}}, tmp_path / "other.ckpt")
    with pytest.raises(RecipeError, match="another model"):
        read_checkpoint(tmp_path / "other.ckpt")
    torch.save({"weights": torch.zeros(2)}, tmp_path / "bare.ckpt")
    with pytest.raises(RecipeError, match="no state_dict"):
        read_checkpoint(tmp_path / "bare.ckpt")


@pytest.mark.parametrize(
    ("column", "rate", "expected"),
    [
        ("x-low", 16000, Traits(Quality.X_LOW, 16000, 256, 1)),
        ("medium", 16000, Traits(Quality.LOW, 16000, 256, 1)),
        ("medium", 22050, Traits(Quality.MEDIUM, 22050, 256, 1)),
        ("medium", None, Traits(Quality.MEDIUM, None, 256, 1)),
        ("high", "22050", Traits(Quality.HIGH, 22050, 256, 1)),
        ("medium-109", 22050, Traits(Quality.MEDIUM, 22050, 256, 109)),
    ],
)
def test_a_checkpoint_tells_what_it_is_by_its_tensors(column, rate, expected):
    state = {name: torch.empty(shape, device="meta") for name, shape in published_tensors(column)}
    assert traits_of(Checkpoint(state, {"sample_rate": rate}, 0, 0, [], {})) == expected


@pytest.mark.parametrize(
    ("traits", "words", "setting"),
    [
        (Traits(Quality.HIGH, 22050, 256, 1), ["quality", "high", "medium"], "quality"),
        (Traits(Quality.X_LOW, 16000, 256, 1), ["quality", "x-low", "medium"], "quality"),
        (Traits(Quality.LOW, 16000, 256, 1), ["sample rate", "16000", "22050"], "quality to low"),
        (Traits(Quality.MEDIUM, 22050, 130, 1), ["symbols", "130", "256"], "base checkpoint"),
        (Traits(Quality.MEDIUM, 22050, 256, 109), ["speakers", "109", "2"], "speakers to 109"),
    ],
)
def test_a_base_that_does_not_fit_names_field_values_and_setting(traits, words, setting):
    with pytest.raises(RecipeError) as error:
        check_fits(traits, Quality.MEDIUM, speakers=2, symbols=256)
    assert all(word in in_terminal(error.value.message) for word in words)
    assert setting in in_terminal(error.value.hint)


def test_bases_that_fit_are_taken_without_a_word():
    check_fits(Traits(Quality.MEDIUM, 22050, 256, 1), Quality.MEDIUM, 1, 256)
    check_fits(Traits(Quality.MEDIUM, None, 256, 1), Quality.LOW, 1, 256)
    check_fits(Traits(Quality.MEDIUM, 22050, 256, 1), Quality.MEDIUM, 5, 256)


def test_a_base_of_one_speaker_starts_several_who_all_begin_as_it_sounds():
    torch.manual_seed(1)
    one, judges = networks()
    checkpoint = Checkpoint(state_of(one, judges), {}, 0, 0, [], {})
    several = Generator(TINY, speakers=3)
    assert take_over(checkpoint, several, Discriminators(TINY))
    ids, lengths = torch.randint(3, 60, (1, 15)), torch.tensor([15])
    with torch.no_grad():
        base = one.eval().speak(ids, lengths, draw=torch.zeros_like)
        for speaker in range(3):
            who = torch.tensor([speaker])
            spoken = several.eval().speak(ids, lengths, who, draw=torch.zeros_like)
            assert torch.allclose(spoken, base, atol=1e-5)


def test_a_base_without_discriminators_is_said_to_have_none():
    generator, judges = networks()
    checkpoint = Checkpoint(state_of(generator), {}, 0, 0, [], {})
    assert not take_over(checkpoint, Generator(TINY), judges)


def test_a_base_lacking_a_tensor_or_with_another_shape_names_it():
    generator, judges = networks()
    state = state_of(generator, judges)
    lacking = {k: v for k, v in state.items() if k != "model_g.dec.conv_post.weight"}
    with pytest.raises(RecipeError, match=r"lacks the tensor dec.conv_post.weight"):
        take_over(Checkpoint(lacking, {}, 0, 0, [], {}), Generator(TINY), judges)
    other = {**state, "model_g.dec.conv_post.weight": torch.zeros(1, 9, 7)}
    with pytest.raises(RecipeError, match=r"dec.conv_post.weight is \[1, 9, 7\]"):
        take_over(Checkpoint(other, {}, 0, 0, [], {}), Generator(TINY), judges)


def test_hyper_parameters_name_the_sizes_as_published_files_do():
    values = hyper_parameters(Training(Quality.HIGH, 1, 8, speakers=4), 22050)
    sizes = SIZES[Quality.HIGH]
    assert values["resblock"] == "1"
    assert values["upsample_initial_channel"] == sizes.decoder_channels == 512
    assert (values["num_speakers"], values["gin_channels"]) == (4, 512)
