"""Which of the person's keys a run and its place need, and whether they are there."""

from __future__ import annotations

from dataclasses import replace

from launcher.providers.place import Place
from launcher.providers.registry import all_places
from launcher.stores.secrets import KeyName, Keys
from pod_image.contract.results_address import is_folder
from pod_image.contract.settings import SETTINGS, RunSettings


def place_key(place: Place) -> KeyName | None:
    """None where the place needs no key."""
    return KeyName(place.key.name) if place.key is not None else None


def has_place_key(keys: Keys, place: Place) -> bool:
    """Whether the place can be asked with these keys."""
    name = place_key(place)
    return name is None or keys.get(name) is not None


def holds_place_key(keys: Keys) -> bool:
    """Whether the key of a place that needs one is there: only then anything is known of an account."""
    return any(has_place_key(keys, place) for place in all_places() if place.key is not None)


def need_place_key(keys: Keys, place: Place) -> None:
    """Raises NotConfigured, saying how to give it."""
    name = place_key(place)
    if name is not None:
        keys.need(name)


def needs_hub(settings: RunSettings) -> bool:
    """Whether the results go to Hugging Face, so that a token has to write them."""
    return not is_folder(settings.results)


def reads_hub(settings: RunSettings) -> bool:
    """Whether the run fetches what a person named on Hugging Face: a dataset, or another input."""
    values = settings.model_dump(mode="json")
    inputs = (each for each in SETTINGS.values() if each.knob.is_hub_address)
    named = (values[each.name] for each in inputs if each.applies(values))
    from_hub = settings.dataset_repo and not is_folder(settings.dataset_repo)
    return bool(from_hub) or bool(settings.more_datasets) or any(named)


def of_this_run(keys: Keys, settings: RunSettings) -> Keys:
    """The same without the tokens that the run has no use for: they go nowhere."""
    if needs_hub(settings):
        return keys
    reader = keys.hf_dataset if reads_hub(settings) else None
    return replace(keys, hf_upload=None, hf_dataset=reader)


def need_results_key(keys: Keys, settings: RunSettings) -> None:
    """Raises NotConfigured, saying how to give it; a folder needs none."""
    if needs_hub(settings):
        keys.need(KeyName.HF_UPLOAD)
