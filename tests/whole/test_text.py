"""What a person is told: help, hints, errors; and what it takes to be told."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from launcher import errors
from launcher.cli.command_list import COMMANDS, Entry
from launcher.errors import LauncherError
from launcher.forms.option_names import option_of
from pod_image.contract.settings import SETTINGS, RunSettings
from tests.kit.checkout import ROOT
from tests.whole.our_commands import EVERY, HINTED_COMMAND, HINTED_OPTION
from tests.whole.sources import files, modules

OF_OTHER_PROGRAMS = {"voices"}
"""Options of espeak-ng that a hint names."""
PROSE = {"before", "can", "does", "failed", "keeps", "on", "sent", "that", "this", "to", "with"}
"""Words that follow the launcher's name in a sentence about it."""


CLAIMS = re.compile(
    r"(everything|so far|by then|outputs?)\b.{0,25}\bkept\b|\bkeeps? everything\b|has uploaded what it"
)
"""What nobody can know before a run has ended; afterwards it is counted."""


def sentence(text: str) -> str:
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


@pytest.mark.parametrize("words", EVERY)
def test_every_command_says_in_a_sentence_what_it_does(words: str) -> None:
    first = sentence(EVERY[words].help)
    assert len(first.split()) >= 3
    assert first.endswith(".")


@pytest.mark.parametrize("words", EVERY)
def test_every_option_and_argument_has_help(words: str) -> None:
    silent = [
        param.name
        for param in EVERY[words].params
        if param.name != "help" and not (getattr(param, "help", None) or "").strip()
    ]
    assert silent == []


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_no_command_takes_a_key_as_a_word(entry: Entry) -> None:
    """An argument stands in the shell's history and in the list of processes."""
    names = {
        option
        for words, command in EVERY.items()
        if words.split()[0] == entry.name
        for param in command.params
        for option in (*param.opts, *param.secondary_opts)
    }
    named = {option_of(name) for name, one in SETTINGS.items() if one.knob.names_secrets}
    suspect = {name for name in names if re.search(r"token|secret|password|api-?key", name)}
    assert not suspect - named


@pytest.mark.parametrize(
    "word",
    [
        "WANDB_API_KEY=wandb-0123456789",
        "wandb-0123456789",
        "ghp_" + "ab12" * 6,
        "c0ffee" * 7,
        "",
    ],
)
def test_an_option_that_names_secrets_takes_their_names_alone(word: str) -> None:
    named = [name for name, one in SETTINGS.items() if one.knob.names_secrets]
    assert named
    for name in named:
        with pytest.raises(ValidationError):
            RunSettings(recipe=SETTINGS[name].knob.when[0].values[0], **{name: (word,)})


def test_what_a_hint_says_to_run_exists() -> None:
    """`launcher release` would be a dead end just when money runs."""
    unknown = set()
    for module in modules("launcher", "pod_image"):
        for hint in module.hints:
            for word, below in HINTED_COMMAND.findall(hint):
                if word not in EVERY and word not in PROSE:
                    unknown.add((module.name, word))
                is_group = bool(getattr(EVERY.get(word), "commands", None))
                if is_group and below and f"{word} {below}" not in EVERY:
                    unknown.add((module.name, f"{word} {below}"))
    assert unknown == set()


def test_every_option_that_a_hint_names_exists() -> None:
    known = {
        option.lstrip("-")
        for command in EVERY.values()
        for param in command.params
        for option in (*param.opts, *param.secondary_opts)
    } | {"help", "version", *OF_OTHER_PROGRAMS}
    assert {
        (module.name, option)
        for module in modules("launcher", "pod_image")
        for hint in module.hints
        for option in HINTED_OPTION.findall(hint)
        if option not in known
    } == set()


def test_what_the_readme_and_the_docs_tell_to_run_exists() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    unknown = set()
    for page in pages:
        text = page.read_text("utf-8")
        shown = [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"(?m)^ {4}(.+)$", text)]
        for line in shown:
            for word, _ in HINTED_COMMAND.findall(line.split("#")[0]):
                if line.strip().startswith("launcher") and word not in EVERY:
                    unknown.add((page.name, word))
    assert unknown == set()


def test_every_preset_that_the_readme_and_the_docs_name_exists() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    named = {
        name
        for page in pages
        for name in re.findall(r"--preset ([a-z][\w-]*)", page.read_text("utf-8"))
    }
    assert "finetune-medium" in named
    assert named - {path.stem for path in (ROOT / "presets").glob("*.toml")} == set()


def _kinds(kind: type[LauncherError]) -> Iterator[type[LauncherError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in _kinds(LauncherError) if kind.__module__ == errors.__name__],
    ids=lambda kind: kind.__name__,
)
def test_every_error_stands_in_the_tree_with_its_exit_code(kind: type[LauncherError]) -> None:
    (line,) = [
        line for line in (errors.__doc__ or "").splitlines() if line.split()[:1] == [kind.__name__]
    ]
    told = re.match(r"\s*\w+\s+(\d+)\s", line)
    inherited = getattr(kind.__mro__[1], "exit_code", LauncherError.exit_code)
    assert kind.exit_code == (int(told[1]) if told else inherited)


def test_no_command_but_the_page_loads_nicegui_or_torch_to_be_there() -> None:
    program = (
        "import importlib, sys; from launcher.cli.command_list import COMMANDS\n"
        "for entry in COMMANDS:\n"
        "    importlib.import_module(entry.module)\n"
        "    loaded = {'nicegui', 'torch', 'soundfile', 'onnxruntime'} & set(sys.modules)\n"
        "    assert not loaded, (entry.name, loaded)\n"
        "print(len(COMMANDS))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == len(COMMANDS)


def test_the_agent_and_the_parts_it_shares_load_no_torch() -> None:
    program = (
        "import sys, pod_image.__main__, pod_image.control, pod_image.hub, pod_image.dataset, "
        "pod_image.agent.guard, pod_image.recipes.command.__main__\n"
        "print(*sorted({'torch', 'launcher', 'onnxruntime', 'piper'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_no_text_claims_that_results_were_kept() -> None:
    of_people = [
        path
        for path in files()
        if path.suffix in (".py", ".md")
        and path.relative_to(ROOT).parts[0] not in ("tests", "CHANGELOG.md")
    ]
    claims = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in of_people
        for found in CLAIMS.finditer(path.read_text("utf-8"))
    ]
    assert claims == []


HOLD_THE_RULE = (ROOT / "tests/whole/test_text.py", ROOT / "docs/words.md")


def test_a_dataset_is_one_word() -> None:
    two_words = re.compile(r"\bdata[ -]sets?\b", re.IGNORECASE)
    assert [
        path.relative_to(ROOT).as_posix()
        for path in files()
        if path.suffix in (".py", ".md", ".toml")
        and path not in (ROOT / "tests/whole/test_text.py", ROOT / "docs/words.md")
        if two_words.search(" ".join(path.read_text("utf-8").split()))
    ] == []
