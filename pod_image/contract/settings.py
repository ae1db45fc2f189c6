"""Every setting of a run, declared once; options, form, presets, docs and validation derive from here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pod_image.contract.knobs import Knob, Setting, When, declared

DEFAULT_IMAGE = "ghcr.io/pod-launcher/pod-image:0.1.0"
"""The one place that names the image a pod runs when nothing else is asked for."""
UNSIZED_BOOT_MINUTES = 20.0
"""The boot budget where nobody set one and the size of the image is not known."""

PIPER = (When("recipe", ("piper",)),)
COMMAND = (When("recipe", ("command",)),)

RepoId = Annotated[
    str, StringConstraints(pattern=r"^$|^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$", max_length=96)
]
Word = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class RecipeName(StrEnum):
    PIPER = "piper"
    COMMAND = "command"


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


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class Cloud(StrEnum):
    """RunPod's two tiers; `any` tries secure first at equal price."""

    SECURE = "secure"
    COMMUNITY = "community"
    ANY = "any"


class RunSettings(BaseModel):
    """All settings of a run. Flat: names are unique, groups are in the markers.

    Strict for people: unknown names are refused. Values that do not apply keep their default and are not sent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    # What
    recipe: Annotated[
        RecipeName,
        Field(
            description=(
                "What runs on the pod: a Piper voice is trained, or a command of your own runs."
            )
        ),
        Knob("Recipe", group="What"),
    ] = RecipeName.PIPER
    dataset_repo: Annotated[
        RepoId,
        Field(
            description="Hugging Face dataset repo with clips and transcripts, such as me/my-clips."
        ),
        Knob("Dataset repo", group="What", required=True, required_when=PIPER),
    ] = ""
    dataset_revision: Annotated[
        str,
        Field(
            description=(
                "Branch, tag or commit of the dataset; it is pinned to a commit before the run "
                "starts."
            ),
            min_length=1,
            max_length=200,
        ),
        Knob("Dataset revision", group="What", level="advanced"),
    ] = "main"
    results_repo: Annotated[
        RepoId,
        Field(
            description=(
                "Hugging Face model repo that receives the results; made, private, when it is "
                "absent."
            )
        ),
        Knob("Results repo", group="What", required=True),
    ] = ""
    run_id: Annotated[
        str,
        Field(
            description=(
                "Name of this run and its folder in the results repo; empty takes the next free "
                "one (run-01, run-02)."
            ),
            pattern=r"^$|^[a-z0-9][a-z0-9-]{0,39}$",
        ),
        Knob("Run id", group="What", level="advanced"),
    ] = ""
    voice_name: Annotated[
        str,
        Field(
            description=(
                "Name of the voice: small letters, digits and underscores. Part of the file names."
            ),
            pattern=r"^[a-z0-9_]{1,40}$",
        ),
        Knob("Voice name", group="What", when=PIPER),
    ] = "voice"
    language: Annotated[
        str,
        Field(
            description="Language and region of the voice, such as en_US or de_DE.",
            pattern=r"^[a-z]{2,3}_[A-Z]{2}$",
        ),
        Knob("Language", group="What", when=PIPER),
    ] = "en_US"
    espeak_voice: Annotated[
        str,
        Field(
            description=(
                "Name of espeak-ng's voice that turns text into phonemes; empty takes the one of "
                "the language."
            ),
            pattern=r"^[a-zA-Z0-9-]{0,40}$",
        ),
        Knob("espeak voice", group="What", level="advanced", when=PIPER),
    ] = ""
    quality: Annotated[
        Quality,
        Field(
            description=(
                "Size of the voice: x-low is small and quick, medium is the usual choice, high "
                "sounds best and trains slowest."
            )
        ),
        Knob("Quality", group="What", when=PIPER),
    ] = Quality.MEDIUM
    speakers: Annotated[
        int,
        Field(description="Number of speakers in the dataset.", ge=1, le=1000),
        Knob("Speakers", group="What", level="advanced", when=PIPER),
    ] = 1
    base_checkpoint: Annotated[
        str,
        Field(
            description=(
                "Voice to start from: repo/path of a .ckpt or .onnx on Hugging Face. Empty trains "
                "from scratch, which takes days rather than hours."
            ),
            max_length=500,
        ),
        Knob("Base checkpoint", group="What", when=PIPER),
    ] = ""
    argv: Annotated[
        tuple[Word, ...],
        Field(
            description="The command and its arguments, one item each; no shell in between.",
            max_length=256,
        ),
        Knob("Command", group="What", when=COMMAND, required=True),
    ] = ()
    outputs: Annotated[
        tuple[Word, ...],
        Field(
            description="Which files of the command are its results: patterns below its folder.",
            max_length=64,
        ),
        Knob("Outputs", group="What", when=COMMAND),
    ] = ("out/**",)

    # How much
    epochs: Annotated[
        int,
        Field(description="How often this run goes over the dataset.", ge=1, le=10_000),
        Knob("Epochs", group="How much", unit="epochs", when=PIPER),
    ] = 1000
    max_steps: Annotated[
        int,
        Field(
            description="End after so many steps (batches) of this run; 0 leaves it to the epochs.",
            ge=0,
            le=10_000_000,
        ),
        Knob("Max steps", group="How much", unit="steps", when=PIPER),
    ] = 0
    train_minutes: Annotated[
        float,
        Field(
            description="End training after so many minutes; 0 leaves it to epochs and steps.",
            ge=0,
            le=14_400,
        ),
        Knob("Training time", group="How much", unit="minutes", level="advanced", when=PIPER),
    ] = 0.0
    batch_size: Annotated[
        int,
        Field(
            description="Clips per step. Larger is faster and needs more GPU memory.", ge=1, le=256
        ),
        Knob("Batch size", group="How much", unit="clips", when=PIPER),
    ] = 32
    learning_rate: Annotated[
        float,
        Field(description="Step width of the generator's optimiser.", gt=0, le=0.01),
        Knob("Learning rate", group="How much", level="advanced", when=PIPER),
    ] = 2e-4
    validation_split: Annotated[
        float,
        Field(description="Share of the clips kept aside to measure on.", ge=0, le=0.5),
        Knob("Validation split", group="How much", level="advanced", when=PIPER),
    ] = 0.05
    checkpoint_minutes: Annotated[
        float,
        Field(
            description="Time between checkpoints: what can be lost when the machine dies.",
            ge=0.1,
            le=240,
        ),
        Knob("Checkpoint interval", group="How much", unit="minutes", when=PIPER),
    ] = 15.0
    seed: Annotated[
        int,
        Field(
            description="Start of every random draw; the same seed repeats a run.",
            ge=0,
            le=2**31 - 1,
        ),
        Knob("Seed", group="How much", level="advanced", when=PIPER),
    ] = 1234
    no_better_checkpoints: Annotated[
        int,
        Field(
            description=(
                "End training when so many checkpoints in a row were no better than the best one before; 0 never "
                "does. Needs a validation split."
            ),
            ge=0,
            le=1000,
        ),
        Knob(
            "Checkpoints without a better one",
            group="How much",
            unit="checkpoints",
            level="advanced",
            when=PIPER,
        ),
    ] = 0
    precision: Annotated[
        Precision,
        Field(
            description=(
                "How exactly the GPU computes: bf16 is fastest, tf32 between, float32 exact and slow. auto takes bf16 "
                "where the GPU has it, else tf32."
            )
        ),
        Knob("Precision", group="How much", level="advanced", when=PIPER),
    ] = Precision.AUTO
    kernel_search: Annotated[
        Switch,
        Field(
            description=(
                "Let cuDNN try its kernels for each shape it meets and keep the fastest; the first epoch is slower."
            )
        ),
        Knob("Search for kernels", group="How much", level="advanced", when=PIPER),
    ] = Switch.ON
    compile: Annotated[
        Switch,
        Field(
            description=(
                "Compile the discriminators and the decoder with torch.compile; minutes at the start, and it needs an "
                "image with a C compiler and Triton. Goes on without where that is missing."
            )
        ),
        Knob("Compile the networks", group="How much", level="advanced", when=PIPER),
    ] = Switch.OFF
    sample_sentences: Annotated[
        tuple[Word, ...],
        Field(
            description="Sentences spoken at every checkpoint, to hear the voice grow.",
            min_length=1,
            max_length=20,
        ),
        Knob("Sample sentences", group="How much", when=PIPER),
    ] = (
        "The quick brown fox jumps over the lazy dog.",
        "Tomorrow morning it may rain, but by noon the sun will be out.",
    )

    # Where
    gpu_types: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "GPU types that will do, in order of preference; empty takes the cheapest that "
                "fits."
            ),
            max_length=32,
        ),
        Knob("GPU types", group="Where"),
    ] = ()
    gpu_count: Annotated[
        int,
        Field(description="GPUs in the pod.", ge=1, le=8),
        Knob("GPUs", group="Where", level="advanced"),
    ] = 1
    cloud: Annotated[
        Cloud,
        Field(
            description=(
                "secure: data centres. community: private hosts, cheaper, less dependable. any: "
                "both."
            )
        ),
        Knob("Cloud tier", group="Where"),
    ] = Cloud.SECURE
    data_centers: Annotated[
        tuple[Word, ...],
        Field(
            description="Data centres that will do, such as EU-RO-1; empty takes any.",
            max_length=64,
        ),
        Knob("Data centres", group="Where", level="advanced"),
    ] = ()
    disk_gb: Annotated[
        int,
        Field(
            description=(
                "Disk of the container; dataset, checkpoints and image layers share it. "
                "RunPod rents 20 GB at the least."
            ),
            ge=5,
            le=2000,
        ),
        Knob("Container disk", group="Where", unit="GB", level="advanced"),
    ] = 40
    image: Annotated[
        str,
        Field(
            description=(
                "Container image; 'bootstrap' runs RunPod's own PyTorch image and installs our "
                "agent at start."
            ),
            min_length=1,
            max_length=300,
            pattern=r"^\S+$",
        ),
        Knob("Image", group="Where", level="advanced"),
    ] = DEFAULT_IMAGE
    registry: Annotated[
        str,
        Field(
            description="Id of the RunPod registry credential for a private image.", max_length=200
        ),
        Knob("Registry credential", group="Where", level="advanced"),
    ] = ""

    min_cuda_version: Annotated[
        str,
        Field(
            description=(
                "CUDA that the host's driver has to know; empty takes any host. torch in our image is built "
                "for 13.0."
            ),
            pattern=r"^$|^\d{1,2}\.\d{1,2}$",
        ),
        Knob("Lowest CUDA version", group="Where", level="advanced"),
    ] = "13.0"

    # Limits
    max_hours: Annotated[
        float,
        Field(
            description="The pod ends itself at the latest so long after its creation.",
            ge=0.02,
            le=240,
        ),
        Knob("Time cap", group="Limits", unit="hours"),
    ] = 6.0
    max_cost_usd: Annotated[
        float,
        Field(description="The pod ends itself before it has cost more.", ge=0.01, le=10_000),
        Knob("Cost cap", group="Limits", unit="USD"),
    ] = 10.0
    boot_minutes: Annotated[
        float,
        Field(
            description=(
                "A pod that has not reported itself ready by then is released; 0 goes by the size "
                "of the image."
            ),
            ge=0,
            le=120,
        ),
        Knob("Boot budget", group="Limits", unit="minutes", level="advanced"),
    ] = 0.0
    gpu_idle_minutes: Annotated[
        float,
        Field(
            description="End the run when the GPU does nothing for so long while training.",
            ge=1,
            le=240,
        ),
        Knob("GPU idle limit", group="Limits", unit="minutes", level="advanced"),
    ] = 15.0
    stall_minutes: Annotated[
        float,
        Field(description="End the run when training makes no progress for so long.", ge=1, le=240),
        Knob("No-progress limit", group="Limits", unit="minutes", level="advanced"),
    ] = 30.0

    def applicable(self) -> dict[str, Any]:
        """Every value that applies, spelt out, as JSON types: what the pod is sent."""
        values = self.model_dump(mode="json")
        return {name: value for name, value in values.items() if SETTINGS[name].applies(values)}


SETTINGS: dict[str, Setting] = declared(RunSettings)
