"""What is known here of OneTrainer's settings, held to its own classes: in a checkout of it that somebody made.

`LAUNCHER_ONETRAINER` names that folder, at the commit that is installed on pods. Only its classes of settings are
loaded, by a process of its own: with torch, and without its models.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.recipes import recipe_of
from launcher.recipes.onetrainer.known import VERSION
from pod_image.contract.recipes.onetrainer import COMMIT
from pod_image.contract.settings import RunSettings
from tests.kit.checkout import ROOT

CHECKOUT = os.environ.get("LAUNCHER_ONETRAINER", "")
EXPORTED = ROOT / "tests" / "recipes" / "onetrainer" / "exported.json"
pytestmark = pytest.mark.skipif(not CHECKOUT, reason="LAUNCHER_ONETRAINER names no checkout")

ASK = """
import json, sys, types
from enum import Enum
from typing import get_origin
import torch
accelerate = types.ModuleType("accelerate")  # it is asked for the device alone
accelerate.Accelerator = type("Accelerator", (), {"device": torch.device("cpu")})
sys.modules["accelerate"] = accelerate
from modules.util.config.BaseConfig import BaseConfig
from modules.util.config.ConceptConfig import ConceptConfig
from modules.util.config.SampleConfig import SampleConfig
from modules.util.config.TrainConfig import TrainConfig

def kind(wanted):
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return "one of " + " ".join(wanted.__members__)
    if isinstance(wanted, type) and issubclass(wanted, BaseConfig):
        return "part"
    return (get_origin(wanted) or wanted).__name__

def told(part):
    return {name: [kind(wanted), part.nullables[name]] for name, wanted in part.types.items()}

main = TrainConfig.default_values()
parts = {"settings": main, "model_part": main.unet, "quantization": main.quantization}
parts |= {"embedding": main.embedding, "optimizer": main.optimizer}
parts |= {"concept": ConceptConfig.default_values(), "sample": SampleConfig.default_values()}
parts |= {"concept_image": parts["concept"].image, "concept_text": parts["concept"].text}
given = json.load(sys.stdin)
loaded = TrainConfig.default_values().from_dict(given)
answer = {"version": main.config_version, "loaded": loaded.to_dict()}
answer["parts"] = {name: told(part) for name, part in parts.items()}
print("TOLD " + json.dumps(answer))
"""


def asked(given: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What its own classes make of a file, and all else that they print."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": CHECKOUT, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    *said, last = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(last.removeprefix("TOLD "))
    return found, "\n".join(said)


def made(given: dict[str, bytes], **settings: Any) -> dict[str, Any]:
    values = RunSettings(recipe="onetrainer", dataset_repo="me/x", base_model="me/y", **settings)
    content = recipe_of(values).configuration(values, given).files["train.json"]
    found: dict[str, Any] = json.loads(content)
    return found


def test_the_checkout_is_of_the_commit_that_pods_install() -> None:
    argv = ["git", "-C", CHECKOUT, "rev-parse", "HEAD"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == COMMIT


def test_the_settings_that_are_known_are_its_own_with_their_kinds() -> None:
    from launcher.recipes.onetrainer.known import _kinds, choices

    told, _ = asked({"__version": VERSION})
    assert told["version"] == VERSION
    names = {"str": "text", "int": "whole", "float": "number", "bool": "switch"}
    for part, theirs in told["parts"].items():
        ours = _kinds()[part]
        assert ours.keys() == theirs.keys(), part
        for name, (kind, may_be_null) in theirs.items():
            own = ours[name]
            assert own.may_be_null == may_be_null, f"{part}.{name}"
            if kind.startswith("one of "):
                assert (own.name, " ".join(choices(own.of))) == ("one of", kind[7:]), (
                    f"{part}.{name}"
                )
            elif kind in names:
                assert own.name == names[kind], f"{part}.{name}"
            else:
                assert own.name in ("part", "parts", "named", "any"), f"{part}.{name}"


@pytest.mark.parametrize("is_own", [True, False], ids=["a person's file", "made of our settings"])
def test_what_is_sent_is_read_whole_and_nothing_is_left_out(is_own: bool) -> None:
    given = {"train.json": EXPORTED.read_bytes()} if is_own else {}
    settings = {"trainer_config": "train.json"} if is_own else {"sample_prompts": ["a cat"]}
    sent = made(given, **settings)
    told, said = asked(sent)
    assert said == ""
    loaded = told["loaded"]
    for name in sent.keys() - {"concepts", "samples", "cloud"}:
        expected = sent[name]
        if isinstance(expected, dict):
            assert expected.items() <= loaded[name].items(), name
        else:
            assert loaded[name] == expected, name
    for ours, theirs in zip(sent["concepts"], loaded["concepts"], strict=True):
        assert (ours["path"], ours["seed"]) == (theirs["path"], theirs["seed"])
    assert [one["prompt"] for one in loaded["samples"]] == [
        one["prompt"] for one in sent["samples"]
    ]
    assert loaded["cloud"]["enabled"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"train_dtype": "NOT_A_TYPE"},
        {"epochs": "many"},
        {"learning_rate": "fast"},
        {"optimizer": {"optimizer": "ADAMMM"}},
    ],
)
def test_what_is_refused_here_is_what_it_would_say_it_left_out(wrong: dict[str, Any]) -> None:
    _, said = asked({"__version": VERSION, **wrong})
    assert said.startswith("Could not set ")
    values = RunSettings(
        recipe="onetrainer", dataset_repo="me/x", base_model="me/y", trainer_config="x"
    )
    file = json.dumps({**json.loads(EXPORTED.read_bytes()), **wrong}).encode()
    codes = [one.code for one in recipe_of(values).configuration(values, {"x": file}).findings]
    assert "wrong_in_configuration" in codes


def test_an_unknown_setting_is_left_out_without_a_word() -> None:
    """Which is why the plan names it."""
    _, said = asked({"__version": VERSION, "learing_rate": 1})
    assert said == ""


def test_no_file_of_ours_holds_a_sentence_of_its_source() -> None:
    """It is AGPL: its settings' names are facts, its text is not ours."""
    theirs = {
        line.strip()
        for path in Path(CHECKOUT, "modules").rglob("*.py")
        for line in path.read_text("utf-8", "replace").splitlines()
        if len(line.strip()) > 40 and not line.strip().startswith(("from ", "import "))
    }
    ours = [
        line.strip()
        for folder in ("launcher/recipes/onetrainer", "pod_image/recipes/onetrainer")
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
    ]
    assert [line for line in ours if line in theirs] == []
