"""What of a run is sent to others: figures and sounds always, names and words only when asked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from launcher.domain.run import Run
from pod_image.contract.bodies import CheckpointWritten, Sample
from pod_image.contract.figures import with_unit
from pod_image.contract.knobs import Scope, Setting
from pod_image.contract.older_settings import recorded_settings
from pod_image.contract.settings import SETTINGS

LEFT_OUT = "(left out)"
MOST_BYTES = 8_000_000
"""Of samples in one page: a mail takes it, and a phone opens it."""
_SHORTEST_NAME = 4
"""What is shorter is in ordinary words as well."""
_RECIPE = "recipe"


@dataclass(frozen=True)
class Choice:
    """What a person wants to be in the page beside state, figures, curves and samples."""

    title: str = ""
    """In place of the run's id."""
    with_dataset: bool = False
    """Names of datasets, repos and of what it started from."""
    with_notes: bool = False
    """What the run said in words: why it ended, its warnings, the last lines of its programs."""
    with_reference: bool = False
    """The person's own recording to compare with."""


def shown_settings(settings_json: str, choice: Choice) -> list[tuple[Setting, str]]:
    """Those that are a number, or one of a few words: no other can hold a name. With names, those of repos as well."""
    shown = []
    for name, value in _recorded(settings_json).items():
        setting = SETTINGS.get(name)
        if setting is None or value in ("", None, [], ()):
            continue
        if _is_figure(setting) or (choice.with_dataset and _names_repos(setting)):
            shown.append((setting, _said(value, setting.knob.unit)))
    return shown


def unshown_settings(settings_json: str, choice: Choice) -> list[str]:
    """What the settings left out are called."""
    shown = {setting.name for setting, _ in shown_settings(settings_json, choice)}
    return [
        SETTINGS[name].knob.label
        for name, value in _recorded(settings_json).items()
        if name in SETTINGS and name not in shown and value not in ("", None, [], ())
    ]


def private_words(run: Run, home: Path, choice: Choice) -> tuple[str, ...]:
    """Names that are taken out of whatever a run said, longest first."""
    words = {str(home)} if len(str(home)) >= _SHORTEST_NAME else set()
    for name, value in _recorded(run.settings_json).items():
        setting = SETTINGS.get(name)
        if setting is None or _is_figure(setting):
            continue
        if setting.knob.is_local or (not choice.with_dataset and _names_repos(setting)):
            words.update(_names_in(value))
    if not choice.with_dataset:
        words.update(_names_in(run.results_repo))
    return tuple(sorted((word for word in words if len(word) >= _SHORTEST_NAME), key=len)[::-1])


def without(words: Sequence[str], text: str) -> str:
    for word in words:
        text = text.replace(word, LEFT_OUT)
    return text


def chosen_samples(
    samples: Sequence[Sample], best: CheckpointWritten | None, sizes: Mapping[str, int]
) -> list[Sample]:
    """Those that are worth most, as far as there is room: of the best step, the newest, the first, then in between.

    `sizes` in bytes, by path, of those that can be had. In order of steps.
    """
    there = [one for one in samples if one.kind != "reference" and one.path in sizes]
    steps = sorted({one.step for one in there})
    room = MOST_BYTES
    chosen: list[Sample] = []
    for step in _worth_most(steps, best):
        of_step = [one for one in there if one.step == step]
        size_bytes = sum(sizes[one.path] for one in of_step)
        if not chosen or size_bytes <= room:
            taken = list(_that_fit(of_step, sizes, room))
            chosen += taken
            room -= sum(sizes[one.path] for one in taken)
    return sorted(chosen, key=lambda one: (one.step, one.path))


def _worth_most(steps: Sequence[int], best: CheckpointWritten | None) -> Iterator[int]:
    if not steps:
        return
    of_best = max((step for step in steps if best is not None and step <= best.step), default=None)
    first = [] if of_best is None else [of_best]
    middle = steps[len(steps) // 2]
    yield from dict.fromkeys([*first, steps[-1], steps[0], middle])


def _that_fit(samples: Iterable[Sample], sizes: Mapping[str, int], room: int) -> Iterator[Sample]:
    for one in samples:
        if sizes[one.path] <= room:
            room -= sizes[one.path]
            yield one


def _is_figure(setting: Setting) -> bool:
    kind = setting.field.annotation
    if setting.knob.scope is Scope.RUN or setting.name == _RECIPE:
        return setting.name == _RECIPE
    return isinstance(kind, type) and (kind in (int, float, bool) or issubclass(kind, Enum))


def _names_repos(setting: Setting) -> bool:
    knob = setting.knob
    return knob.scope is Scope.RUN or knob.is_hub_address or bool(knob.of_which)


def _recorded(settings_json: str) -> dict[str, Any]:
    try:
        return recorded_settings(settings_json)
    except ValueError:
        return {}


def _names_in(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, str) and one:
            yield one
            yield from (part for part in (one.partition("@")[0],) if "/" in part)
            if "/" in one:
                yield one.rpartition("/")[2]


def _said(value: Any, unit: str) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else with_unit(value, unit)
