"""What to do next is a value: both edges word every one, no text below them names a command or an option."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest

import launcher
from launcher.api.next_steps import WORDS as IN_PYTHON
from launcher.api.next_steps import in_python
from launcher.cli.command_list import COMMANDS
from launcher.cli.terminal.next_steps import WORDS as IN_TERMINAL
from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.serve.mcp.next_steps import WORDS as FOR_AGENTS
from launcher.serve.mcp.next_steps import for_agents
from launcher.serve.mcp.planning_tools import PlanningTools
from launcher.serve.mcp.run_tools import RunTools
from launcher.serve.next_steps import WORDS as IN_HTTP
from launcher.serve.next_steps import in_http
from launcher.ui.next_steps import WORDS as ON_PAGE
from launcher.ui.next_steps import on_page
from pod_image.contract.bodies import RunWarning
from pod_image.contract.events import from_line, stamped, to_line
from pod_image.contract.hinted_error import HintedError
from pod_image.contract.next_steps import NextStep, Sentence, Step, joined, setting
from pod_image.contract.settings import SETTINGS
from tests.kit.checkout import ROOT
from tests.kit.clocks import NOW
from tests.whole.our_commands import EVERY, HINTED_COMMAND, HINTED_OPTION
from tests.whole.sources import Module, modules

ABOUT = {
    NextStep.SET: ("batch_size", "16"),
    NextStep.ENTER_KEY: ("runpod", ""),
    NextStep.ENTER_SECRET: ("WANDB_API_KEY", ""),
    NextStep.LET_PASS: ("silent text-twice", ""),
    NextStep.ASSIGN: ("batch_size", "16"),
}
"""What these steps are always about."""
EVERY_STEP = [Step(each, *ABOUT.get(each, ("some-01", ""))) for each in NextStep]
OPTIONS = {
    option
    for command in EVERY.values()
    for param in command.params
    for option in (*param.opts, *param.secondary_opts)
} | {"--help"}
NAMED = re.compile(rf"\blauncher (?:{'|'.join(entry.name for entry in COMMANDS)})\b")
EDGE = "launcher/cli/"
PYTHON_EDGE = "launcher/api/next_steps.py"
AGENTS_EDGE = "launcher/serve/mcp/"
MAY_NAME = {
    ("launcher/ui/next_steps.py", "launcher doctor, in a terminal"): "has no place on a page",
    ("launcher/ui/next_steps.py", "launcher demo, in a terminal"): "has no place on a page",
    (
        "launcher/ui/pages/train/run_text.py",
        "The same choice as a file",
    ): "a page shows a terminal's file",
    ("launcher/forms/docs.py", "# Commands"): "the heading of the commands' page of the docs",
    ("launcher/services/following/instructions.py", "--text"): "an option of the pod's own program",
    ("launcher/services/exporting/skypilot.py", "--secret"): "an option of SkyPilot",
    ("pod_image/control.py", "--text"): "that program, with its own options",
    ("pod_image/control.py", "sample needs --text"): "the same",
    ("pod_image/own_machine/container.py", "--all"): "an option of Podman and Docker",
    ("pod_image/own_machine/container.py", "--env"): "an option of Podman and Docker",
    ("pod_image/own_machine/container.py", "--force"): "an option of Podman and Docker",
    ("pod_image/own_machine/container.py", "--name"): "an option of Podman and Docker",
    ("pod_image/own_machine/container.py", "--quiet"): "an option of Podman and Docker",
    ("pod_image/own_machine/container.py", "--workdir"): "an option of Podman and Docker",
    ("pod_image/private_python.py", "--quiet"): "an option of pip",
    ("pod_image/private_python.py", "--shell"): "an option of useradd",
    ("pod_image/recipes/llm_lora/recipe.py", "--resume_from_checkpoint"): "an option of trl",
    ("pod_image/recipes/piper/card.py", "- piper-tts: `piper --model "): "an option of piper",
    ("launcher/services/voices/programs.py", "piper --model "): "an option of piper",
    ("launcher/services/voices/programs.py", " --speaker 0"): "an option of piper",
}
"""Module and how the text begins, with the reason."""


def texts(module: Module) -> Iterator[ast.Constant]:
    """Its texts, without its docstrings."""
    said = {
        id(node.value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node


def names_ours(text: str) -> bool:
    options = {f"--{name}" for name in HINTED_OPTION.findall(text)}
    return bool(NAMED.search(text) or options & OPTIONS)


def naming(*below: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for module in modules(*below):
        named = [str(node.value)[:80] for node in texts(module) if names_ours(str(node.value))]
        if named:
            found[module.name] = named
    return found


def test_no_text_below_the_edges_names_a_command_or_an_option_of_ours() -> None:
    found = [
        (name, text)
        for name, named in naming("launcher", "pod_image").items()
        for text in named
        if not name.startswith((EDGE, AGENTS_EDGE)) and name != PYTHON_EDGE
    ]

    def excused(name: str, text: str) -> list[tuple[str, str]]:
        return [each for each in MAY_NAME if each[0] == name and text.startswith(each[1])]

    assert [each for each in found if not excused(*each)] == []
    assert set(MAY_NAME) == {each for named in found for each in excused(*named)}


@pytest.mark.parametrize(
    "words",
    [IN_TERMINAL, ON_PAGE, IN_PYTHON, FOR_AGENTS, IN_HTTP],
    ids=["terminal", "page", "python", "agents", "http"],
)
def test_an_edge_words_every_step_and_no_other(words: dict[NextStep, object]) -> None:
    assert set(words) == set(NextStep)


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.do.name)
def test_what_the_terminal_says_to_type_exists(step: Step) -> None:
    said = in_terminal(Sentence(step))
    commands = HINTED_COMMAND.findall(said)
    named = HINTED_OPTION.findall(said)
    assert commands or named
    for word, below in commands:
        assert word in EVERY
        is_group = bool(getattr(EVERY[word], "commands", None))
        assert not is_group or f"{word} {below}" in EVERY
    assert {f"--{name}" for name in named} <= OPTIONS


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.do.name)
def test_what_a_page_says_to_click_is_written_on_a_page(step: Step) -> None:
    said = on_page(Sentence("See ", step))
    assert not HINTED_OPTION.findall(said)
    assert bool(HINTED_COMMAND.findall(said)) == ("in a terminal" in said)
    pages = "".join(
        str(node.value)
        for module in modules("launcher/ui/pages", "pod_image/contract")
        for node in texts(module)
    )
    assert [label for label in re.findall(r"“([^”]+)”", said) if label not in pages] == []


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.do.name)
def test_what_python_says_to_call_exists(step: Step) -> None:
    said = in_python(Sentence(step))
    assert set(re.findall(r"launcher\.(\w+)", said)) <= set(launcher.__all__)
    called = re.findall(r"(?:\brun|attach\([^)]*\))\.(\w+)\(", said)
    assert all(hasattr(launcher.Run, name) for name in called)
    commands = HINTED_COMMAND.findall(said)
    assert bool(commands) == ("in a terminal" in said)
    assert {word for word, _ in commands} <= set(EVERY)


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.do.name)
def test_what_is_said_over_http_to_ask_is_answered(step: Step) -> None:
    said = in_http(Sentence(step))
    described = json.loads((ROOT / "docs" / "http.openapi.json").read_text("utf-8"))
    asked = re.findall(r"(GET|POST) (/api/v1[^\s\"]*)", said)
    shapes = {re.sub(r"/runs/[^/]+", "/runs/{run}", path): method for method, path in asked}
    assert all(
        method.lower() in described["paths"].get(path, {}) for path, method in shapes.items()
    )
    members = {
        name
        for schema in described["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    assert set(re.findall(r'"(\w+)":', said)) <= members | set(SETTINGS)
    assert not HINTED_COMMAND.findall(said)
    assert not HINTED_OPTION.findall(said)


def heard(hint: str, steps: object = None) -> RunWarning:
    """A warning as a launcher reads it from a line of a pod."""
    said = {"at": "2026-03-01T12:00:00Z", "run_id": "run-01", "seq": 1, "event": "warning"}
    event = from_line(
        json.dumps({**said, "code": "x", "message": "m", "hint": hint, "hint_steps": steps})
    )
    assert event is not None
    assert isinstance(event.body, RunWarning)
    return event.body


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.do.name)
def test_a_step_said_by_a_pod_is_the_same_step_to_whoever_reads_it(step: Step) -> None:
    hint = Sentence("One thing: ", step, ", or wait. ", setting("max_hours", 3), " may do.")
    said = RunWarning.saying("x", "It is so.", hint)

    event = from_line(to_line(stamped(said, at=NOW, run_id="run-01", seq=1)))

    assert event is not None
    assert isinstance(event.body, RunWarning)
    assert event.body.what_to_do == hint
    assert event.body.hint == str(hint)


def test_a_step_that_a_newer_pod_knows_stays_as_plain_as_it_came() -> None:
    steps = [
        {"do": "ask_the_moon", "of": "", "value": ""},
        {"do": "set", "of": "disk_gb", "value": "42"},
    ]
    body = heard("Ask the moon, or use disk_gb 42.", steps)
    assert in_terminal(body.what_to_do) == "Ask the moon, or use --disk-gb 42."


def test_what_an_older_pod_said_to_do_is_shown_as_it_is() -> None:
    body = heard("Rent a larger disk: --disk-gb 42")
    assert body.what_to_do == "Rent a larger disk: --disk-gb 42"


def test_what_is_said_one_after_the_other_stays_plain_until_a_step_is_in_it() -> None:
    assert joined(["It is so.", "", "It stays."]) == "It is so. It stays."
    both = joined(["It is so.", Sentence(NextStep.LIST_RUNS, " shows it.")])
    assert in_terminal(both) == "It is so. launcher runs shows it."
    assert on_page(both) == "It is so. The Runs page shows it."


def test_an_error_says_more_of_what_happened_in_both_its_words() -> None:
    error = InvalidRequest(Sentence(setting("batch_size"), " is too large."))
    error.add(Sentence("A pod costs money until ", NextStep.ABORT_RUN.of("run-01"), " succeeds."))

    assert in_terminal(error.message) == (
        "--batch-size is too large. A pod costs money until launcher abort run-01 succeeds."
    )
    assert (
        str(error)
        == "batch_size is too large. A pod costs money until aborting the run run-01 succeeds."
    )


def test_what_happened_and_what_to_do_are_kept_by_one_class_of_errors() -> None:
    keepers = [
        f"{module.name}: {cls.name}"
        for module in modules("launcher", "pod_image")
        for cls in ast.walk(module.tree)
        if isinstance(cls, ast.ClassDef) and "self.hint" in {
            ast.unparse(target)
            for node in ast.walk(cls)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            for target in (target.elts if isinstance(target, ast.Tuple) else [target])
        }
    ]  # fmt: skip
    assert keepers == ["pod_image/contract/hinted_error.py: HintedError"]
    assert issubclass(InvalidRequest, HintedError)
    assert (ROOT / "pod_image/contract/hinted_error.py").is_file()


@pytest.mark.parametrize("step", EVERY_STEP, ids=lambda step: step.do.name)
def test_what_agents_are_told_to_do_exists(step: Step) -> None:
    said = for_agents(Sentence(step))
    tools = {name for each in (PlanningTools, RunTools) for name in vars(each) if name[0] != "_"}
    assert {*re.findall(r"the tool (\w+)", said)} <= tools
    commands = HINTED_COMMAND.findall(said)
    assert bool(commands) == ("in a terminal" in said)
    assert {word for word, _ in commands} <= {*EVERY}
