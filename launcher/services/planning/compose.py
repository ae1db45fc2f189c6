"""Preset and what the person gave become settings that apply, each with its origin. Pure; reads no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from launcher.domain.command import refuse_keys
from launcher.domain.plan import Composed, Origin
from launcher.domain.written_by import refuse_newer
from launcher.errors import InvalidRequest, MissingSetting
from launcher.forms.fields import plain
from launcher.forms.several import spread
from launcher.forms.values import check_names, to_settings
from launcher.presets import Preset
from launcher.services.common.repos import with_repos
from pod_image.contract.knobs import Setting, When
from pod_image.contract.next_steps import Sentence, joined
from pod_image.contract.next_steps import setting as named
from pod_image.contract.settings import SETTINGS, RunSettings

_DEFAULTS = {name: plain(setting.default) for name, setting in SETTINGS.items()}


def compose(
    preset: Preset | None,
    given: Mapping[str, Any],
    *,
    check_required: bool = True,
    notes: Sequence[str] = (),
) -> Composed:
    """The settings of a run: defaults, over them the preset, over that what was given.

    A preset's value that does not apply beside the rest is dropped; a given one is refused. Raises
    InvalidRequest (unknown name, value out of range, does not apply, a key in the command) or
    MissingSetting. `notes`: what is to be said of how `given` was read.
    """
    check_names(given, "given")
    given, chosen = spread(with_repos(given)), _values_of(preset)
    settings = to_settings({**_that_apply(chosen, given)[0], **given})
    kept, dropped = _that_apply(chosen, given)
    _refuse_what_does_not_apply(settings, given)
    refuse_keys(settings.model_dump())
    if check_required:
        _check_required(settings)
    return Composed(
        settings=settings,
        origins=_origins(settings, kept, given),
        preset=preset.name if preset else "",
        dropped=dropped,
        notes=(*(preset.notes if preset else ()), *notes),
    )


def compose_so_far(
    preset: Preset | None, given: Mapping[str, Any], notes: Sequence[str] = ()
) -> Composed:
    """As a form has them: what was given and does not apply beside the rest is put aside, not refused, and
    required settings may still be empty. Raises InvalidRequest for what no setting can be.
    """
    applying = that_apply(given, beside=_values_of(preset))
    return compose(preset, applying, check_required=False, notes=notes)


def that_apply(given: Mapping[str, Any], *, beside: Mapping[str, Any]) -> dict[str, Any]:
    """What of the given values applies beside a preset's. Raises InvalidRequest for a name that no setting has."""
    check_names(given, "given")
    applying = spread(given)
    while True:  # what falls away may be what something else applied by
        kept, _ = _that_apply(beside, applying)
        every_value = {**_DEFAULTS, **kept, **applying}
        fewer = {name: v for name, v in applying.items() if SETTINGS[name].applies(every_value)}
        if len(fewer) == len(applying):
            return applying
        applying = fewer


def usual_value(preset: Preset | None, given: Mapping[str, Any], name: str) -> Any:
    """What the setting is, as JSON, when nobody gives it beside the rest. Reckoned without composing anything."""
    rest = {other: value for other, value in given.items() if other != name}
    kept, _ = _that_apply(preset.values if preset else {}, rest)
    value = {name: kept[name]} if name in kept else {}
    return to_settings(value).model_dump(mode="json")[name]


def missing(settings: RunSettings) -> list[Setting]:
    """The required settings that nobody has given, in order of declaration."""
    values = settings.model_dump(mode="json")
    return [
        setting
        for setting in SETTINGS.values()
        if setting.is_required(values) and not values[setting.name]
    ]


def _values_of(preset: Preset | None) -> dict[str, Any]:
    """Raises InvalidRequest for names that no setting has, or that a newer release wrote."""
    if preset is None:
        return {}
    refuse_newer(preset.values, preset.version, f"Preset {preset.name}")
    check_names(preset.values, f"preset {preset.name}")
    return spread(with_repos(preset.values))


def _that_apply(
    chosen: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The preset's values that apply beside what was given, and the names of the others."""
    beside = {name: plain(value) for name, value in {**chosen, **given}.items()}
    every_value = {**_DEFAULTS, **beside}
    kept = {
        name: value
        for name, value in chosen.items()
        if SETTINGS[name].applies(every_value) and _is_about_what_is_used(name, chosen, given)
    }
    return kept, tuple(name for name in chosen if name not in kept and name not in given)


def _is_about_what_is_used(name: str, chosen: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """A preset's commit is one of the preset's dataset: beside another dataset it means nothing."""
    owner = SETTINGS[name].knob.belongs_to
    if not owner:
        return True
    return owner in chosen and plain(given.get(owner, chosen[owner])) == plain(chosen[owner])


def _refuse_what_does_not_apply(settings: RunSettings, given: Mapping[str, Any]) -> None:
    values = settings.model_dump(mode="json")
    for name in given:
        setting = SETTINGS[name]
        for condition in setting.knob.when:
            if not condition.holds(values):
                raise _means_nothing(name, condition, values[condition.setting])


def _means_nothing(name: str, condition: When, value: Any) -> InvalidRequest:
    """The setting beside another one's value."""
    other, first = condition.setting, condition.values[0]
    if first == "":
        return InvalidRequest(
            Sentence(named(name), " has no effect with ", named(other), "."),
            hint=Sentence("Leave ", named(name), " out, or leave ", named(other), " out."),
        )
    allowed = " or ".join(str(each) for each in condition.values)
    return InvalidRequest(
        Sentence(
            named(name),
            " only has an effect when ",
            named(other),
            f" is {allowed}; it is {value}.",
        ),
        hint=Sentence("Leave ", named(name), " out, or add ", named(other, first), "."),
    )


def _check_required(settings: RunSettings) -> None:
    absent = missing(settings)
    if absent:
        setting = absent[0]
        more = joined([Sentence(named(other.name)) for other in absent[1:]], ", ")
        raise MissingSetting(
            Sentence(named(setting.name), " is missing."),
            setting=setting.name,
            hint=Sentence(setting.help, " Also missing: ", more, ".") if more else setting.help,
        )


def _origins(
    settings: RunSettings, kept: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Origin]:
    def origin(name: str) -> Origin:
        if name in given:
            return Origin.YOU
        return Origin.PRESET if name in kept else Origin.DEFAULT

    return {name: origin(name) for name in settings.applicable()}
