"""Checkpoints and voices of strangers: what is numbers comes over, anything else is refused in words."""

from __future__ import annotations

import asyncio
import json
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch

from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.services.voices.export import ExportRequest, export
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.contract.settings import RunSettings
from pod_image.foreign import apart
from pod_image.foreign.apart import Refused
from pod_image.recipes.piper import checkpoint as checkpoints
from pod_image.recipes.piper import foreign_voice, stages
from pod_image.recipes.piper.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from pod_image.recipes.piper.export_file import Request, export_file
from pod_image.recipes.piper.foreign_voice import read_foreign
from pod_image.recipes.piper.onnx_voice import read_onnx_voice
from pod_image.recipes.piper.recipe_error import RecipeError
from tests.foreign.malice import KINDS, Harm, scripted

NAME = "model_g.enc_p.emb.weight"


def checkpoint_file(path: Path, **changes: Any) -> Path:
    document = {"state_dict": OrderedDict({NAME: torch.arange(12.0).reshape(4, 3)}), "epoch": 3}
    torch.save(document | changes, path)
    return path


def test_numbers_and_plain_words_come_over_as_they_are(tmp_path: Path) -> None:
    kinds = {
        f"model_g.{kind}".removesuffix(".torch"): torch.tensor([[0, 1], [1, 0]]).to(kind)
        for kind in (torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool)
    }  # fmt: skip
    views = {
        "model_g.turned": torch.arange(6.0).reshape(2, 3).t(),
        "model_g.one": torch.tensor(7.0),
    }
    parameters = {"sample_rate": 22050, "betas": (0.8, 0.99), "paths": [Path("/data")], "odd": {1: 2}}  # fmt: skip
    path = checkpoint_file(
        tmp_path / "voice.ckpt",
        state_dict=kinds | views,
        hyper_parameters=parameters,
        global_step=9,
    )
    came = read_foreign(path)
    assert list(came.state) == [*kinds, *views]
    for name, tensor in (kinds | views).items():
        assert came.state[name].dtype is tensor.dtype
        assert torch.equal(came.state[name], tensor)
    assert came.hyper_parameters == {"sample_rate": 22050, "betas": [0.8, 0.99], "paths": ["/data"]}
    assert (came.epoch, came.global_step) == (3, 9)


@pytest.mark.parametrize("odd", [float("inf"), "9" * 5_000, [1], -1, True, 1 << 70])
def test_a_count_that_is_none_counts_nothing(odd: Any, tmp_path: Path) -> None:
    path = checkpoint_file(
        tmp_path / "voice.ckpt",
        epoch=odd,
        global_step=odd,
        hyper_parameters=odd,
        optimizer_states=odd,
    )
    came = read_checkpoint(path)
    assert (came.epoch, came.global_step, came.hyper_parameters) == (0, 0, {})


@pytest.mark.promise("secrets-strangers")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_file_that_runs_code_is_refused_and_makes_nothing(
    kind: Harm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kind(tmp_path / "voice.ckpt", "json.py")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(RecipeError, match=r"voice.ckpt is refused: it"):
        read_checkpoint(path)
    assert list((tmp_path / "here").iterdir()) == []


def test_the_export_refuses_such_a_file_and_the_folder_it_was_called_in_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scripted(tmp_path / "voice.ckpt", "json.py")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(InvalidRequest, match=r"voice.ckpt is refused: it") as refused:
        asyncio.run(export(ExportRequest(path, tmp_path / "out", language="en_US")))
    assert in_terminal(refused.value.hint)
    assert list((tmp_path / "here").iterdir()) == []
    assert not (tmp_path / "out").exists()


def test_a_base_checkpoint_that_runs_code_is_refused_in_the_pod(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.base.mkdir(parents=True)
    made = tmp_path / "made"
    scripted(folder.base / "voice.ckpt", str(made))
    settings = PiperSettings.of(RunSettings(base_checkpoint="owner/repo/voice.ckpt"))
    with pytest.raises(RecipeError, match="it holds a program"):
        stages._begin_base(settings, folder)()
    assert not made.exists()


def test_a_base_is_read_apart_and_never_by_the_process_that_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path)
    folder.base.mkdir(parents=True)
    checkpoint_file(folder.base / "voice.ckpt")
    monkeypatch.setattr(torch, "load", _not_here)
    settings = PiperSettings.of(RunSettings(base_checkpoint="owner/repo/voice.ckpt"))
    came = stages._begin_base(settings, folder)()
    assert came is not None
    assert came.state[NAME].sum() == 66


def test_the_export_too_has_the_file_read_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint_file(tmp_path / "voice.ckpt")
    monkeypatch.setattr(torch, "load", _not_here)
    with pytest.raises(RecipeError, match="tensors are not those of"):
        export_file(Request(path, tmp_path / "out", language="en_US"))


def _not_here(*args: Any, **options: Any) -> None:
    raise AssertionError("the file was loaded in this process")


def test_a_program_that_our_look_at_the_archive_misses_is_refused_by_torch_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_refuse_what_is_no_data", lambda path: None)
    made = tmp_path / "made"
    with pytest.raises(RecipeError, match="cannot be read as a checkpoint"):
        read_checkpoint(scripted(tmp_path / "voice.ckpt", str(made)))
    assert not made.exists()


@pytest.mark.parametrize("name", ["archive/code/x.py", "constants.pkl", "a/CODE/../code/x"])
def test_an_archive_with_a_programs_parts_is_refused_before_torch_sees_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint_file(tmp_path / "voice.ckpt")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"1")
    monkeypatch.setattr(torch, "load", _not_here)
    with pytest.raises(RecipeError, match="it holds a program"):
        read_checkpoint(path)


def test_parts_that_are_small_here_and_huge_unpacked_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.ckpt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps("x" * 50_000_000, protocol=2))
    with pytest.raises(RecipeError, match="its parts are compressed"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(1 << 40),
        torch.zeros(1).expand(1 << 20, 2),
        torch.zeros(1).expand(100),
        torch.zeros(1 << 30, 0),
        torch.zeros(4, 4).to_sparse(),
        torch.zeros(3, device="meta"),
        torch.zeros(2, dtype=torch.complex64),
    ],
    ids=["a shape of any size", "more than stored", "a little more", "no numbers", "sparse", "meta", "complex"],
)  # fmt: skip
def test_a_tensor_that_is_not_plain_numbers_of_the_file_is_refused(
    tensor: Any, tmp_path: Path
) -> None:
    path = checkpoint_file(tmp_path / "voice.ckpt", state_dict={NAME: tensor})
    with pytest.raises(Refused, match=f"tensor '{NAME}' does not consist of numbers"):
        foreign_voice._read([path], {})


def test_many_names_for_the_same_numbers_are_refused_when_they_outgrow_the_file(
    tmp_path: Path,
) -> None:
    one = torch.zeros(100_000)
    path = checkpoint_file(
        tmp_path / "voice.ckpt", state_dict={f"model_g.{n}": one for n in range(100)}
    )
    with pytest.raises(Refused, match="does not consist of numbers"):
        foreign_voice._read([path], {})


def test_a_reader_that_ends_without_an_answer_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "START_SECONDS", -30.0)
    with pytest.raises(
        RecipeError, match=r"voice.ckpt cannot be read as a checkpoint: reading it took"
    ):
        read_foreign(checkpoint_file(tmp_path / "voice.ckpt"))


def test_our_own_checkpoints_ask_for_no_name_beyond_torchs_own(tmp_path: Path) -> None:
    own = {"random": {"cpu": torch.get_rng_state()}, "step": 3}
    whole = Checkpoint({NAME: torch.zeros(2, 2)}, {"sample_rate": 16000}, 1, 2, [], own)
    write_checkpoint(tmp_path / "step.ckpt", whole)
    assert torch.serialization.get_unsafe_globals_in_checkpoint(tmp_path / "step.ckpt") == []


def onnx_file(path: Path, place: str, *, is_in_node: bool = False) -> Path:
    """A voice some of whose weights are to be read from `place`."""
    tensor = onnx.helper.make_tensor("enc_p.emb.weight", onnx.TensorProto.FLOAT, (4, 3), [0.0] * 12)
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    node = onnx.helper.make_node("Constant", [], ["x"], value=tensor)
    nodes, weights = ([node], []) if is_in_node else ([], [tensor])
    inner = onnx.helper.make_graph(nodes, "g", [], [], weights)
    branch = onnx.helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    graph = onnx.helper.make_graph([branch], "g", [], []) if is_in_node else inner
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    described = {"audio": {"sample_rate": 16000}, "phoneme_id_map": {"_": [0]}}
    path.with_name(f"{path.name}.json").write_text(json.dumps(described))
    return path


@pytest.mark.parametrize("is_in_node", [False, True], ids=["in the graph", "in a branch's node"])
@pytest.mark.parametrize("place", ["secret.bin", "../secret.bin", "/etc/hostname"])
def test_weights_from_another_file_are_refused(
    place: str, is_in_node: bool, tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path / "voices"):
        folder.mkdir(exist_ok=True)
        (folder / "secret.bin").write_bytes(bytes(48))
    path = onnx_file(tmp_path / "voices" / "voice.onnx", place, is_in_node=is_in_node)
    with pytest.raises(RecipeError, match="are in another file"):
        read_onnx_voice(path)
