"""Loss curves of our step and of the reference's own training step, on the same weights, clips and order.

Small networks: the reference's discriminators get narrower convolutions of the same kind, and its generator the
sizes of its own options. Noise, dropout and slices are drawn anew on both sides, so curves agree in the mean only;
where nothing is drawn they agree step by step.
"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import nn

from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.optimisation import LOSS_NAMES, Optimisation
from pod_image.recipes.piper.quality import Sizes
from tests.bench.turns import inject_alignment
from tests.pod_image.recipes.piper.reference import nothing_drawn

BATCH = 2
LEARNING_RATE = 2e-4
REFERENCE_NAMES = ("train_mel", "train_kl", "train_dur", "train_gen", "train_fm", "train_disc")


@dataclass(frozen=True)
class Curves:
    """Losses of every step, [steps, 6], in the order of LOSS_NAMES."""

    ours: np.ndarray[Any, np.dtype[np.float64]]
    reference: np.ndarray[Any, np.dtype[np.float64]]

    def means(self, name: str, first: int, last: int) -> tuple[float, float]:
        """Ours and the reference's, over these steps."""
        place = LOSS_NAMES.index(name)
        return fmean(self.ours[first:last, place]), fmean(self.reference[first:last, place])

    def largest_gap(self, first: int, last: int) -> dict[str, float]:
        """By loss: the largest difference at any of these steps, relative to the reference's mean of that loss."""
        apart = np.abs(self.ours - self.reference)[first:last].max(axis=0)
        size = np.abs(self.reference[first:last]).mean(axis=0)
        return dict(zip(LOSS_NAMES, (apart / size).tolist(), strict=True))

    def figures(self) -> dict[str, Any]:
        """Means of the first and last quarter, ours then the reference's, and the ratio at the end."""
        steps = len(self.ours)
        found: dict[str, Any] = {"steps": steps}
        for name in LOSS_NAMES:
            first, last = self.means(name, 0, steps // 4), self.means(name, -(steps // 4), steps)
            found[name] = {
                "first": [round(value, 4) for value in first],
                "last": [round(value, 4) for value in last],
                "ratio": round(last[0] / last[1], 4),
            }
        return found


def compare_curves(
    steps: int, seed: int, clips: Clips, sizes: Sizes, *, draws: bool = True
) -> Curves:
    """Train both on `clips` for so many steps of two clips, no buckets, float32.

    Without `draws` there is no dropout, all noise is zero and every slice is a clip's beginning.
    """
    model = _reference_model(sizes, clips.prepared.sample_rate_hz)
    if not draws:
        _without_dropout(model)
    order = np.random.default_rng(seed)
    batches = [order.permutation(len(clips))[:BATCH].tolist() for _ in range(steps)]
    ours = _ours(model, sizes, clips, batches, seed, draws)
    with nullcontext() if draws else nothing_drawn():
        return Curves(ours, _reference(model, clips, batches, seed))


def _ours(
    model: Any, sizes: Sizes, clips: Clips, batches: list[list[int]], seed: int, draws: bool
) -> np.ndarray[Any, np.dtype[np.float64]]:
    torch.manual_seed(seed)
    generator, judges = Generator(sizes), Discriminators(sizes)
    generator.load_state_dict(model.model_g.state_dict())
    judges.load_state_dict(model.model_d.state_dict())
    generator.train(draws)
    optimisation = Optimisation(
        generator,
        judges,
        sample_rate_hz=clips.prepared.sample_rate_hz,
        learning_rate=LEARNING_RATE,
    )
    rows = []
    for indices in batches:
        batch = clips.batch(indices)
        still: dict[str, Any] = {
            "starts": torch.zeros(len(indices), dtype=torch.long),
            "draw": torch.zeros_like,
        }
        rows.append(optimisation.step(batch, **({} if draws else still)).tolist())
    return np.array(rows)


# The reference


def _reference_model(sizes: Sizes, rate_hz: int) -> Any:
    inject_alignment()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from piper.train.vits.lightning import VitsModel

        model = VitsModel(
            batch_size=BATCH,
            sample_rate=rate_hz,
            hidden_channels=sizes.hidden,
            inter_channels=sizes.hidden,
            filter_channels=sizes.filter,
            n_layers=sizes.text_layers,
            upsample_initial_channel=sizes.decoder_channels,
            mos_metric="none",
            learning_rate=LEARNING_RATE,
            learning_rate_d=LEARNING_RATE / 2,
        )
        _narrow(model.model_d, Discriminators(sizes))
    return model


def _without_dropout(model: nn.Module) -> None:
    """Its duration predictor drops half whatever its options say."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def _narrow(theirs: Any, ours: Discriminators) -> None:
    """Give each of the reference's convolutions the width that ours has, with everything else as it is."""
    for judge, narrow in zip(theirs.discriminators, ours.discriminators, strict=True):
        for holder, name, wide in _convolutions(judge):
            weight = narrow.get_parameter(f"{name}.weight_v")
            groups = getattr(narrow.get_submodule(name), "groups", 1)
            made = type(wide)(
                weight.shape[1] * groups,
                weight.shape[0],
                wide.kernel_size,
                wide.stride,
                padding=wide.padding,
                groups=groups,
            )
            holder(torch.nn.utils.weight_norm(made))


def _convolutions(judge: Any) -> list[tuple[Any, str, Any]]:
    found: list[tuple[Any, str, Any]] = [
        (partial(judge.convs.__setitem__, i), f"convs.{i}", conv)
        for i, conv in enumerate(judge.convs)
    ]
    found.append((partial(setattr, judge, "conv_post"), "conv_post", judge.conv_post))
    return found


def _reference(
    model: Any, clips: Clips, batches: list[list[int]], seed: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Its own training step, driven by Lightning as its own command drives it."""
    import lightning
    from piper.train.vits.dataset import Batch
    from torch.utils.data import DataLoader

    rows: list[list[float]] = []
    logged: dict[str, float] = {}
    log = model.log
    model.log = lambda name, value, *a, **k: (
        logged.update({name: float(value)}),
        log(name, value, *a, **k),
    )

    class Keeping(lightning.Callback):
        def on_train_batch_end(self, *args: Any) -> None:
            rows.append([logged[name] for name in REFERENCE_NAMES])

    def batch_of(indices: list[int]) -> Any:
        b: Any = clips.batch(indices)
        return Batch(
            b.ids,
            b.id_lengths,
            b.spectrogram,
            b.frame_lengths,
            b.wave[:, None],
            b.frame_lengths * 256,
            None,
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lightning.seed_everything(seed, verbose=False)
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            limit_val_batches=0,
            callbacks=[Keeping()],
        )
        made = [batch_of(indices) for indices in batches]
        trainer.fit(model, DataLoader(made, batch_size=None, shuffle=False))  # type: ignore[arg-type]  # batches that are made already
    return np.array(rows)
