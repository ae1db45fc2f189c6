"""The GPU's kernel: machine code for every card that is rented, and the CPU's paths, without a GPU."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from pod_image.recipes.piper.alignment import durations_by_numpy
from pod_image.recipes.piper.alignment_kernel import NAME, SOURCE
from pod_image.recipes.piper.nvrtc import KernelError, compiled
from tests.kit.checkout import ROOT
from tests.pod_image.recipes.piper.cases import random_alignment

TURING_TO_BLACKWELL = (75, 80, 86, 89, 90, 100, 120)
HAS_NVRTC = sys.platform == "linux"
needs_nvrtc = pytest.mark.skipif(not HAS_NVRTC, reason="NVRTC's wheels are for Linux")


@pytest.fixture(autouse=True)
def as_on_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    """No toolkit, and nothing on the path that could compile."""
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "LD_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)


@needs_nvrtc
@pytest.mark.parametrize("capability", TURING_TO_BLACKWELL)
def test_the_kernel_becomes_machine_code_for_each_card_without_a_toolkit(
    capability: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code = compiled(SOURCE.read_text(), capability)
    assert code.startswith(b"\x7fELF")
    assert NAME.encode() in code


@needs_nvrtc
def test_a_card_newer_than_this_nvrtc_gets_code_that_its_driver_finishes() -> None:
    assert b".target sm_" in compiled(SOURCE.read_text(), 199)


@needs_nvrtc
def test_a_card_that_nvrtc_no_longer_knows_is_refused_in_words() -> None:
    with pytest.raises(KernelError, match="as old as 61"):
        compiled(SOURCE.read_text(), 61)


@needs_nvrtc
def test_what_does_not_compile_is_refused_with_the_compilers_words() -> None:
    with pytest.raises(KernelError, match="expected"):
        compiled("__global__ void broken( {", 90)


@needs_nvrtc
@pytest.mark.parametrize("name", ["cuda-bindings", "cuda-pathfinder", "nvidia-cuda-nvrtc"])
def test_it_is_compiled_by_the_versions_that_the_image_has(name: str) -> None:
    pins = (ROOT / "pod_image" / "requirements-cuda.txt").read_text()
    assert f"{name}=={version(name)}\n" in pins


def test_the_source_needs_no_header() -> None:
    assert "#include" not in SOURCE.read_text()


ON_A_CPU = """
static int clip_now;
static float room[65536];
#define KERNEL
#define CLIP clip_now
#define ONE_THREAD
#define BARRIER
#define SHARED_FLOATS(name) float *name = room
#define IMPOSSIBLE (-1.0f / 0.0f)
"""
FORWARD = "#define EACH_PHONEME(n) for (int n = 0; n < phonemes; ++n)\n"
BACKWARD = "#define EACH_PHONEME(n) for (int n = phonemes - 1; n >= 0; --n)\n"
EVERY_CLIP = """
void every_clip(const float *scores, const long long *frame_lengths, const long long *text_lengths,
    unsigned char *stepped, long long *durations, int batch, int frames, int phonemes)
{
    for (clip_now = 0; clip_now < batch; ++clip_now)
        alignment_search(scores, frame_lengths, text_lengths, stepped, durations, frames, phonemes);
}
"""


@pytest.mark.parametrize("order", [FORWARD, BACKWARD], ids=["first thread first", "last first"])
def test_the_same_lines_find_numpys_paths_whatever_thread_comes_first(
    order: str, tmp_path: Path
) -> None:
    search = on_a_cpu(tmp_path, order + SOURCE.read_text())
    for seed in range(60):
        case = random_alignment(seed)
        assert torch.equal(search(*case), durations_by_numpy(*case)), seed


def test_a_clip_without_text_or_frames_writes_nowhere_it_should_not(tmp_path: Path) -> None:
    search = on_a_cpu(tmp_path, FORWARD + SOURCE.read_text())
    scores = torch.randn(3, 6, 4, generator=torch.manual_seed(1))
    found = search(scores, torch.tensor([6, 0, 5]), torch.tensor([4, 2, 0]))
    assert found[0].sum() == 6
    assert not found[1:].any()


def test_threads_take_turns_where_one_reads_what_another_wrote() -> None:
    """On a CPU nobody waits for anybody: that each frame waits for the one before is seen in the lines."""
    body = SOURCE.read_text().split("KERNEL void")[1]
    loop = body[body.index("for (int frame = 1;") :]
    assert re.search(r"^for [^{]*\{[^}]*?BARRIER;\s*EACH_PHONEME", loop)
    assert body.count("BARRIER;") == 2
    assert body.index("BARRIER;\n    ONE_THREAD") > body.index(
        "EACH_PHONEME(n) {\n            const"
    )


def on_a_cpu(folder: Path, source: str):
    """The kernel's lines, compiled by the system's compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler")
    path = folder / "search.c"
    path.write_text(ON_A_CPU + source + EVERY_CLIP)
    library = folder / "search.so"
    subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-ffp-contract=off", "-o", library, path], check=True
    )
    every_clip = ctypes.CDLL(str(library)).every_clip

    def search(
        scores: torch.Tensor, frame_lengths: torch.Tensor, text_lengths: torch.Tensor
    ) -> torch.Tensor:
        batch, frames, phonemes = scores.shape
        stepped = torch.full(scores.shape, 7, dtype=torch.uint8)
        durations = torch.full((batch, phonemes), -1)
        tensors = (scores.contiguous(), frame_lengths, text_lengths, stepped, durations)
        pointers = [ctypes.c_void_p(each.data_ptr()) for each in tensors]
        every_clip(*pointers, batch, frames, phonemes)
        return durations

    return search
