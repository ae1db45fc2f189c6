"""What is one place's alone is known in its folders alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pod_image.contract.places import PLACES
from tests.kit.checkout import ROOT
from tests.whole.sources import Module, modules

NEUTRAL = (
    "launcher/domain",
    "launcher/forms",
    "launcher/hub",
    "launcher/services",
    "launcher/ui",
    "launcher/workshop",
    "pod_image/agent",
)
APART = ("pod_image/agent/places/",)
NAMES = tuple(name for name in PLACES if "-" in name or name == "runpod")
WORDS = frozenset(PLACES) - {*NAMES}
"""Places that are called like things that any code speaks of: there they are known where they stand alone."""
SPEAKS_OF_ADDRESSES = "launcher/services/planning/brought/requirements.py"
"""One over ssh is no place that runs go to."""


def named(module: Module) -> Iterator[str]:
    """Where a place stands in the code or in what it says."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Constant(value=str(text)) | ast.Name(id=text) | ast.Attribute(attr=text):
                said = text.lower().replace("_", "-")
                is_value = isinstance(node, ast.Constant) or text.isupper()
                is_value = is_value and module.name != SPEAKS_OF_ADDRESSES
                if (is_value and said in WORDS) or any(name in said for name in NAMES):
                    yield f"{module.name}:{node.lineno}: {text[:60]}"


def neutral() -> list[Module]:
    return [module for module in modules(*NEUTRAL) if not module.name.startswith(APART)]


def test_services_pages_and_the_agent_name_no_place() -> None:
    assert [line for module in neutral() for line in named(module)] == []


def test_the_agent_knows_the_protocol_of_places_and_which_one_it_is_at_alone() -> None:
    inside = {"pod_image.agent.places", "pod_image.agent.places.base"}
    reached = [
        f"{module.name}: {name}"
        for module in neutral()
        for name in module.imports
        if name.startswith("pod_image.agent.places.")
        and not (name in inside or name.rpartition(".")[0] in inside)
    ]
    assert reached == []


def test_the_guard_sees_a_place_in_words_names_and_attributes() -> None:
    tree = ast.parse("x = 'Ask RunPod.'\nRUNPOD_URL = keys.runpod\n")
    assert len(list(named(Module("x.py", tree)))) == 3
    tree = ast.parse("if place == 'local' or place is Provider.LOCAL: x = 'local files'\n")
    assert len(list(named(Module("x.py", tree)))) == 2


def test_the_page_on_adding_a_place_names_files_that_are_there() -> None:
    page = (ROOT / "docs" / "providers.md").read_text("utf-8")
    named = set(re.findall(r"`((?:launcher|pod_image|tests)/[\w/]+\.py)`", page))
    assert len(named) > 12
    for place in PLACES:
        assert [
            each
            for each in named
            if not (ROOT / each.replace("NAME", place.replace("-", "_"))).is_file()
        ] == []
