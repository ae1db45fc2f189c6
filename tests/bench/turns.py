"""A trainer that takes steps when it is told to: both sides of the bench run as this, each in a process of its own.

`python -m tests.bench.turns SIDE FOLDER OPTIONS-AS-JSON`; SIDE is ours, reference, prepare-ours or prepare-reference.
A line with a number on standard input is so many steps; the answer is one JSON line with wall seconds, CPU seconds, the
slowest step and the losses of each. `profile` and a number: what the GPU did in them. Preparation is answered once. The
reference is `piper.train` from the wheel of piper-tts (GPL, called as an installed program), with the package
monotonic-alignment-search in place of the extension that the wheel lacks.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import types
import warnings
from pathlib import Path
from typing import Any

from pod_image.contract.bodies import Body, Step
from tests.bench.kernels import KernelProfile

MARK = "turn:"
"""Begins each line that is an answer; everything else a trainer prints is passed over."""


class Turns:
    """Counts steps and waits between turns. The first turn begins with the first step.

    What a GPU was asked for before a turn is done when it begins, and what the turn asks for when it ends.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self._left = self._steps = 0
        self._losses: list[dict[str, float]] = []
        self._profile: KernelProfile | None = None
        self._slowest = self._stepped_at = 0.0
        self._begin()

    def stepped(self, losses: dict[str, float]) -> None:
        """Called after every step. Returns when the next step may begin; never returns after the end."""
        self._losses.append(losses)
        self._left -= 1
        now = time.perf_counter()
        self._slowest, self._stepped_at = max(self._slowest, now - self._stepped_at), now
        if self._left:
            return
        self._wait_for_device()
        seconds, cpu_seconds = time.perf_counter() - self._began, _cpu_seconds() - self._cpu_began
        if self._profile is not None:
            self._answer(**self._profile.figures(seconds, self._steps))
        else:
            slowest = round(self._slowest, 3)
            self._answer(
                seconds=seconds,
                cpu_seconds=cpu_seconds,
                slowest_step_seconds=slowest,
                losses=self._losses,
            )
        self._begin()

    def _begin(self) -> None:
        asked = sys.stdin.readline().split()
        if not asked:
            self._answer(peak_memory_gb=_peak_memory_gb(), **self._reserved())
            os._exit(0)
        self._steps = self._left = int(asked[-1])
        self._losses, self._slowest = [], 0.0
        self._wait_for_device()
        self._profile = KernelProfile(self._device) if asked[0] == "profile" else None
        self._began, self._cpu_began = time.perf_counter(), _cpu_seconds()
        self._stepped_at = self._began

    def _wait_for_device(self) -> None:
        if self._device == "cuda":
            import torch

            torch.cuda.synchronize()

    def _reserved(self) -> dict[str, float]:
        if self._device != "cuda":
            return {}
        import torch

        return {"reserved_gb": round(torch.cuda.max_memory_reserved() / 1e9, 2)}

    def _answer(self, **values: Any) -> None:
        sys.stdout.write(f"{MARK}{json.dumps(values)}\n")
        sys.stdout.flush()


def _answer_once(began: float, cpu_began: float) -> None:
    """For work whose processes have all been waited for."""
    spent = sum(sum(resource.getrusage(who)[:2]) for who in (_SELF, _CHILDREN)) - cpu_began
    values = {"seconds": time.perf_counter() - began, "cpu_seconds": spent}
    print(f"{MARK}{json.dumps(values)}", flush=True)


def _now() -> tuple[float, float]:
    return time.perf_counter(), sum(sum(resource.getrusage(who)[:2]) for who in (_SELF, _CHILDREN))


_SELF, _CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN


def _processes() -> list[Any]:
    import psutil

    own = psutil.Process()
    return [own, *own.children(recursive=True)]


def _cpu_seconds() -> float:
    """Of this process and its loaders."""
    return sum(sum(each.cpu_times()[:2]) for each in _processes())


def _peak_memory_gb() -> float:
    total = 0
    for process in _processes():
        status = Path(f"/proc/{process.pid}/status").read_text()
        total += next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
    return total / 1e6


# Ours


def ours(folder: Path, options: dict[str, Any]) -> None:
    """Our trainer on the set prepared in FOLDER/ours. With `losses` every step is reported: nothing else reads them."""
    import torch

    from pod_image.contract.recipes.piper import Precision
    from pod_image.recipes.piper import step_reports
    from pod_image.recipes.piper.clips import Clips
    from pod_image.recipes.piper.cuda_graphs import CudaRecorder
    from pod_image.recipes.piper.device import ready_cpu, ready_device
    from pod_image.recipes.piper.quality import Quality
    from pod_image.recipes.piper.trainer import Places, Trainer
    from pod_image.recipes.piper.training import Training

    ready_cpu()
    is_gpu = options.get("device") == "cuda"
    if options.get("losses", True):
        step_reports.REPORT_SECONDS = 0.0
    last: dict[str, float] = {}
    turns: list[Turns] = []

    def emit(body: Body) -> None:
        if isinstance(body, Step):
            last.clear()
            last.update(body.losses)

    def after_each_step() -> list[Any]:
        turns[0].stepped(dict(last))
        return []

    precision = Precision(options.get("precision", "auto"))

    training = Training(
        Quality(options["quality"]),
        epochs=10**6,
        batch_size=options["batch"],
        validation_split=0.0,
        checkpoint_seconds=1e12,
        seed=options["seed"],
        precision=precision,
    )
    device = (
        ready_device(precision, searches_kernels=options.get("searches_kernels", False))
        if is_gpu
        else torch.device("cpu")
    )
    clips = Clips.load(folder / "ours", device)
    trainer = Trainer(
        training,
        clips,
        Places(folder / "out"),
        emit=emit,
        commands=after_each_step,
        recorder=CudaRecorder(device) if is_gpu and options.get("graphs", True) else None,
    )
    turns.append(Turns(device.type))
    trainer.run()


def prepare_ours(folder: Path, options: dict[str, Any]) -> None:
    """Into FOLDER/ours; what makes the reference's cache is left out, imports are not."""
    from pod_image.recipes.piper.preparation import Preparation, prepare
    from tests.bench.speech import known_clips

    began = _now()
    how = Preparation(options["rate_hz"], "en-us")
    prepare(known_clips(folder), folder / "ours", how, lambda event: None)
    _answer_once(*began)


# The reference


def inject_alignment() -> None:
    """Put the stand-in where the reference looks for its extension. Its arrays are the other way round."""
    name = "piper.train.vits.monotonic_align"
    module: Any = types.ModuleType(name)
    module.maximum_path = maximum_path
    sys.modules[name] = module
    import piper.train.vits as package

    package.monotonic_align = module  # type: ignore[attr-defined]  # compiled, and absent here


def maximum_path(value: Any, mask: Any) -> Any:
    """As the reference calls its extension: both are [batch, frames, text]."""
    import monotonic_alignment_search

    return monotonic_alignment_search.maximum_path(
        value.transpose(1, 2).contiguous(), mask.transpose(1, 2).contiguous()
    ).transpose(1, 2)


def equal_paths(cases: int) -> int:
    """On how many random cases, ties included, the stand-in finds the paths that our search finds."""
    import torch

    from pod_image.recipes.piper.alignment import durations_of_best_paths

    draw = torch.Generator().manual_seed(5)
    equal = 0
    for number in range(cases):
        phonemes = torch.randint(1, 60, (4,), generator=draw)
        frames = phonemes + torch.randint(0, 120, (4,), generator=draw)
        scores = torch.randn((4, int(frames.max()), int(phonemes.max())), generator=draw) * 30
        if number % 3 == 0:
            scores = scores.round()
        mask = (torch.arange(scores.shape[1])[:, None] < frames[:, None, None]) & (
            torch.arange(scores.shape[2]) < phonemes[:, None, None]
        )
        path = maximum_path(scores, mask.float())
        ours = durations_of_best_paths(scores, frames, phonemes)
        equal += bool((path.sum(dim=1).long() == ours).all())
    return equal


def reference(folder: Path, options: dict[str, Any]) -> None:
    """`python -m piper.train fit` as its guide says, with the same batch, size, seed and clips."""
    inject_alignment()
    from piper.train.__main__ import main
    from piper.train.vits.lightning import VitsModel

    _take_turns(VitsModel, options)
    sys.argv = ["piper.train", "fit", *reference_arguments(folder, options)]
    main()


def prepare_reference(folder: Path, options: dict[str, Any]) -> None:
    """Into FOLDER/reference, by the method that its trainer calls before the first epoch."""
    inject_alignment()
    from piper.train.vits.dataset import VitsDataModule

    data = {
        name.removeprefix("data."): value
        for name, value in reference_values(folder, options).items()
        if name.startswith("data.")
    }
    began = _now()
    VitsDataModule(**data, sample_rate=options["rate_hz"]).prepare_data()
    _answer_once(*began)


def _take_turns(model: Any, options: dict[str, Any]) -> None:
    """Losses are read where they are asked for: reading one waits for a GPU."""
    step, log = model.training_step, model.log
    reads_losses = options.get("losses", True)
    turns: list[Turns] = []
    logged: dict[str, float] = {}

    def logging(self: Any, name: str, value: Any, *args: Any, **more: Any) -> None:
        if reads_losses:
            logged[name] = float(value)
        log(self, name, value, *args, **more)

    def stepping(self: Any, batch: Any, batch_idx: int) -> Any:
        if not turns:
            turns.append(Turns(options.get("device", "cpu")))
        result = step(self, batch, batch_idx)
        turns[0].stepped(dict(logged))
        return result

    model.log, model.training_step = logging, stepping


SIZES: dict[str, list[str]] = {
    "x_low": ["hidden_channels=96", "inter_channels=96", "filter_channels=384"],
    "low": [],
    "medium": [],
    "high": [
        "resblock=1",
        "resblock_kernel_sizes=[3,7,11]",
        "resblock_dilation_sizes=[[1,3,5],[1,3,5],[1,3,5]]",
        "upsample_rates=[8,8,2,2]",
        "upsample_initial_channel=512",
        "upsample_kernel_sizes=[16,16,4,4]",
    ],
}


def reference_arguments(folder: Path, options: dict[str, Any]) -> list[str]:
    """The reference's command line."""
    sized = [f"--model.{each}" for each in SIZES[options["quality"]]]
    return [*(f"--{k}={v}" for k, v in reference_values(folder, options).items()), *sized]


def reference_values(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Measuring and writing are off, as they are in ours."""
    return {
        "seed_everything": options["seed"],
        "data.voice_name": "bench",
        "data.csv_path": folder / "metadata.csv",
        "data.audio_dir": folder / "wavs",
        "data.cache_dir": folder / "reference",
        "data.config_path": folder / "reference.json",
        "data.espeak_voice": "en-us",
        "data.batch_size": options["batch"],
        "data.validation_split": 0.05,
        "data.num_test_examples": 0,
        "model.sample_rate": options["rate_hz"],
        "model.mos_metric": "none",
        "trainer.accelerator": "gpu" if options.get("device") == "cuda" else "cpu",
        **({"trainer.precision": options["precision"]} if "precision" in options else {}),
        "trainer.max_epochs": 10**6,
        "trainer.limit_val_batches": 0,
        "trainer.num_sanity_val_steps": 0,
        "trainer.logger": "false",
        "trainer.enable_progress_bar": "false",
        "trainer.default_root_dir": folder / "lightning",
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sides = {
        "ours": ours,
        "reference": reference,
        "prepare-ours": prepare_ours,
        "prepare-reference": prepare_reference,
    }
    sides[sys.argv[1]](Path(sys.argv[2]), json.loads(sys.argv[3]))
