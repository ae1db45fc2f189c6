"""What to do next, as values inside sentences: each edge words them, the terminal as commands and options, the
page as what to click.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from typing import Any, Self, TypeAlias


@unique
class NextStep(Enum):
    """Something that a person can do or turn to. Its text is for whoever stands at neither edge: a pod's log, and
    launchers that do not know the step.
    """

    SET = "a setting"
    """Names a setting, or the setting at a value."""
    CONTINUE_RUN = "continuing an earlier run"
    LET_PASS = "letting pass"
    """Findings of a dataset that a person knows of: their codes, with spaces between them."""

    ENTER_KEY = "giving the key"
    """Of a name of `stores.secrets.KeyName`."""
    ENTER_SECRET = "giving the secret"
    """Of a name of a command's secrets."""
    ENTER_ADDRESSES = "keeping addresses to be told at"
    LOOK_FOR_PODS = "a look for forgotten pods"
    COMPARE_API = "a comparison with the provider's published interface"

    MAKE_PLAN = "a new plan"
    LIST_GPUS = "the list of GPUs"
    LIST_SETTINGS = "the list of settings"
    LIST_PRESETS = "the list of presets"
    SAVE_PRESET = "saving a preset as"
    ASSIGN = "a setting given as key=value"

    START_RUN = "starting a run"
    LIST_FAULTS = "the list of the demo's faults"
    LIST_RUNS = "the list of runs"
    SHOW_RUN = "the state of the run"
    FOLLOW_RUN = "following the run"
    STOP_RUN = "stopping the run"
    ABORT_RUN = "aborting the run"
    SAY_SENTENCE = "a sample of your own"
    READ_LOG = "the log of the run"
    LIST_RESULTS = "the results of the run"
    CHOOSE_CHECKPOINT = "the step of a checkpoint"

    LIST_DATASETS = "the datasets kept here"
    SHOW_DATASET = "the clips of the dataset"
    RESTORE_CLIPS = "bringing back clips of the dataset"
    MAKE_DATASET = "making a dataset of recordings"
    NORMALISE_DATASET = "making the dataset again at one loudness"
    NAME_RECORDINGS = "naming recordings"
    NAME_FOLDER = "naming a folder for the dataset"
    CHOOSE_SAMPLE_RATE = "the sample rate"
    CHECK_DATASET = "a check of the dataset"
    REPAIR_TEXTS = "moving the texts to their clips"
    SUGGEST_TEXTS = "suggesting transcripts by ear"
    PROOFREAD_TEXTS = "comparing the texts with what is said"
    NAME_LANGUAGE = "the language that is spoken"
    CHECK_EVERY_CLIP = "a check of every clip"
    SET_LICENCE = "giving the dataset a licence"
    SEND_WITHOUT_BAD_LINES = "sending it without those lines"
    PUSH_OVER = "agreeing to it"
    CONFIRM = "confirming it"

    CHOOSE_PORT = "the port of the page"
    USE_PLAIN_ADDRESS = "an address without a name of its own"
    GIVE_CERTIFICATE = "a certificate and its private key"
    SERVE_IN_THE_OPEN = "serving without encryption"

    def of(self, what: object = "", value: object = "") -> Step:
        """The step for a run, a dataset, a key, a setting."""
        return Step(self, str(what), str(value))


@dataclass(frozen=True)
class Step:
    """A step and what it is about: `of` a run, a dataset, a setting; `value` is what a setting is to be."""

    do: NextStep
    of: str = ""
    value: str = ""

    @property
    def plain(self) -> str:
        """For whoever stands at neither edge."""
        if self.do is NextStep.SET:
            return f"{self.of} {self.value}".strip()
        return f"{self.do.value} {self.of}".strip()


class Link(str):
    """Words with the address of a page of somebody else's behind them: a person's page draws a link of the two."""

    __slots__ = ("address", "words")

    words: str
    address: str

    def __new__(cls, words: str, address: str) -> Self:
        made = super().__new__(cls, f"{words}: {address}")
        made.words, made.address = words, address
        return made


Part: TypeAlias = "str | NextStep | Step | Sentence"
WordStep: TypeAlias = Callable[[Step], str]
"""An edge: how it words a step, inside a sentence."""


@dataclass(frozen=True, init=False)
class Sentence:
    """Words with steps in them, such as `Sentence(NextStep.LIST_GPUS, " lists all.")`."""

    parts: tuple[str | Step, ...]

    def __init__(self, *parts: Part) -> None:
        object.__setattr__(self, "parts", tuple(_flat(parts)))

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __str__(self) -> str:
        return self.worded(lambda step: step.plain)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(part for part in self.parts if isinstance(part, Step))

    @property
    def links(self) -> tuple[Link, ...]:
        return tuple(part for part in self.parts if isinstance(part, Link))

    def worded(self, word: WordStep) -> str:
        return "".join(part if isinstance(part, str) else word(part) for part in self.parts)


Said: TypeAlias = str | Sentence
"""What a person is told: plain words where nothing in them depends on the edge."""


def setting(name: str, value: object = "") -> Step:
    """A setting by its name, or what it is to be."""
    return NextStep.SET.of(name, value)


def worded(said: Said, word: WordStep) -> str:
    return said if isinstance(said, str) else said.worded(word)


def joined(said: Iterable[Said], between: str = " ") -> Said:
    """What is not empty, one after the other; plain where all of it is plain."""
    kept = [each for each in said if each]
    if all(isinstance(each, str) and not isinstance(each, Link) for each in kept):
        return between.join(map(str, kept))
    parts: list[Part] = []
    for each in kept:
        parts += [between, each] if parts else [each]
    return Sentence(*parts)


def on_wire(hint: Said) -> dict[str, Any]:
    """The fields of an event or a record that say it: in plain words, and its steps, for edges that know them."""
    steps = () if isinstance(hint, str) else hint.steps
    sent = [{"do": each.do.name.lower(), "of": each.of, "value": each.value} for each in steps]
    return {"hint": str(hint), **({"hint_steps": sent} if sent else {})}


def from_wire(hint: str, steps: Iterable[Mapping[str, Any]]) -> Said:
    """What was said: a step that is not known here, or not found in the words, stays as plain as it came."""
    parts: list[Part] = []
    left = hint
    for each in steps:
        step = _step(each)
        before, found, after = left.partition(step.plain) if step else (left, "", "")
        if step and found:
            parts += [before, step]
            left = after
    return Sentence(*parts, left) if parts else hint


def _step(sent: Mapping[str, Any]) -> Step | None:
    known = NextStep.__members__.get(str(sent.get("do")).upper())
    return known and known.of(sent.get("of", ""), sent.get("value", ""))


def _flat(parts: Iterable[Part]) -> Iterable[str | Step]:
    for part in parts:
        if isinstance(part, Sentence):
            yield from part.parts
        elif isinstance(part, NextStep):
            yield part.of()
        elif part:
            yield part
