"""OneTrainer's file of settings as a person has it: one exported file, or a folder with a plain one and its lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from launcher.recipes.found import Found, listed
from launcher.recipes.local_paths import found_in, name_of
from launcher.recipes.onetrainer.known import OLDEST_VERSION, VERSION, VERSION_KEY, faults
from pod_image.contract.keys import hide_keys, key_in

MOST_BYTES = 4_000_000
"""Of a file of settings. What the program exports has some ten kilobytes, and statistics of the pictures."""
DEEPEST = 40
"""Tables within tables. OneTrainer's own files have four."""
_SAID_SECRETS = ("huggingface_token", "api_key", "password")
AS_JSON = (
    "Export the configuration again from OneTrainer (Export writes one file with concepts and samples in it), and "
    "give that file."
)
_USUAL_NAMES = ("train.json", "config.json")


@dataclass
class Given:
    """What was read. `values` without its secrets; concepts and samples are lists, or None where they are lacking."""

    values: dict[str, Any]
    concepts: list[dict[str, Any]] | None = None
    samples: list[dict[str, Any]] | None = None
    others: Mapping[str, bytes] = field(default_factory=dict)
    """Files beside it: pictures, prompts, weights that it names."""
    is_made: bool = False
    """Of settings of ours: there is nothing to be told of."""


class _NoNumber(ValueError):
    pass


def read(given: Mapping[str, bytes], found: Found, *, is_our_commit: bool) -> Given | None:
    """None where it cannot be read at all; what is wrong is said in `found`."""
    name = _main_file(given, found)
    values = _table(given[name], name, found) if name else None
    if values is None or not _is_version_known(values, found, is_ours=is_our_commit):
        return None
    if _holds_keys(values, found):
        return None
    values.pop("secrets", None)
    others = {other: content for other, content in given.items() if other != name}
    concepts = _list(values, "concepts", "concept_file_name", others, found)
    samples = _list(values, "samples", "sample_definition_file_name", others, found)
    if values[VERSION_KEY] == VERSION:
        _say_faults({**values, "concepts": concepts, "samples": samples}, found, is_our_commit)
    return Given(values, concepts, samples, others)


def _main_file(given: Mapping[str, bytes], found: Found) -> str | None:
    if len(given) == 1:
        return next(iter(given))
    names = sorted(name for name in given if name.lower().endswith(".json"))
    likely = [name for name in names if _looks_like_settings(given[name])]
    usual = [name for name in likely if name_of(name).lower() in _USUAL_NAMES]
    if len(likely) == 1 or len(usual) == 1:
        return (usual if len(usual) == 1 else likely)[0]
    if likely:
        found.error(
            "configuration_unclear",
            f"The folder contains several OneTrainer settings files: {listed(likely)}.",
            "Keep only one, or name the right one config.json.",
        )
    else:
        found.error(
            "no_configuration",
            "The folder contains no OneTrainer settings file.",
            AS_JSON,
        )
    return None


def _looks_like_settings(content: bytes) -> bool:
    values = _table(content, "", Found())
    return values is not None and bool({VERSION_KEY, "training_method"} <= values.keys())


def _parsed(content: bytes, name: str, found: Found) -> Any:
    """None, with what is wrong, for what is no JSON."""
    if len(content) > MOST_BYTES:
        message = f"{name} is larger than 4 MB, too large for a settings file."
        found.error("configuration_unreadable", message, AS_JSON)
        return None
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError:
        why = "it is not written in UTF-8"
    except json.JSONDecodeError as exc:
        why = f"line {exc.lineno}, column {exc.colno} is not valid JSON, which has no comments"
    except _NoNumber as exc:
        why = f"it has the value {exc}, which is not a number"
    except RecursionError:
        why = "it is nested too deep"
    except ValueError:
        why = "a number in it is too long"
    found.error("configuration_unreadable", f"{name} cannot be read: {why}.", AS_JSON)
    return None


def _no_number(text: str) -> NoReturn:
    raise _NoNumber(text)


def _table(content: bytes, name: str, found: Found) -> dict[str, Any] | None:
    before = len(found.findings)
    value = _parsed(content, name, found)
    if isinstance(value, dict):
        return value
    if len(found.findings) == before:
        found.error("configuration_unreadable", f"{name} is not a table of settings.", AS_JSON)
    return None


def _is_version_known(values: Mapping[str, Any], found: Found, *, is_ours: bool) -> bool:
    version = values.get(VERSION_KEY)
    if isinstance(version, bool) or not isinstance(version, int):
        found.error(
            "configuration_version",
            f"The configuration does not say its version: {VERSION_KEY} is missing or not a whole "
            f"number. OneTrainer would treat it as its very first version.",
            AS_JSON,
        )
        return False
    if version < OLDEST_VERSION:
        found.error(
            "configuration_version",
            f"The configuration is of version {version}, from a OneTrainer that is years old.",
            "Load it in a newer OneTrainer and export it there: that brings it up to date.",
        )
        return False
    if version > VERSION:
        message = (
            f"The configuration is of version {version}; the newest known here is {VERSION}. A OneTrainer "
            f"that does not know this version ignores what is new in it."
        )
        if is_ours:
            found.error(
                "configuration_version",
                message,
                "Set onetrainer_commit to the commit that you use yourself.",
            )
            return False
        found.warning("configuration_version", message)
    if version < VERSION:
        found.note(
            "configuration_version",
            f"The configuration is of version {version}: OneTrainer updates it on the pod.",
        )
    return True


def _holds_keys(values: Mapping[str, Any], found: Found) -> bool:
    """A key anywhere, said by its place and never by its value."""
    try:
        places = [hide_keys(place) for place, name, text in _texts(values) if _is_key(name, text)]
    except RecursionError:
        found.error("configuration_unreadable", "The configuration is nested too deep.", AS_JSON)
        return True
    if places:
        found.error(
            "key_in_configuration",
            f"The configuration contains what looks like a key: {listed(places)}.",
            "Empty it in the file. Models that need a key are fetched with the token given to the launcher: name them "
            "with base_model.",
        )
    return bool(places)


def _texts(value: Any, place: str = "", name: str = "") -> Iterator[tuple[str, str, str]]:
    """Every text with its place and the name that stands before it; names are texts too. Raises RecursionError."""
    if place.count(".") + place.count("[") > DEEPEST:
        raise RecursionError
    if isinstance(value, dict):
        for key, each in value.items():
            yield f"{place} (a name in it)" if place else "a name", "", key
            yield from _texts(each, f"{place}.{key}" if place else key, key)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, f"{place}[{number}]", name)
    elif isinstance(value, str):
        yield place, name, value


def _is_key(name: str, text: str) -> bool:
    if name in _SAID_SECRETS and text.strip():
        return True
    return key_in([text]) is not None or key_in([f"{name}={text}"]) is not None


def _list(
    values: dict[str, Any], name: str, by_file: str, others: Mapping[str, bytes], found: Found
) -> list[dict[str, Any]] | None:
    """Concepts or samples: in the file itself, or in the one that it names, where that came along."""
    value = values.pop(name, None)
    pointed = values.get(by_file)
    if value is None and isinstance(pointed, str) and pointed:
        file = found_in(list(others), pointed)
        if file is None:
            return None
        value = _parsed(others[file], file, found)
        if value is not None and _holds_keys({file: value}, found):
            return None
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        message = f"{name} in the configuration is not a list of tables."
        found.error("configuration_unreadable", message, AS_JSON)
        return None
    return value


def _say_faults(values: Mapping[str, Any], found: Found, is_certain: bool) -> None:
    told = list(faults(values))
    unknown = [fault.place for fault in told if not fault.why]
    wrong = [f"{fault.place} ({fault.why})" for fault in told if fault.why]
    if unknown:
        found.warning(
            "unknown_in_configuration",
            f"OneTrainer does not know these settings and ignores them: {listed(unknown)}.",
            "Correct their names, or remove them from the file.",
        )
    if wrong:
        say = found.error if is_certain else found.warning
        say(
            "wrong_in_configuration",
            f"OneTrainer cannot read these settings and would train with its defaults: {listed(wrong)}.",
            "Correct them in OneTrainer, or in the file.",
        )
