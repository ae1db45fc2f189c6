"""What torchrun starts in the tests of several processes: `torchrun ... distributed_process.py steps|train FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

import torch

from pod_image.recipes.piper.distributed import Distributed, join_distributed, leave_distributed
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.optimisation import Optimisation
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from tests.kit.sent_events import kept_in
from tests.pod_image.recipes.piper.cases import TINY, disturbed, made_up_clips

BATCHES = ([0, 1, 2, 3], [4, 5, 2, 1])


def steps(distributed: Distributed) -> tuple[list[list[float]], Optimisation]:
    """Two steps on clips of one length with nothing drawn: this process's losses, and where they led."""
    clips = made_up_clips(6, samples=12_800)
    torch.manual_seed(1)
    generator, judges = (
        disturbed(Generator(TINY)).eval(),
        disturbed(Discriminators(TINY)),
    )
    optimisation = Optimisation(
        generator,
        judges,
        sample_rate_hz=16_000,
        learning_rate=2e-4,
        is_shared=distributed.size > 1,
    )
    losses = []
    for indices in BATCHES:
        batch = clips.batch(distributed.share(indices))
        starts = torch.zeros(len(batch.ids), dtype=torch.long)
        losses.append(
            optimisation.step(batch, starts=starts, draw=torch.zeros_like).double().tolist()
        )
    return losses, optimisation


def weights(optimisation: Optimisation) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}": tensor.clone()
        for part in ("generator", "discriminators")
        for name, tensor in getattr(optimisation, part).state_dict().items()
    }


class NeverRecords:
    """A step that several make together is not recorded, nor any other of theirs."""

    def _refuse(self, *_: object) -> NoReturn:
        raise AssertionError("recorded though several train together")

    lane = memory = make_room = record = forget = _refuse


def _train(distributed: Distributed, folder: Path) -> None:
    training = Training(
        Quality.X_LOW,
        epochs=100,
        batch_size=4,
        max_steps=3,
        checkpoint_seconds=1e9,
        validation_split=0.2,
        sample_sentences=("Hello.",),
        sizes=TINY,
    )
    events: list[dict[str, object]] = []
    places = Places(folder / f"out-{distributed.rank}")
    trainer = Trainer(
        training,
        made_up_clips(6),
        places,
        emit=kept_in(events),
        distributed=distributed,
        recorder=NeverRecords(),
    )
    trainer.run()
    own = {"events": events, "step": trainer.progress.step}
    (folder / f"own-{distributed.rank}.json").write_text(json.dumps(own))
    torch.save(weights(trainer.optimisation), folder / f"weights-{distributed.rank}.pt")


def _main(what: str, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    distributed = join_distributed()
    if what == "steps":
        losses, optimisation = steps(distributed)
        torch.save(weights(optimisation), folder / f"weights-{distributed.rank}.pt")
        (folder / f"losses-{distributed.rank}.json").write_text(json.dumps(losses))
    else:
        _train(distributed, folder)
    leave_distributed()


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
