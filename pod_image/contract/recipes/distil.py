"""The settings of a Piper voice that learns from another: who speaks, what is said, and what of it is kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from pod_image.contract.brought import CONFIGURATION
from pod_image.contract.common_settings import Word
from pod_image.contract.hub_inputs import WRITTEN, checked_model
from pod_image.contract.knobs import Knob, Picks, Scope, When
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.recipes.piper import VoiceTraining, WhisperModel
from pod_image.contract.trainer_settings import Bring, Inputs, Packages, Requirements, Variables

SENTENCES_NAME = "sentences.txt"
SENTENCES_FILE = f"{CONFIGURATION}/{SENTENCES_NAME}"
"""Below the teacher's folder: one sentence a line, as the plan made or read it."""


class SentencesFrom(StrEnum):
    """Where the teacher's sentences are from."""

    PROMPTS = "prompts"
    DATASET = "dataset"


class DistilSettings(VoiceTraining):
    # What
    teacher_repo: Annotated[
        str,
        AfterValidator(checked_model),
        Field(
            description=(
                "Model repo of the Piper voice to learn from, such as rhasspy/piper-voices; empty if a command "
                "of yours speaks."
            ),
            max_length=300,
        ),
        Knob(
            "Teacher's repo",
            group="What",
            is_hub_address=True,
            of_which="teacher_file",
            is_settled=True,
            empty_means="a command speaks",
            written=WRITTEN,
        ),
    ] = ""
    teacher_file: Annotated[
        str,
        Field(
            description=(
                "Which voice of that repo speaks: the path of its .onnx file. Its .onnx.json must be in the "
                    "same folder."
            ),
            max_length=300,
            pattern=r"^$|^[^/\\][^\\]*\.onnx$",
        ),
        Knob(
            "Teacher's voice", group="What", is_settled=True, empty_means="a command speaks",
            written="Write the voice as its path in the repo, such as en/en_US/amy/medium/en_US-amy-medium.onnx.",
            picks=Picks.VOICE_FILE, picks_by=("language",),
        ),
    ] = ""  # fmt: skip
    teacher_speaker: Annotated[
        str,
        Field(
            description="Which speaker to use if the voice has several: a name or a number.",
            max_length=100,
        ),
        Knob(
            "Teacher's speaker",
            group="What",
            level="advanced",
            is_settled=True,
            empty_means="the first",
        ),
    ] = ""
    teacher_command: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Command that speaks instead of a Piper voice. It reads sentences as JSON lines and writes a "
                "WAV file for each. Give it as typed after --; it runs without a shell."
            ),
            max_length=256,
        ),
        Knob(
            "Teacher's command",
            group="What",
            separator="\n",
            is_command=True,
            is_settled=True,
            empty_means="a Piper voice speaks",
        ),
    ] = ()
    sentences_from: Annotated[
        SentencesFrom,
        Field(
            description=(
                "What is spoken. prompts: our sentences in the language, chosen to cover its sounds, or a file "
                "of yours. dataset: the transcripts of the dataset."
            )
        ),
        Knob("Sentences", group="What", scope=Scope.SUBJECT),
    ] = SentencesFrom.PROMPTS
    sentences_file: Annotated[
        str,
        Field(
            description="A text file on this computer with one sentence per line, spoken instead of ours.",
            max_length=5_000,
        ),
        Knob(
            "File of sentences",
            group="What",
            when=(When("sentences_from", (SentencesFrom.PROMPTS,)),),
            is_local=True,
            goes_as="configuration",
            empty_means="our own sentences",
        ),
    ] = ""
    input: Inputs = ()
    env: Variables = ()
    pip: Packages = ()
    requirements: Requirements = ""
    bring: Bring = ()

    # How much
    spoken_clips: Annotated[
        int,
        Field(
            description="Most sentences to speak; each becomes a clip.",
            ge=10,
            le=20_000,
        ),
        Knob("Most clips", group="How much", unit="clips"),
    ] = 1000
    kept_minutes: Annotated[
        float,
        Field(
            description="Stop speaking once the kept clips have this total length; 0 speaks every sentence.",
            ge=0,
            le=6_000,
        ),
        Knob("Enough speech", group="How much", unit="minutes", level="advanced"),
    ] = 0.0
    heard_by: Annotated[
        WhisperModel,
        Field(
            description=(
                "Whisper model that checks whether a clip says its sentence. off trusts the teacher and checks "
                "only length, silence and clipping."
            )
        ),
        Knob("Clips checked by", group="What", level="advanced"),
    ] = WhisperModel.BASE
    least_word_probability: Annotated[
        float,
        Field(
            description=(
                "Drop a clip if any word of its sentence is less likely than this. A higher value drops more "
                "clips, good ones too."
            ),
            ge=0,
            le=0.9,
        ),
        Knob("Least likely word", group="How much", level="advanced"),
    ] = 0.01
    longest_pause_seconds: Annotated[
        float,
        Field(
            description="Drop a clip with a longer silence between two words.",
            ge=0.2,
            le=20,
        ),
        Knob("Longest pause", group="How much", unit="seconds", level="advanced"),
    ] = 1.2
    length_deviations: Annotated[
        float,
        Field(
            description=(
                "Drop a clip whose length for its text is more than this many deviations from the others. The "
                "deviation is taken from the middle half, so that bad clips do not change it."
            ),
            ge=1,
            le=100,
        ),
        Knob("Most unusual length", group="How much", unit="deviations", level="advanced"),
    ] = 5.0
    least_kept_share: Annotated[
        float,
        Field(
            description=(
                "End the run before training if a smaller share of the clips matches their sentences. The "
                "teacher, the recogniser or the language is then probably wrong."
            ),
            ge=0,
            le=1,
        ),
        Knob("Smallest share kept", group="How much", level="advanced"),
    ] = 0.5


DECLARATION = Declaration(
    settings=DistilSettings,
    does="a Piper voice learns from another voice",
    order=15,
    title="A voice from another voice",
    about=(
        "A Piper voice trained on clips that another text-to-speech system speaks. A recogniser checks each "
        "clip first."
    ),
)
