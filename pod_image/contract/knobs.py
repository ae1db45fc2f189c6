"""The marker that a setting carries beside pydantic's own type, default, limits and help."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Level = Literal["basic", "advanced"]
Separator = Literal["", ",", "\n"]
GoesAs = Literal["files", "requirements", "configuration"]
"""Files at places of their own; packages that pip installs; what the recipe makes of a trainer's own settings."""


class Scope(StrEnum):
    """What a setting belongs to: what a preset keeps of a run, and what another preset leaves as it was given."""

    METHOD = "method"
    """How it is done, where and for how much: what presets are for. Another preset takes it back."""
    SUBJECT = "subject"
    """What it is about: the name, the language, the speakers. A preset may hold it, another one leaves it alone."""
    RUN = "run"
    """Which run it is: its name, where it reads and where it writes. No preset that is made of a run holds it."""


class Picks(StrEnum):
    """What the values of a setting are, where a person may choose among those there are instead of typing one."""

    DATASET = "dataset"
    """Dataset repos that the token which reads them may see."""
    RESULTS = "results"
    """Model repos that the token which writes the results may write to, and new ones, named by `picks_by`."""
    RUN = "run"
    """Runs that have a checkpoint to go on from; `picks_by`: in which results repo."""
    LANGUAGE = "language"
    """A language and its region, as de_DE."""
    ESPEAK_VOICE = "espeak_voice"
    """A way in which espeak-ng reads a language, as en-gb-scotland."""
    BASE_VOICE = "base_voice"
    """Published checkpoints and voices; `picks_by`: the language and the size that fit best."""
    VOICE_FILE = "voice_file"
    """One voice of the repo of published voices, as its path in it; `picks_by`: the language that fits best."""
    VOICE_NAME = "voice_name"
    """Published voices by their names; `picks_by` as for their files."""


@dataclass(frozen=True)
class When:
    """A condition on another setting: it holds when that setting has one of the values."""

    setting: str
    values: tuple[Any, ...]

    def holds(self, values: Mapping[str, Any]) -> bool:
        return values.get(self.setting) in self.values


@dataclass(frozen=True)
class Knob:
    """How a setting is shown, entered and kept, and when it applies.

    `when`: every condition has to hold, else the value is not sent, not asked for and not accepted.
    `required`: there is no useful default, the person has to say; `required_when` limits that.
    `scope`: whether a preset keeps it, see there. `belongs_to`: the setting whose value this one is about; what a
    preset says of it means nothing beside another one.
    `empty_means`: what happens where nothing is entered, in a few words; every setting that may be empty says so.
    `separator`: between the entries of a list when they are typed into one line or box; every list has one.
    `further`: the list that takes what is given beyond the first, where several are.
    `is_settled`: what was learnt holds for one value alone: a run that is continued keeps the one it began with.
    `is_command`: its entries are the words of a command: what stands after `--` on the command line, and no key.
    `is_public`: its entries can be read by others, in the pod's definition and in the results repo: no key either.
    `names_secrets`: its entries are names of secrets that the command alone gets; values are no settings.
    `is_hub_address`: its entries are repos on the Hub, which a plan pins to commits.
    `of_which`: the setting that says which file of that repo is fetched, with what its name begins; else all are.
    `is_local`: its entries are files of the person's computer: the plan reads them, and the names are not sent.
    `goes_as`: what becomes of such files on the pod.
    `is_own_folder`: a folder of the machine that the run goes to; where that is this computer, it may be written from
    the folder that one is in.
    `written`: how a value is written, as a sentence for whoever wrote it differently.
    `picks`: from what a value may be chosen; `picks_by`: the settings that say what fits, as each kind has it.
    """

    label: str
    group: str
    unit: str = ""
    level: Level = "basic"
    when: tuple[When, ...] = ()
    required: bool = False
    required_when: tuple[When, ...] = ()
    scope: Scope = Scope.METHOD
    belongs_to: str = ""
    empty_means: str = ""
    separator: Separator = ""
    written: str = ""
    is_command: bool = False
    is_public: bool = False
    names_secrets: bool = False
    is_hub_address: bool = False
    of_which: str = ""
    is_local: bool = False
    goes_as: GoesAs = "files"
    is_own_folder: bool = False
    picks: Picks | None = None
    picks_by: tuple[str, ...] = ()

    @property
    def may_hold_no_key(self) -> bool:
        return self.is_command or self.is_public

    is_settled: bool = False
    further: str = ""


_OR_EMPTY = "^$|"
"""How most patterns begin that let a text be empty."""


@dataclass(frozen=True)
class Setting:
    """One declared setting: pydantic's field and our marker under one name."""

    name: str
    field: FieldInfo
    knob: Knob

    @property
    def help(self) -> str:
        return self.field.description or ""

    @property
    def default(self) -> Any:
        return self.field.get_default(call_default_factory=True)

    @property
    def is_list(self) -> bool:
        return typing.get_origin(self.field.annotation) is tuple

    @property
    def may_be_empty(self) -> bool:
        """A text or a list whose limits let it be; read off them, since every start asks and few build the model."""
        if not self.is_list and self.field.annotation is not str:
            return False
        limits = self.field.metadata
        if any(getattr(limit, "min_length", None) for limit in limits):
            return False
        patterns = [pattern for limit in limits if (pattern := getattr(limit, "pattern", None))]
        return all(each.startswith(_OR_EMPTY) or re.search(each, "") for each in patterns)

    def applies(self, values: Mapping[str, Any]) -> bool:
        return all(condition.holds(values) for condition in self.knob.when)

    def is_required(self, values: Mapping[str, Any]) -> bool:
        if not self.knob.required or not self.applies(values):
            return False
        return all(condition.holds(values) for condition in self.knob.required_when)


def declared(model: type[BaseModel]) -> dict[str, Setting]:
    """Every setting of `model` by name, in order of declaration.

    Raises TypeError for a field without a `Knob`, with two, without a description, or whose marker lacks what a
    setting of its kind needs: such a model cannot be imported.
    """
    settings: dict[str, Setting] = {}
    for name, field in model.model_fields.items():
        knobs = [item for item in field.metadata if isinstance(item, Knob)]
        if len(knobs) != 1:
            raise TypeError(
                f"setting {model.__name__}.{name} needs exactly one Knob, it has {len(knobs)}"
            )
        if not field.description:
            raise TypeError(f"setting {model.__name__}.{name} has no description")
        settings[name] = Setting(name, field, knobs[0])
    for setting in settings.values():
        _check_others(setting, settings)
        _check_entry(setting)
    return settings


def _check_others(setting: Setting, settings: Mapping[str, Setting]) -> None:
    """What the marker says of other settings is said of settings that there are."""
    knob = setting.knob
    for condition in (*knob.when, *knob.required_when):
        if condition.setting not in settings:
            raise TypeError(
                f"setting {setting.name} depends on {condition.setting}, which is not declared"
            )
    if knob.goes_as != "files" and not knob.is_local:
        raise TypeError(
            f"setting {setting.name} is sent with the run, and is not a file of this computer"
        )
    if knob.further and not (knob.further in settings and settings[knob.further].is_list):
        raise TypeError(f"setting {setting.name} has no list {knob.further} for what is beyond one")
    if knob.of_which and knob.of_which not in settings:
        raise TypeError(
            f"setting {setting.name} is fetched by {knob.of_which}, which is not declared"
        )
    for other in knob.picks_by:
        if other not in settings:
            raise TypeError(f"setting {setting.name} is chosen by {other}, which is not declared")
    if knob.belongs_to and knob.belongs_to not in settings:
        raise TypeError(
            f"setting {setting.name} belongs to {knob.belongs_to}, which is not declared"
        )


def _check_entry(setting: Setting) -> None:
    """What a person meets who enters the setting is declared: how a list is typed, what an empty entry does."""
    knob = setting.knob
    if setting.is_list != bool(knob.separator):
        raise TypeError(
            f"setting {setting.name} is a list without a separator"
            if setting.is_list
            else f"setting {setting.name} has a separator, and is no list"
        )
    is_said = bool(knob.empty_means) or (knob.required and not knob.required_when)
    if setting.may_be_empty and not is_said:
        raise TypeError(f"setting {setting.name} may be empty and does not say what that means")
    if knob.empty_means and not setting.may_be_empty:
        raise TypeError(f"setting {setting.name} says what empty means, and cannot be empty")


def grouped(settings: Mapping[str, Setting]) -> Iterator[tuple[str, list[Setting]]]:
    """The settings by group, groups and settings in order of declaration."""
    groups: dict[str, list[Setting]] = {}
    for setting in settings.values():
        groups.setdefault(setting.knob.group, []).append(setting)
    yield from groups.items()
