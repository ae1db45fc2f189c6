"""Documents about keys, presets, pods that nobody needs, and whether everything is in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypedDict

from launcher.domain.account import Account
from launcher.presets import Preset
from launcher.services.account.key_check import KeyCheck, KeyState
from launcher.services.ending.reap import ReapReport
from launcher.stores.secrets import KeyName, KeySource
from pod_image.contract.next_steps import Said, joined


class KeyFacts(TypedDict):
    name: KeyName
    source: KeySource | None
    """null where there is none."""
    state: KeyState | None
    """null where there is none."""
    works: bool | None
    """null where there is none."""
    detail: Said
    """In English, with what to do."""
    account: Account | None
    """What the account that pays can spend; null where the key is for none."""
    owner: str
    """Name of the Hugging Face account, where there is one."""


class KeysCheck(TypedDict):
    """Each key: where it comes from, and whether it is taken. No value is ever printed."""

    schema: Literal["keys.check"]
    version: Literal[1]
    keys: list[KeyFacts]


class KeysSet(TypedDict):
    """Names of what is kept in the keyring now."""

    schema: Literal["keys.set"]
    version: Literal[1]
    stored: list[str]


class KeysForget(TypedDict):
    """Names of what was removed from the keyring."""

    schema: Literal["keys.forget"]
    version: Literal[1]
    forgotten: list[str]


class Serve(TypedDict):
    """Where programs are served: the first line on stdout. The command goes on until it is ended."""

    schema: Literal["serve"]
    version: Literal[1]
    url: str
    """Of the interface; requests carry the token."""
    token_id: str
    """Tells the token from others, and is none."""


class ServeToken(TypedDict):
    """The token that requests carry. It is a secret."""

    schema: Literal["serve.token"]
    version: Literal[1]
    token: str
    token_id: str
    """Tells the token from others, and is none."""
    source: Literal["environment", "keyring"]


class CheckFacts(TypedDict):
    name: str
    """What was looked at, such as versions, folders, clock, image, "key runpod" or "extra audio"."""
    is_good: bool | None
    """null where it is only good to know."""
    detail: str
    """In English."""
    hint: str
    """In English; empty where there is nothing to do."""


class Doctor(TypedDict):
    """Everything that was looked at. The command exits with 1 where something is not good."""

    schema: Literal["doctor"]
    version: Literal[1]
    checks: list[CheckFacts]


class ReleasedPod(TypedDict):
    pod_id: str
    name: str
    why: str
    """In English."""
    trouble: str
    """Why it could not be released; empty where it was."""


class KeptPod(TypedDict):
    pod_id: str
    name: str


class LeftOpenRun(TypedDict):
    run_id: str
    why: str
    """In English."""


class Reap(TypedDict):
    """Pods of ours that were released, or would be in a dry run, and what else was put in order."""

    schema: Literal["reap"]
    version: Literal[1]
    dry_run: bool
    released: list[ReleasedPod]
    kept: list[KeptPod]
    settled_runs: list[str]
    left_open_runs: list[LeftOpenRun]
    secrets_removed: list[str]
    secrets_trouble: str
    """Why it is not known whether secrets are left; empty where it is."""
    skipped: str
    """Why nothing was done; empty where it was."""
    places: list[str]
    """That were looked at, as sentences name them."""
    unseen: list[str]
    """Places that could not be looked at, and why."""


class PresetFacts(TypedDict):
    name: str
    title: str
    description: str
    is_built_in: bool
    settings: dict[str, Any]
    """What differs from the defaults."""


class BrokenPresetFacts(TypedDict):
    name: str
    path: Path
    message: str


class PresetsList(TypedDict):
    """Every preset, built in and your own."""

    schema: Literal["presets.list"]
    version: Literal[1]
    presets: list[PresetFacts]
    broken: list[BrokenPresetFacts]
    """Files among your own that are no presets."""


class PresetsShow(PresetFacts):
    """One preset."""

    schema: Literal["presets.show"]
    version: Literal[1]


class PresetsSave(TypedDict):
    """Where the preset was saved."""

    schema: Literal["presets.save"]
    version: Literal[1]
    name: str
    path: Path


class PresetsDelete(TypedDict):
    """The preset that is gone."""

    schema: Literal["presets.delete"]
    version: Literal[1]
    name: str
    deleted: Literal[True]


class TrainerName(TypedDict):
    name: str
    title: str


class InitTrainers(TypedDict):
    """What a run's files can be written for."""

    schema: Literal["init.trainers"]
    version: Literal[1]
    presets: list[TrainerName]


class InitTrainer(TypedDict):
    """The files that were written."""

    schema: Literal["init.trainer"]
    version: Literal[1]
    folder: Path
    files: list[str]


def key_facts(name: KeyName, source: KeySource | None, found: KeyCheck | None) -> KeyFacts:
    facts: KeyFacts = {
        "name": name,
        "source": source,
        "state": None,
        "works": None,
        "detail": f"missing; {name.purpose}",
        "account": None,
        "owner": "",
    }
    if found is not None:
        facts["state"] = found.state
        facts["works"] = found.state.is_usable
        facts["detail"] = joined([found.sentence, found.hint])
        facts["account"] = found.account
        facts["owner"] = found.owner
    return facts


def preset_facts(preset: Preset) -> PresetFacts:
    return {
        "name": preset.name,
        "title": preset.title,
        "description": preset.description,
        "is_built_in": preset.is_built_in,
        "settings": dict(preset.values),
    }


def reap_document(report: ReapReport) -> Reap:
    return {
        "schema": "reap",
        "version": 1,
        "dry_run": report.is_dry_run,
        "released": [
            {"pod_id": gone.pod.id, "name": gone.pod.name, "why": gone.why, "trouble": gone.trouble}
            for gone in report.released
        ],
        "kept": [{"pod_id": pod.id, "name": pod.name} for pod in report.kept],
        "settled_runs": [run.run_id for run in report.settled],
        "left_open_runs": [
            {"run_id": each.run.run_id, "why": each.why} for each in report.left_open
        ],
        "secrets_removed": list(report.secrets_removed),
        "secrets_trouble": report.secrets_trouble,
        "skipped": report.skipped,
        "places": list(report.places),
        "unseen": list(report.unseen),
    }
