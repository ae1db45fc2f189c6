"""The settings of a wake word: what wakes, what must not, who speaks it, and for how long it is learnt."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from pod_image.contract.checkpoint_interval import CheckpointMinutes
from pod_image.contract.common_settings import CommonSettings, Word
from pod_image.contract.hub_inputs import WRITTEN, checked_input
from pod_image.contract.knobs import Knob, Picks, Scope
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.trainer_settings import KeepCheckpoints

_PLACE = re.compile(r"([a-z]{2,3})_([A-Z]{2})-([A-Za-z0-9_]+)-(x_low|low|medium|high)")
LONGEST_PHRASE = 60
VOICES_REPO = "rhasspy/piper-voices"
VOICES_COMMIT = "c10ece1aade47bb51c153c893d14e5bf8e5b7117"


def checked_phrase(phrase: str) -> str:
    """A phrase that a voice can say. Raises ValueError."""
    plain = " ".join(phrase.split())
    if not any(map(str.isalpha, plain)):
        raise ValueError("a phrase must contain words, such as hey jarvis")
    return plain


def checked_voice(name: str) -> str:
    """A voice by its published name. Raises ValueError."""
    if not _PLACE.fullmatch(name):
        raise ValueError("write a voice like en_US-libritts_r-medium")
    return name


Phrase = Annotated[
    str, StringConstraints(max_length=LONGEST_PHRASE), AfterValidator(checked_phrase)
]
InputRepo = Annotated[Word, AfterValidator(checked_input)]
Voice = Annotated[str, StringConstraints(max_length=80), AfterValidator(checked_voice)]


class WakeWordSettings(CommonSettings):
    # What
    phrase: Annotated[
        tuple[Phrase, ...],
        Field(
            description=(
                "What you say to wake it, such as hey jarvis. Give more than one for other spellings, each as "
                "a voice should read it. Two or three words with four or more syllables work best."
            ),
            max_length=8,
        ),
        Knob(
            "Wake word",
            group="What",
            required=True,
            separator="\n",
            scope=Scope.SUBJECT,
            is_settled=True,
        ),
    ] = ()
    near_miss: Annotated[
        tuple[Phrase, ...],
        Field(
            description=(
                "Phrases that sound similar and must not wake it, such as a name in the house. Hundreds more "
                "are made from the wake word automatically."
            ),
            max_length=64,
        ),
        Knob(
            "Must not wake it",
            group="What",
            separator="\n",
            scope=Scope.SUBJECT,
            is_settled=True,
            empty_means="only the automatic ones",
        ),
    ] = ()
    wake_word_name: Annotated[
        str,
        Field(
            description=(
                "Name of the files, also shown in Home Assistant: lower-case letters, digits and underscores."
            ),
            pattern=r"^[a-z0-9_]{0,40}$",
        ),
        Knob(
            "Model name",
            group="What",
            level="advanced",
            scope=Scope.SUBJECT,
            is_settled=True,
            empty_means="made from the wake word",
        ),
    ] = ""
    wake_voices: Annotated[
        tuple[Voice, ...],
        Field(
            description=(
                "Piper voices that say the wake word, by their names in rhasspy/piper-voices. Choose voices of "
                "your language with many speakers: a way of speaking that was never heard is not recognised."
            ),
            min_length=1,
            max_length=12,
        ),
        Knob(
            "Voices that say it",
            group="What",
            level="advanced",
            separator="\n",
            scope=Scope.SUBJECT,
            is_settled=True,
            picks=Picks.VOICE_NAME,
        ),
    ] = ("en_US-libritts_r-medium", "en_GB-vctk-medium")
    backgrounds: Annotated[
        tuple[InputRepo, ...],
        Field(
            description=(
                "Repos with recordings of noise, music or speech to mix into the clips: datasets/OWNER/NAME."
            ),
            max_length=4,
        ),
        Knob(
            "Background sounds",
            group="What",
            level="advanced",
            separator="\n",
            is_hub_address=True,
            written=WRITTEN,
            empty_means="generated noise",
        ),
    ] = ()
    room_responses: Annotated[
        tuple[InputRepo, ...],
        Field(
            description="Repos with recorded room impulse responses: datasets/OWNER/NAME.",
            max_length=4,
        ),
        Knob(
            "Rooms",
            group="What",
            level="advanced",
            separator="\n",
            is_hub_address=True,
            written=WRITTEN,
            empty_means="generated echoes",
        ),
    ] = ()
    negative_features: Annotated[
        tuple[InputRepo, ...],
        Field(
            description=(
                "Repos with openWakeWord features of other sound, as .npy files; they keep false alarms rare. "
                "The official one, datasets/davidscripka/openwakeword_features, has 2,000 hours in 17 GB."
            ),
            max_length=4,
        ),
        Knob(
            "Features of other sound",
            group="What",
            level="advanced",
            separator="\n",
            is_hub_address=True,
            written=WRITTEN,
            empty_means="speech by the same voices",
        ),
    ] = ()

    # How much
    wake_clips: Annotated[
        int,
        Field(
            description="Clips of the wake word to generate; the same number of near misses is added.",
            ge=10,
            le=100_000,
        ),
        Knob("Clips", group="How much", unit="clips"),
    ] = 5_000
    wake_steps: Annotated[
        int,
        Field(
            description="Steps of the first part of training; two shorter parts follow.",
            ge=100,
            le=300_000,
        ),
        Knob("Training steps", group="How much", unit="steps"),
    ] = 20_000
    layer_size: Annotated[
        int,
        Field(
            description="Width of the model. A small computer runs 32 and 128 equally well.",
            ge=8,
            le=512,
        ),
        Knob("Layer size", group="How much", level="advanced"),
    ] = 64
    false_alarm_weight: Annotated[
        float,
        Field(
            description=(
                "How much worse a false alarm counts than a missed wake word, at the end of training."
            ),
            ge=1,
            le=5_000,
        ),
        Knob("Weight of false alarms", group="How much", level="advanced"),
    ] = 100.0
    checkpoint_minutes: CheckpointMinutes = 15.0
    keep_checkpoints: KeepCheckpoints = 2


DECLARATION = Declaration(
    settings=WakeWordSettings,
    does="a wake word model is trained",
    order=14,
    title="A wake word",
    about="A phrase that Home Assistant and openWakeWord listen for. Type it; you need no recordings.",
)


def model_name(settings: WakeWordSettings) -> str:
    """What the files are called: as given, or made from the phrase in letters that every system has."""
    if settings.wake_word_name or not settings.phrase:
        return settings.wake_word_name or "wake_word"
    letters = unicodedata.normalize("NFKD", settings.phrase[0]).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", letters.lower()).strip("_")[:40] or "wake_word"


def voice_path(name: str) -> str:
    """Where a voice's `.onnx` lies in VOICES_REPO; what describes it lies beside, with `.json` behind its name."""
    match = _PLACE.fullmatch(name)
    assert match, name
    language, region, voice, quality = match.groups()
    return f"{language}/{language}_{region}/{voice}/{quality}/{name}.onnx"
