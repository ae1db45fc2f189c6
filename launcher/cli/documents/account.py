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
    """Where the key comes from; null if there is none."""
    state: KeyState | None
    """null where there is none."""
    works: bool | None
    """null where there is none."""
    detail: Said
    """What was found and what to do, in English."""
    account: Account | None
    """What the account that pays can spend; null if the key belongs to no such account."""
    owner: str
    """Name of the Hugging Face account, if there is one."""


class KeysCheck(TypedDict):
    """Each key: where it comes from, and whether it is accepted. No value is ever printed."""

    schema: Literal["keys.check"]
    version: Literal[1]
    keys: list[KeyFacts]


class KeysSet(TypedDict):
    """Names of the keys that are in the keyring now."""

    schema: Literal["keys.set"]
    version: Literal[1]
    stored: list[str]


class KeysForget(TypedDict):
    """Names of the keys that were removed from the keyring."""

    schema: Literal["keys.forget"]
    version: Literal[1]
    forgotten: list[str]


class Serve(TypedDict):
    """Where programs are served: the first line on stdout. The command runs until you end it."""

    schema: Literal["serve"]
    version: Literal[1]
    url: str
    """Address of the interface; requests must carry the token."""
    token_id: str
    """Identifies the token; it is not a secret."""


class ServeToken(TypedDict):
    """The token that requests must carry. Keep it secret."""

    schema: Literal["serve.token"]
    version: Literal[1]
    token: str
    token_id: str
    """Identifies the token; it is not a secret."""
    source: Literal["environment", "keyring"]


class CheckFacts(TypedDict):
    name: str
    """What was checked, such as versions, folders, clock, image, "key runpod" or "extra audio"."""
    is_good: bool | None
    """null for what is neither good nor bad."""
    detail: str
    """What was found, in English."""
    hint: str
    """What to do next, in English; empty if nothing."""


class Doctor(TypedDict):
    """Everything that was checked. The command exits with 1 if something is not good."""

    schema: Literal["doctor"]
    version: Literal[1]
    checks: list[CheckFacts]


class ReleasedPod(TypedDict):
    pod_id: str
    name: str
    why: str
    """In English."""
    trouble: str
    """Why it could not be released; empty if it was."""


class KeptPod(TypedDict):
    pod_id: str
    name: str


class LeftOpenRun(TypedDict):
    run_id: str
    why: str
    """In English."""


class Reap(TypedDict):
    """Pods of this program that were released, or would be in a dry run, and what else was cleaned up."""

    schema: Literal["reap"]
    version: Literal[1]
    dry_run: bool
    released: list[ReleasedPod]
    kept: list[KeptPod]
    settled_runs: list[str]
    left_open_runs: list[LeftOpenRun]
    secrets_removed: list[str]
    secrets_trouble: str
    """Why it is not known whether secrets remain; empty if it is known."""
    skipped: str
    """Why nothing was done; empty if it was done."""
    places: list[str]
    """Names of the providers that were checked."""
    unseen: list[str]
    """Providers that could not be checked, and why."""


class PresetFacts(TypedDict):
    name: str
    title: str
    description: str
    is_built_in: bool
    settings: dict[str, Any]
    """The settings that differ from the defaults."""


class BrokenPresetFacts(TypedDict):
    name: str
    path: Path
    message: str


class PresetsList(TypedDict):
    """Every preset: the built-in ones and your own."""

    schema: Literal["presets.list"]
    version: Literal[1]
    presets: list[PresetFacts]
    broken: list[BrokenPresetFacts]
    """Files in your presets folder that are not presets."""


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
    """The preset that was deleted."""

    schema: Literal["presets.delete"]
    version: Literal[1]
    name: str
    deleted: Literal[True]


class TrainerName(TypedDict):
    name: str
    title: str


class InitTrainers(TypedDict):
    """The trainers that files can be written for."""

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
