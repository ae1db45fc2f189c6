"""The training loop: steps, reports, checkpoints, samples and commands, until one of the limits is reached."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pod_image.contract.bodies import (
    Body,
    CheckpointWritten,
    InstructionReceipt,
    ReceiptState,
)
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.recipes.piper.alignment import why_search_is_slow
from pod_image.recipes.piper.alone_at_first import AloneAtFirst
from pod_image.recipes.piper.base import check_fits, check_goes_on, take_over, traits_of
from pod_image.recipes.piper.checkpoint import (
    DISCRIMINATORS,
    GENERATOR,
    STEPS_COUNTED_PER_BATCH,
    Checkpoint,
)
from pod_image.recipes.piper.checkpoint_times import CheckpointTimes
from pod_image.recipes.piper.clips import Batch, BucketSampler, Clips, split
from pod_image.recipes.piper.device import why_bf16_is_slow
from pod_image.recipes.piper.distributed import Distributed
from pod_image.recipes.piper.hyper_parameters import hyper_parameters
from pod_image.recipes.piper.keeping import Keeper, checkpoint_path
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.optimisation import Optimisation
from pod_image.recipes.piper.pace import Pace
from pod_image.recipes.piper.phonemes import check_symbols, symbol_parameters
from pod_image.recipes.piper.progress import Best, Progress
from pod_image.recipes.piper.quality import SYMBOLS
from pod_image.recipes.piper.random_states import random_states, set_random_states
from pod_image.recipes.piper.rate_decay import RateDecay
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.references import keep_references
from pod_image.recipes.piper.samples import Samples
from pod_image.recipes.piper.shares import SharedEpochs
from pod_image.recipes.piper.snapshot import bringing, copied
from pod_image.recipes.piper.step_graphs import Recorder, StepGraphs
from pod_image.recipes.piper.step_reports import StepFacts, StepReports
from pod_image.recipes.piper.timed_parts import Beginning, Held
from pod_image.recipes.piper.training import Training
from pod_image.recipes.piper.training_warnings import (
    alignment_is_slow,
    bf16_is_slow,
    checkpoint_dropped,
    fresh_discriminators,
    no_better_checkpoints,
    steps_not_recorded,
)
from pod_image.recipes.piper.validation import Validation
from pod_image.recipes.worker import Emit

TakeInstructions = Callable[[], list[Instruction]]


@dataclass(frozen=True)
class Places:
    """Folders that are delivered. Paths in events are relative to `out`."""

    out: Path

    @property
    def checkpoints(self) -> Path:
        return self.out / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.out / "samples"


_GO_ON, _UNFREEZE, _END = 0, 1, 2
"""What the first process decides between two steps; the last two may come together."""


class Trainer:
    """Trains on `clips`. `emit` takes events, `commands` gives what arrived since it was last asked.

    `start` is a checkpoint to take weights from (a base) or, with `resume`, to go on from exactly.
    `at_checkpoint` is called with each, between two steps. In `distributed` training every process runs a trainer with
    the same arguments; the first one alone reports, obeys, measures and writes, and a batch is shared among all.
    `beginning` is what went by so far; the log says its parts after the first step. `is_delivered` tells of a
    checkpoint whether it may be dropped.
    """

    def __init__(
        self,
        training: Training,
        clips: Clips,
        places: Places,
        *,
        emit: Emit,
        commands: TakeInstructions = list,
        start: Checkpoint | None = None,
        resume: bool = False,
        at_checkpoint: Callable[[Trainer], None] | None = None,
        distributed: Distributed | None = None,
        recorder: Recorder | None = None,
        beginning: Beginning | None = None,
        is_delivered: Callable[[Path], bool] = lambda checkpoint: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.training, self.clips, self.places = training, clips, places
        self.distributed = distributed or Distributed()
        self._emit = emit if self.distributed.is_first else _say_nothing
        self._commands, self._clock = commands, clock
        self._beginning = beginning or Beginning()
        with self._beginning.part("networks"):
            torch.manual_seed(training.seed)
            generator = Generator(training.network, symbols=SYMBOLS, speakers=training.speakers)
            discriminators = Discriminators(training.network)
            if start is not None:
                self._take_over(start, generator, discriminators)
        with self._beginning.part("optimisers"):
            self.optimisation = Optimisation(
                generator.to(clips.device),
                discriminators.to(clips.device),
                sample_rate_hz=clips.prepared.sample_rate_hz,
                learning_rate=training.learning_rate,
                precision=training.precision,
                is_shared=self.distributed.size > 1,
            )
        self._alone = AloneAtFirst(self.optimisation, training.train_seconds)
        if why := why_bf16_is_slow(training.precision, clips.device):
            self._emit(bf16_is_slow(why))
        with self._beginning.part("alignment kernel"):
            if why := why_search_is_slow(clips.device):
                self._emit(alignment_is_slow(why))
        learnt, self.measured = split(len(clips), training.validation_split, training.seed)
        shared = self._shares_of(learnt) if training.shares else None
        self.sampler = BucketSampler(
            clips.frames, learnt, training.batch_size, training.seed, shared
        )
        self.progress = Progress()
        with self._beginning.part("phonemes"):
            self._samples = Samples(
                self.optimisation.generator, clips.prepared, places.out, self._emit
            )
        self._validation = Validation(self.optimisation, clips, self.measured, self.sampler.batch)
        self._keeper = Keeper(
            places.checkpoints,
            training.kept_checkpoints,
            held=training.held_checkpoints,
            is_delivered=is_delivered,
            drops=lambda checkpoint: self._emit(checkpoint_dropped(checkpoint)),
        )
        self._times = CheckpointTimes(
            training.checkpoint_seconds, training.checkpoint_steps, training.checkpoint_epochs
        )
        self._decay = RateDecay(training.learning_rate_decay)
        self._is_stopped = False
        # Not with others: their gradients meet in the middle of a step, and nobody has tried to record that.
        self._recorder = recorder if self.distributed.size == 1 else None
        self._graphs: StepGraphs | None = None
        self.best = Best()
        self._at_checkpoint = at_checkpoint
        if start is not None and resume:
            check_goes_on(start.own, clips.prepared.espeak_voice, clips.prepared.speakers)
            self._restore(start)
        self._start = copy.copy(self.progress)
        if start is not None and start.lacks and not resume:
            self._emit(self._alone.plan(start.lacks, self.total_steps))
        if self.distributed.rank:
            # The same noise for other clips would be no noise. The first's stays that of a run alone.
            torch.manual_seed(
                hash((training.seed, self.distributed.rank, self.progress.step)) % 2**31
            )

    def _shares_of(self, learnt: list[int]) -> SharedEpochs:
        datasets = [clip.dataset for clip in self.clips.prepared.clips]
        return SharedEpochs(datasets, learnt, self.training.shares, self.training.seed)

    @property
    def total_steps(self) -> int:
        """Steps of the whole run, earlier attempts included; the time limit may end it before."""
        start, sampler = self._start, self.sampler
        # Not simply those of the epochs: a run that began with other batches, or counted them otherwise, has made
        # more or fewer steps to where it stands.
        left = sampler.steps(self.training.epochs) - sampler.before(start.epoch) - start.batch
        by_epochs = start.step + max(left, 0)
        return min(by_epochs, self.training.max_steps or by_epochs)

    def run(self) -> Progress:
        """Train until epochs, steps or time are used up, nothing gets better any more, or a stop arrives.

        Leaves a checkpoint of the last step.

        Raises RecipeError when there is nothing to do, or when losses are not finite several times in a row.
        """
        if self.progress.step >= self.total_steps:
            raise RecipeError(
                f"There is nothing to train: {self.progress.step} of {self.total_steps} steps are done.",
                hint="Raise epochs or max_steps.",
            )
        with self._recorder.lane() if self._recorder else nullcontext():
            return self._run()

    def _run(self) -> Progress:
        self.optimisation.generator.train()
        self._alone.freeze_or_unfreeze(self.progress.step)
        if self._recorder is not None:
            self._graphs = StepGraphs(
                self.optimisation, self._recorder, lambda why: self._emit(steps_not_recorded(why))
            )
        if self.distributed.is_first:
            self._keep_references()
        self._begin_clocks()
        batches = self._batches()
        with self._beginning.part("first batch"):
            place, batch = next(batches)
        self._beginning.open("first step")
        while True:
            if self._decay.enter(place[0]):
                self.optimisation.keep_share_of_rates(self._decay.share)
            losses = (self._graphs or self.optimisation).step(batch)
            self.progress.epoch, self.progress.batch = place
            place, batch = next(batches)  # a GPU is at the step meanwhile
            self._pace.stepped()
            self._account(losses)
            if self.progress.step == self._start.step + 1:
                self._say_beginning()
            decided = self.distributed.agreed(self._between_steps())
            if decided & _UNFREEZE:
                self._alone.until_step = self.progress.step
                self._alone.freeze_or_unfreeze(self.progress.step)
                if self._graphs is not None:
                    self._graphs.drop()
            if decided & _END:
                break
        self._keeper.wait()
        return self.progress

    def _say_beginning(self) -> None:
        """Where the time went until now. The first step alone is waited for."""
        self._pace.wait()
        self._beginning.end()
        if self.distributed.is_first:
            print(self._beginning.sentence(), flush=True)

    def _between_steps(self) -> int:
        """Obey, and keep a checkpoint when one is due; whether that was the end. Only the first process does."""
        if not self.distributed.is_first:
            return _GO_ON
        self._obey()
        decided = _GO_ON
        if self._alone.is_over(self.progress.step, self.progress.seconds):
            decided, self._alone.until_step = _UNFREEZE, self.progress.step
        is_over, is_due = self._is_over(), self._checkpoint_is_due()
        if not is_over and not is_due:
            return decided
        self._reports.ask(self._facts(final=is_over))
        self._reports.tell(waits=True)
        self._checkpoint()
        return decided | (_END if is_over or self._stays_no_better() else _GO_ON)

    def _stays_no_better(self) -> bool:
        limit = self.training.no_better_checkpoints
        if not limit or self.best.since < limit:
            return False
        self._emit(no_better_checkpoints(self.progress.step, limit, self.best.step))
        return True

    # --- one step after another

    def _batches(self) -> Iterator[tuple[tuple[int, int], Batch]]:
        """Batches from where progress stands, each with the epoch and place that its step leads to."""
        epoch, first = self.progress.epoch, self.progress.batch
        while True:
            for number, indices in enumerate(self.sampler.epoch(epoch, first), start=first + 1):
                began = self._clock()
                batch = self.clips.batch(self.distributed.share(indices))
                self._reports.add_batch_seconds(self._clock() - began)
                yield (epoch, number), batch
            epoch, first = epoch + 1, 0

    def _begin_clocks(self) -> None:
        self._reports = StepReports(self.optimisation, self._emit, self._clock)
        self._pace = Pace(self.clips.device)
        now = self._clock()
        self._began = now - self.progress.seconds
        self._times.begin(now, self.progress.step, self._epochs_done)

    def _account(self, losses: Tensor) -> None:
        progress = self.progress
        progress.step += 1
        progress.seconds = self._clock() - self._began
        self._reports.add(losses)
        if not self.distributed.is_first:
            return
        if self._reports.is_due(progress.step):
            self._reports.ask(self._facts())
        self._reports.tell()

    def _is_over(self) -> bool:
        limit = self.training.train_seconds
        out_of_time = bool(limit) and self.progress.seconds >= limit
        return self._is_stopped or out_of_time or self.progress.step >= self.total_steps

    def _checkpoint_is_due(self) -> bool:
        return self._times.is_due(self._clock(), self.progress.step, self._epochs_done)

    @property
    def _epochs_done(self) -> int:
        epoch, batch = self.progress.epoch, self.progress.batch
        return epoch + (batch >= self.sampler.in_epoch(epoch))

    # --- reports

    def _facts(self, *, final: bool = False) -> StepFacts:
        """What the host knows of the step just handed to the device."""
        return StepFacts(
            self.progress.step,
            self.total_steps,
            self.progress.epoch,
            0.0 if final else round(self._seconds_left(), 1),
        )

    def _seconds_left(self) -> float:
        progress = self.progress
        per_step = progress.seconds / progress.step
        left = (self.total_steps - progress.step) * per_step
        if self.training.train_seconds:
            left = min(left, self.training.train_seconds - progress.seconds)
        return max(left, 0.0)

    # --- commands

    def _obey(self) -> None:
        for command in self._commands():
            try:
                detail = self._carry_out(command)
            except RecipeError as exc:
                self._receipt(command, "refused", f"{exc} {exc.hint}".strip())
            else:
                self._receipt(command, "done", detail)

    def _carry_out(self, command: Instruction) -> str:
        match command.command:
            case InstructionName.STOP:
                self._is_stopped = True
                return f"stopping after step {self.progress.step}"
            case InstructionName.SAVE:
                self._checkpoint()
                self._keeper.wait()
                return f"saved step {self.progress.step}"
            case InstructionName.SAMPLE:
                folder = self.places.samples / f"step-{self.progress.step:08d}"
                path = folder / f"asked-{command.id}.wav"
                return self._samples.speak(self.progress.step, command.text, path, command.speaker)
            case _:
                raise RecipeError(f"{command.command} is not for the trainer.")

    def _receipt(self, command: Instruction, state: ReceiptState, detail: str) -> None:
        self._emit(
            InstructionReceipt(
                id=command.id, command=command.command.value, state=state, detail=detail
            )
        )

    # --- what is kept

    def _checkpoint(self) -> None:
        """Measure, speak the samples and hand a snapshot to the writing thread."""
        step, held = self.progress.step, Held(self._clock)
        scores = self._validation.measure(held)
        is_best = self.best.judge(step, scores)

        def written(path: Path, size_bytes: int) -> None:
            self._emit(
                CheckpointWritten(
                    step=step,
                    path=path.relative_to(self.places.out).as_posix(),
                    size_bytes=size_bytes,
                    scores=scores,
                    is_best=is_best,
                )
            )

        with held.part("the checkpoint before"):
            self._keeper.wait()
        with held.part("snapshot"):
            bring = bringing(self.snapshot(), self.clips.device)
        self._keeper.keep(step, bring, written, best=self.best.step, scores=scores)
        with held.part("samples"):
            folder = self.places.samples / f"step-{step:08d}"
            for number, sentence in enumerate(self.training.sample_sentences, start=1):
                self._samples.speak_if_it_can(step, sentence, folder / f"{number:02d}.wav")
        with held.part("pictures"):
            if self._at_checkpoint is not None:
                self._at_checkpoint(self)
        # Steps per second are of steps: the window is moved on by what was not one.
        self._reports.pass_over(held.end())
        self._times.kept(self._clock())
        print(held.sentence(step), flush=True)

    def _keep_references(self) -> None:
        places = self.places
        for reference in keep_references(
            self.clips, self.measured, places.samples, places.out, self.progress.step
        ):
            self._emit(reference)

    def snapshot(self) -> Checkpoint:
        """All there is to go on from here, copied away from what training changes."""
        o, progress = self.optimisation, self.progress
        state = {
            **{GENERATOR + k: copied(v) for k, v in o.generator.state_dict().items()},
            **{DISCRIMINATORS + k: copied(v) for k, v in o.discriminators.state_dict().items()},
        }
        own = {
            "step": progress.step,
            "epoch": progress.epoch,
            "batch": progress.batch,
            "seconds": progress.seconds,
            "batches_per_epoch": self.sampler.batches,
            "sampled": self.sampler.traits,
            "digest": self.clips.prepared.digest,
            "espeak_voice": self.clips.prepared.espeak_voice,
            "speakers": list(self.clips.prepared.speakers),
            "rates": self._decay.state(),
            "lacked": list(self._alone.lacked),
            "wakes_at": self._alone.until_step,
            "best": {"step": self.best.step, "scores": self.best.scores, "since": self.best.since},
            "random": random_states(self.clips.device),
        }
        return Checkpoint(
            state,
            hyper_parameters(self.training, self.clips.prepared.sample_rate_hz)
            | symbol_parameters(self.clips.prepared.phoneme_type, self.clips.prepared.symbols),
            progress.epoch,
            progress.step * STEPS_COUNTED_PER_BATCH,
            o.states(),
            own,
        )

    # --- where it starts

    def _take_over(
        self, start: Checkpoint, generator: Generator, discriminators: Discriminators
    ) -> None:
        if self.training.sizes is None:
            check_fits(traits_of(start), self.training.quality, self.training.speakers, SYMBOLS)
        prepared = self.clips.prepared
        check_symbols(start.hyper_parameters, prepared.phoneme_type, prepared.symbols)
        if not take_over(start, generator, discriminators):
            self._emit(fresh_discriminators())

    def _restore(self, start: Checkpoint) -> None:
        own = start.own
        self._alone.lacked = tuple(own.get("lacked", ()))
        self._alone.until_step = own.get("wakes_at", 0)
        self.progress = Progress(own["step"], *self._place_of(own), own["seconds"])
        best = Best(**own.get("best", {}))
        if best.step is None or checkpoint_path(self.places.checkpoints, best.step).exists():
            # Else it cannot be delivered any more, and the best of what comes counts.
            self.best = best
        self._decay.restore(own.get("rates", {}), self.progress.epoch)
        self.optimisation.keep_share_of_rates(self._decay.share)
        if len(start.optimiser_states) == len(self.optimisation.optimisers):
            self.optimisation.restore(start.optimiser_states)
        set_random_states(own["random"], self.clips.device)

    def _place_of(self, own: Mapping[str, Any]) -> tuple[int, int]:
        """Epoch and batch to go on from."""
        epoch, batch = own["epoch"], own["batch"]
        if own.get("sampled") == self.sampler.traits:
            return epoch, batch
        if "sampled" in own or own["batches_per_epoch"] != self.sampler.batches:
            # Other clips or batches: an epoch's place means nothing any more, the weights still do.
            return epoch, 0
        # Of a version whose last batch of an epoch was smaller: the same place, as near as batches allow.
        if batch >= own["batches_per_epoch"]:
            return epoch + 1, 0
        return epoch, min(batch, self.sampler.in_epoch(epoch))


def _say_nothing(body: Body) -> None:
    """What all but the first process of a distributed training have to report."""
