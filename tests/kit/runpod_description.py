"""RunPod's published description without its words: the calls that we use, kept so that everyone can test with them.

`python -m tests.kit.runpod_description --write` makes the file anew from the whole description in the folder that
`LAUNCHER_CONTRACTS` names; `--check` fails where the two differ.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from launcher.emulator.runpod.calls import OPERATIONS
from launcher.providers.runpod.drift import NAMES_FOLLOW, WORDS_ALONE

KEPT = Path(__file__).with_name("runpod_description.json")
WHOLE = "runpod-openapi-v2.json"
CONTRACTS = "LAUNCHER_CONTRACTS"
"""Names the folder of the whole description, which is RunPod's and not kept here."""
BESIDE = "x-other-calls"
"""The calls that are described and that nothing of ours makes: method and path alone."""
_METHODS = ("get", "post", "put", "patch", "delete")
_FACTS = frozenset(
    {
        "$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "discriminator", "enum",
        "explode", "format", "if", "in", "items", "maxItems", "maximum", "minItems", "minLength",
        "minProperties", "minimum", "name", "not", "oneOf", "pattern", "propertyName", "required", "requestBody",
        "schema", "scheme", "security", "style", "then", "type", "unevaluatedProperties", "uniqueItems",
        "x-enum-varnames", *_METHODS,
    }
)  # fmt: skip
"""Every other keyword has to be known as words, or the file is not made: no sentence comes in by a new one."""


def description() -> dict[str, Any]:
    """What is kept, as an OpenAPI document."""
    document: dict[str, Any] = json.loads(KEPT.read_text("utf-8"))
    return document


def whole_description() -> dict[str, Any] | None:
    """RunPod's own, None where `LAUNCHER_CONTRACTS` is not set; where it is, the file has to be there."""
    folder = os.environ.get(CONTRACTS)
    if not folder:
        return None
    document: dict[str, Any] = json.loads((Path(folder) / WHOLE).read_text("utf-8"))
    return document


def facts_of(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Paths, fields, types and limits of the calls that the emulator has. Raises ValueError for an unknown keyword."""
    ours = {(operation.method.lower(), operation.path) for operation in OPERATIONS}
    paths: dict[str, Any] = {}
    others = []
    for path, item in whole["paths"].items():
        used = {method for method in _METHODS if method in item and (method, path) in ours}
        others += [f"{name.upper()} {path}" for name in _METHODS if name in item.keys() - used]
        if used:
            left = item.keys() - set(_METHODS) | used
            paths[path] = {key: _facts(item[key]) for key in item if key in left}
    document = {
        "openapi": whole["openapi"],
        "info": {"title": "", "version": whole["info"]["version"]},
        "security": whole.get("security", []),
        "paths": paths,
        BESIDE: sorted(others),
    }
    return {**document, "components": _components(document, whole)}


def _facts(item: Any, *, are_names: bool = False, are_replies: bool = False) -> Any:
    if isinstance(item, list):
        return [_facts(each) for each in item]
    if not isinstance(item, dict):
        return item
    if are_names:
        found = {name: _facts(value) for name, value in item.items()}
        return {name: _described(reply) for name, reply in found.items()} if are_replies else found
    unknown = item.keys() - _FACTS - WORDS_ALONE - NAMES_FOLLOW
    if unknown:
        raise ValueError(
            f"Neither a fact nor words, as far as is known: {', '.join(sorted(unknown))}"
        )
    return {
        key: value if key in ("default", "enum", "const") else _below(key, value)
        for key, value in item.items()
        if key not in WORDS_ALONE
    }


def _described(reply: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI wants a description of each reply, an empty one at least."""
    return reply if "$ref" in reply else {"description": "", **reply}


def _below(key: str, value: Any) -> Any:
    return _facts(value, are_names=key in NAMES_FOLLOW, are_replies=key == "responses")


def _components(document: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the document refers to, and what they refer to in turn."""
    kept: dict[str, Any] = {
        "securitySchemes": _facts(whole["components"]["securitySchemes"], are_names=True)
    }
    waiting = [document]
    while waiting:
        for kind, name in _references(waiting.pop()):
            if name not in kept.setdefault(kind, {}):
                found = {name: whole["components"][kind][name]}
                kept[kind] |= _facts(found, are_names=True, are_replies=kind == "responses")
                waiting.append(kept[kind][name])
    return kept


def _references(item: Any) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        if isinstance(named := item.get("$ref"), str):
            _, _, kind, name = named.split("/")
            yield kind, name
        for value in item.values():
            yield from _references(value)
    elif isinstance(item, list):
        for value in item:
            yield from _references(value)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(words: list[str]) -> int:
    whole = whole_description()
    if words not in (["--write"], ["--check"]) or whole is None:
        print(f"Set {CONTRACTS} to the folder of {WHOLE}, and give --write or --check.")
        return 2
    text = _text(facts_of(whole))
    if words == ["--write"]:
        KEPT.write_text(text, "utf-8")
        return 0
    if text == KEPT.read_text("utf-8"):
        return 0
    print(f"{KEPT.name} differs from {WHOLE}. Run: python -m tests.kit.runpod_description --write")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
