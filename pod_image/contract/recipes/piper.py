"""The settings of a Piper voice, and what its checkpoints take on the pod's disk.

The room is reckoned in the plan, and again before the first checkpoint is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from pod_image.contract.checkpoint_interval import (
    CheckpointMinutes,
    EpochsBetweenCheckpoints,
    StepsBetweenCheckpoints,
)
from pod_image.contract.common_settings import CommonSettings, Switch, Word
from pod_image.contract.knobs import Knob, Picks, Scope, When
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.trainer_settings import MaxSteps, Seed


class Quality(StrEnum):
    """Sizes of a Piper voice."""

    X_LOW = "x-low"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def sample_rate_hz(self) -> int:
        return 16_000 if self in (Quality.X_LOW, Quality.LOW) else 22_050


class Precision(StrEnum):
    """How exactly a GPU computes while it trains; a CPU always computes in float32."""

    AUTO = "auto"
    BF16 = "bf16"
    TF32 = "tf32"
    FLOAT32 = "float32"


class SpeakersOfDatasets(StrEnum):
    """Of a run that learns from several datasets: whether a name in two of them is one speaker."""

    JOINED = "joined"
    APART = "apart"


class WhisperModel(StrEnum):
    """Which recogniser writes the texts of clips that have none, in the pod."""

    OFF = "off"
    TINY = "tiny"
    BASE = "base"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE_V3 = "large-v3"
    TURBO = "turbo"


MOST_KEPT = 100
USUAL_CHECKPOINTS = 3
"""The newest that are kept while there is room; the best one stays beside them when it is older."""
BESIDE_BYTES = 500_000_000
"""Samples, TensorBoard files, the log, and what more than one speaker adds to the weights."""


@dataclass(frozen=True)
class CheckpointRoom:
    """Of one size of voice, in bytes, as float32: both networks' weights, and the generator's as a voice."""

    weights_bytes: int
    voice_bytes: int

    @property
    def whole_bytes(self) -> int:
        """A checkpoint to go on from: with the two moments of each weight that the optimisers keep."""
        return 3 * self.weights_bytes

    def needed_bytes(self, kept: int) -> int:
        """The most there is at one moment while `kept` are kept: the new one and the one before, both whole; the best
        and the older without moments; a voice for each. With more than one, a third that a slow upload holds on to."""
        wholes = 2 if kept == 1 else 3
        return (
            wholes * self.whole_bytes
            + kept * self.weights_bytes
            + (kept + 1) * self.voice_bytes
            + BESIDE_BYTES
        )

    def most_kept(self, free_bytes: int, at_most: int = MOST_KEPT) -> int:
        """How many can be kept in so much room; 0 when there is none for even one."""
        fitting = (kept for kept in range(at_most, 0, -1) if self.needed_bytes(kept) <= free_bytes)
        return next(fitting, 0)


_ROOM = {
    Quality.X_LOW: CheckpointRoom(215_300_000, 28_300_000),
    Quality.LOW: CheckpointRoom(281_700_000, 94_700_000),
    Quality.MEDIUM: CheckpointRoom(281_700_000, 94_700_000),
    Quality.HIGH: CheckpointRoom(332_400_000, 145_400_000),
}


def checkpoint_room(quality: Quality) -> CheckpointRoom:
    return _ROOM[quality]


class VoiceTraining(CommonSettings):
    """What every training of a Piper voice is told, wherever its clips come from."""

    # What
    voice_name: Annotated[
        str,
        Field(
            description=(
                "Name of the voice: lower-case letters, digits and underscores. It is part of the file names."
            ),
            pattern=r"^[a-z0-9_]{1,40}$",
        ),
        Knob("Voice name", group="What", scope=Scope.SUBJECT),
    ] = "voice"
    language: Annotated[
        str,
        Field(
            description="Language and region of the voice, such as en_US or de_DE.",
            pattern=r"^[a-z]{2,3}_[A-Z]{2}$",
        ),
        Knob("Language", group="What", scope=Scope.SUBJECT, is_settled=True, picks=Picks.LANGUAGE),
    ] = "en_US"
    phoneme_type: Annotated[
        PhonemeType,
        Field(
            description=(
                "How texts become phonemes. espeak fits most languages; hebrew, japanese, thai and pinyin "
                "(Chinese) use piper-tts's own readers; text uses the letters themselves."
            )
        ),
        Knob("Phoneme type", group="What", level="advanced", scope=Scope.SUBJECT, is_settled=True),
    ] = PhonemeType.ESPEAK
    pinyin_model: Annotated[
        str,
        Field(
            description=(
                "Model for reading Chinese as pinyin: repo/path of the .tar.gz with the g2pW files on Hugging Face."
            ),
            min_length=5,
            max_length=500,
        ),
        Knob(
            "Model for pinyin",
            group="What",
            level="advanced",
            when=(When("phoneme_type", (PhonemeType.PINYIN,)),),
        ),
    ] = "datasets/rhasspy/piper-checkpoints/zh/zh_CN/_resources/g2pw.tar.gz"
    espeak_voice: Annotated[
        str,
        Field(
            description=(
                "espeak-ng voice that turns text into phonemes; empty uses the one for the language."
            ),
            pattern=r"^[a-zA-Z0-9-]{0,40}$",
        ),
        Knob(
            "espeak voice",
            group="What",
            level="advanced",
            scope=Scope.SUBJECT,
            when=(When("phoneme_type", (PhonemeType.ESPEAK,)),),
            empty_means="the one for the language",
            is_settled=True,
            picks=Picks.ESPEAK_VOICE,
        ),
    ] = ""
    quality: Annotated[
        Quality,
        Field(
            description=(
                "Size of the voice. x-low is small and fast, medium is the usual choice, high sounds best and "
                "trains slowest."
            )
        ),
        Knob("Quality", group="What", level="advanced", is_settled=True),
    ] = Quality.MEDIUM
    base_checkpoint: Annotated[
        str,
        Field(
            description=(
                "Voice to start from: repo/path of a .ckpt or .onnx file on Hugging Face. Empty trains from "
                "scratch, which needs far more recordings and time."
            ),
            max_length=500,
        ),
        Knob(
            "Base checkpoint",
            group="What",
            level="advanced",
            empty_means="none: from scratch",
            picks=Picks.BASE_VOICE,
            picks_by=("language", "quality"),
        ),
    ] = ""

    # How much
    epochs: Annotated[
        int,
        Field(description="How often this run goes through the dataset.", ge=1, le=10_000),
        Knob("Epochs", group="How much", unit="epochs"),
    ] = 1000
    max_steps: MaxSteps = 0
    train_minutes: Annotated[
        float,
        Field(
            description="Stop training after this many minutes; 0 disables it.",
            ge=0,
            le=14_400,
        ),
        Knob("Training time", group="How much", unit="minutes", level="advanced"),
    ] = 0.0
    batch_size: Annotated[
        int,
        Field(
            description="Clips per step. Larger is faster and needs more GPU memory.", ge=1, le=256
        ),
        Knob("Batch size", group="How much", unit="clips"),
    ] = 32
    learning_rate: Annotated[
        float,
        Field(description="Learning rate of the generator.", gt=0, le=0.01),
        Knob("Learning rate", group="How much", level="advanced"),
    ] = 2e-4
    learning_rate_decay: Annotated[
        float,
        Field(
            description=(
                "What the learning rate is multiplied by after every epoch, such as 0.999875; 1 leaves it as it is, as "
                "Piper's own training does."
            ),
            ge=0.5,
            le=1,
        ),
        Knob("Learning rate decay", group="How much", level="advanced"),
    ] = 1.0
    validation_split: Annotated[
        float,
        Field(description="Share of the clips held out for validation.", ge=0, le=0.5),
        Knob("Validation split", group="How much", level="advanced"),
    ] = 0.05
    checkpoint_minutes: CheckpointMinutes = 15.0
    steps_between_checkpoints: StepsBetweenCheckpoints = 0
    epochs_between_checkpoints: EpochsBetweenCheckpoints = 0
    keep_newest: Annotated[
        int,
        Field(
            description=(
                "Number of newest checkpoints to keep, each with its voice. Older ones are deleted, also "
                "from the results repo, but never before they were delivered. The best one is kept too."
            ),
            ge=1,
            le=MOST_KEPT,
        ),
        Knob("Newest checkpoints kept", group="How much", unit="checkpoints", level="advanced"),
    ] = USUAL_CHECKPOINTS
    seed: Seed = 1234
    no_better_checkpoints: Annotated[
        int,
        Field(
            description=(
                "Stop early after this many checkpoints without improvement; 0 disables it. Needs a validation split."
            ),
            ge=0,
            le=1000,
        ),
        Knob(
            "Early stopping",
            group="How much",
            unit="checkpoints",
            level="advanced",
        ),
    ] = 0
    precision: Annotated[
        Precision,
        Field(
            description=(
                "Number format on the GPU: bf16 is fastest, tf32 slower, float32 exact and slowest. auto uses "
                "bf16 if the GPU supports it, otherwise tf32."
            )
        ),
        Knob("Precision", group="How much", level="advanced"),
    ] = Precision.AUTO
    graphs: Annotated[
        Switch,
        Field(
            description=(
                "Record the training step as a CUDA graph, once for each batch shape, and replay it, so that "
                "the GPU does not wait for Python. With one GPU only; if recording fails, training continues "
                "without it."
            )
        ),
        Knob("CUDA graphs", group="How much", level="advanced"),
    ] = Switch.ON
    kernel_search: Annotated[
        Switch,
        Field(
            description=(
                "Let cuDNN try its kernels for each batch shape and keep the fastest. Each new shape then "
                "takes a few extra seconds once."
            )
        ),
        Knob("Kernel search", group="How much", level="advanced"),
    ] = Switch.OFF
    sample_sentences: Annotated[
        tuple[Word, ...],
        Field(
            description="Sentences spoken at every checkpoint, so that you can hear the voice improve.",
            min_length=1,
            max_length=20,
        ),
        Knob("Sample sentences", group="How much", scope=Scope.SUBJECT, separator="\n"),
    ] = (
        "The quick brown fox jumps over the lazy dog.",
        "Tomorrow morning it may rain, but by noon the sun will be out.",
    )


class PiperSettings(VoiceTraining):
    """And a training on a dataset."""

    # What
    speakers: Annotated[
        int,
        Field(description="Number of speakers in the dataset.", ge=1, le=1000),
        Knob("Speakers", group="What", level="advanced", scope=Scope.SUBJECT, is_settled=True),
    ] = 1
    transcribe: Annotated[
        WhisperModel,
        Field(
            description=(
                "Whisper model that transcribes clips without a transcript, on the pod, before training; base "
                "is the usual choice. Nobody checks these transcripts. To check them first, transcribe the "
                "dataset on this computer."
            )
        ),
        Knob("Transcribe on the pod", group="What", level="advanced", scope=Scope.SUBJECT),
    ] = WhisperModel.OFF
    dataset_speakers: Annotated[
        SpeakersOfDatasets,
        Field(
            description=(
                "For several datasets. joined: the same name in two datasets is one speaker, and clips without "
                "names share one. apart: each dataset has its own speakers, named after it."
            )
        ),
        Knob(
            "Speakers of several datasets",
            group="What",
            level="advanced",
            scope=Scope.RUN,
            belongs_to="dataset_repo",
            is_settled=True,
        ),
    ] = SpeakersOfDatasets.JOINED
    dataset_shares: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1_000)], ...],
        Field(
            description=(
                "For several datasets: the weight of each, in their order. With 3, 1 three quarters of the "
                "training clips come from the first. Empty uses every clip equally often."
            ),
            max_length=16,
        ),
        Knob(
            "Shares of the datasets",
            group="What",
            level="advanced",
            scope=Scope.RUN,
            belongs_to="dataset_repo",
            separator=",",
            empty_means="by their clips",
        ),
    ] = ()


DECLARATION = Declaration(
    settings=PiperSettings,
    does="a Piper voice is trained",
    order=1,
    title="A voice",
    about="A Piper voice that speaks any text, trained on recordings and their transcripts.",
    requires=("dataset_repo",),
)
