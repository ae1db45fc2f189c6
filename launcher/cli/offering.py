"""What a shell offers behind a command when Tab is pressed: runs, presets, faults, GPUs, repos of the token.

A shell waits for it, so nothing is asked for long, and what cannot be told is offered in silence: nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it takes huggingface_hub, which a shell does not wait for
    from launcher.hub.access import HubAccess

REPO_SECONDS = 2.0
MOST_RUNS = 50
Offering = Callable[[str], list[str]]


def runs(incomplete: str) -> list[str]:
    """Runs that this computer knows, newest first, by what is typed for them."""
    return _beginning(incomplete, _quietly(_runs))


def run_paths(incomplete: str) -> list[str]:
    """What `cp` begins with; the files in a pod are not asked for."""
    return [f"{name}:" for name in runs(incomplete)]


def runs_and_presets(incomplete: str) -> list[str]:
    return [*runs(incomplete), *presets(incomplete)]


def presets(incomplete: str) -> list[str]:
    return _beginning(incomplete, _quietly(_presets))


def studies(incomplete: str) -> list[str]:
    """Studies that this computer knows, the one used last first: by name where one study alone has it."""
    return _beginning(incomplete, _quietly(_studies))


def queue_entries(incomplete: str) -> list[str]:
    """Numbers of the queue's entries."""
    return _beginning(incomplete, _quietly(_queue_entries))


def faults(incomplete: str) -> list[str]:
    return _beginning(incomplete, _quietly(_faults))


def gpus(incomplete: str) -> list[str]:
    """Cards whose speed is known here; the clouds are not asked."""
    return _beginning(incomplete, _quietly(_gpus))


def datasets(incomplete: str) -> list[str]:
    """Datasets that the token may read."""
    return _beginning(incomplete, _in_time(_datasets))


def results_repos(incomplete: str) -> list[str]:
    """Models that the token may write to."""
    return _beginning(incomplete, _in_time(_models))


OF_SETTINGS: Mapping[str, Offering] = {
    "gpu_types": gpus,
    "dataset_repo": datasets,
    "results_repo": results_repos,
}
"""By the name of the setting whose values they are."""


def _beginning(incomplete: str, found: Iterable[str]) -> list[str]:
    typed = incomplete.casefold()
    return [each for each in dict.fromkeys(found) if each.casefold().startswith(typed)]


def _quietly(look: Callable[[], list[str]]) -> list[str]:
    """Nothing where it fails: a traceback in the middle of a line helps nobody."""
    try:
        return look()
    except Exception:
        return []


def _in_time(look: Callable[[], list[str]]) -> list[str]:
    """What comes of it within the time; the call is left to itself then, and ends with this process."""
    found: list[str] = []
    asking = threading.Thread(target=lambda: found.extend(_quietly(look)), daemon=True)
    asking.start()
    asking.join(REPO_SECONDS)
    return list(found)


def _runs() -> list[str]:
    from launcher.cli.terminal.command_line import know_shared, name_of
    from launcher.config import read_config
    from launcher.stores.runs import RunHistory

    config = read_config()
    if not config.history_path.exists():
        return []
    history = RunHistory(config.history_path)
    try:
        know_shared(history.shared_ids())
        return [name_of(run) for run in history.runs(limit=MOST_RUNS)]
    finally:
        history.close()


def _presets() -> list[str]:
    from launcher.config import read_config
    from launcher.presets import look_at_presets

    return [preset.name for preset in look_at_presets(read_config()).usable]


def _studies() -> list[str]:
    from launcher.config import read_config
    from launcher.stores.known_studies import KnownStudies

    known = KnownStudies(read_config().data_folder).addresses()
    names = [each.name for each in known]
    return [each.name if names.count(each.name) == 1 else str(each) for each in known]


def _queue_entries() -> list[str]:
    from launcher.config import read_config
    from launcher.stores.queue import QueueStore

    path = read_config().queue_path
    if not path.exists():
        return []
    store = QueueStore(path)
    try:
        return [str(entry.number) for entry in store.entries()]
    finally:
        store.close()


def _faults() -> list[str]:
    from launcher.demo.cloud import fault_list

    return ["list", *fault_list()]


def _gpus() -> list[str]:
    from launcher.domain.gpu_speed import RELATIVE_SPEED

    return [
        name.replace(" ", "-") for name in RELATIVE_SPEED
    ]  # a shell takes a blank for two words


def _datasets() -> list[str]:
    from launcher.hub.own_repos import readable_datasets

    return [repo.id for repo in readable_datasets(_access().dataset).repos]


def _models() -> list[str]:
    from launcher.hub.own_repos import writable_repos

    return [repo.id for repo in writable_repos(_access().upload, "model").repos]


def _access() -> HubAccess:
    from launcher.config import hub_address
    from launcher.hub.access import HubAccess
    from launcher.stores.secrets import KeyringStore, find_keys

    keys = find_keys(os.environ, KeyringStore())
    access = HubAccess.with_tokens(hub_address(os.environ), keys.hf_dataset, keys.hf_upload)
    return access.in_a_hurry()
