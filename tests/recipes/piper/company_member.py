"""What torchrun starts in the tests of several processes: `torchrun ... company_member.py steps|train FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from pod_image.recipes.piper.company import Company, join_company, leave_company
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.optimisation import Optimisation
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.trainer import Places, Trainer, Training
from tests.recipes.piper.cases import TINY, disturbed, made_up_clips

BATCHES = ([0, 1, 2, 3], [4, 5, 2, 1])


def steps(company: Company) -> tuple[list[list[float]], Optimisation]:
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
        is_shared=company.size > 1,
    )
    losses = []
    for indices in BATCHES:
        batch = clips.batch(company.share(indices))
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


def _train(company: Company, folder: Path) -> None:
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
    places = Places(folder / f"out-{company.rank}")
    trainer = Trainer(training, made_up_clips(6), places, emit=events.append, company=company)
    trainer.run()
    own = {"events": events, "step": trainer.progress.step}
    (folder / f"own-{company.rank}.json").write_text(json.dumps(own))
    torch.save(weights(trainer.optimisation), folder / f"weights-{company.rank}.pt")


def _main(what: str, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    company = join_company()
    if what == "steps":
        losses, optimisation = steps(company)
        torch.save(weights(optimisation), folder / f"weights-{company.rank}.pt")
        (folder / f"losses-{company.rank}.json").write_text(json.dumps(losses))
    else:
        _train(company, folder)
    leave_company()


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
