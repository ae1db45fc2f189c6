"""Which tokens of Hugging Face a run needs: one whose data and results are in folders needs none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from launcher.stores.secrets import KeyName, Keys
from pod_image.contract.results_address import is_folder

if TYPE_CHECKING:
    from pod_image.contract.settings import RunSettings


def needs_hub(settings: RunSettings) -> bool:
    """Whether the results go to Hugging Face, so that a token has to write them."""
    return not is_folder(settings.results)


def reads_hub(settings: RunSettings) -> bool:
    """Whether the run fetches what a person named on Hugging Face: a dataset, or another input."""
    from pod_image.contract.settings import SETTINGS

    values = settings.model_dump(mode="json")
    inputs = (each for each in SETTINGS.values() if each.knob.is_hub_address)
    named = (values[each.name] for each in inputs if each.applies(values))
    from_hub = settings.dataset_repo and not is_folder(settings.dataset_repo)
    return bool(from_hub) or bool(settings.more_datasets) or any(named)


def used_tokens(settings: RunSettings) -> frozenset[KeyName]:
    """Those of Hugging Face that the run has a use for; the others are neither shown nor sent."""
    if needs_hub(settings):
        return frozenset({KeyName.HF_DATASET, KeyName.HF_UPLOAD})
    return frozenset({KeyName.HF_DATASET} if reads_hub(settings) else ())


def of_this_run(keys: Keys, settings: RunSettings) -> Keys:
    """The same without the tokens that the run has no use for: they go nowhere."""
    used = used_tokens(settings)
    return replace(
        keys,
        hf_upload=keys.hf_upload if KeyName.HF_UPLOAD in used else None,
        hf_dataset=keys.hf_dataset if KeyName.HF_DATASET in used else None,
    )


def need_results_key(keys: Keys, settings: RunSettings) -> None:
    """Raises NotConfigured, saying how to give it; a folder needs none."""
    if needs_hub(settings):
        keys.need(KeyName.HF_UPLOAD)
