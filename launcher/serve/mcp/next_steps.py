"""The next steps as an agent gets them: a tool of this server, an argument of one, or what to ask the person for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from launcher.api.next_steps import WORDS as IN_PYTHON
from launcher.errors import LauncherError, RunFailed
from launcher.serve.mcp.foreign import foreign, one_line
from pod_image.contract.next_steps import NextStep, Said, Step, worded

_LONGEST_HINT = 800


def for_agents(said: Said) -> str:
    """What is said, with every step as a tool, an argument, or something to ask the person for."""
    return worded(said, word_step)


def word_step(step: Step) -> str:
    return WORDS[step.do](step.of, step.value)


def refusal(error: LauncherError) -> str:
    """An error as a tool tells it. Its message can quote what a pod, a dataset or the Hub said."""
    parts = [
        f"Not done: {type(error).__name__}.",
        foreign("launcher, quoting others where it names them,", [for_agents(error.message)]),
    ]
    if isinstance(error, RunFailed):  # what to do next can be the pod's own word
        parts.append(foreign("launcher, or the pod itself,", [for_agents(error.hint)]))
    elif error.hint:
        parts.append(f"Next: {one_line(for_agents(error.hint), _LONGEST_HINT)}")
    return "\n".join(part for part in parts if part)


def _plain(words: str) -> Callable[[str, str], str]:
    return lambda of, value: words


def _tool(name: str) -> Callable[[str, str], str]:
    """A tool of a run, by its name where that is known."""
    return lambda of, value: f'the tool {name} with run="{of}"' if of else f"the tool {name}"


def _ask(command: str) -> Callable[[str, str], str]:
    """What only the person does."""
    return lambda of, value: f"asking the person for `{f'{command} {of}'.strip()}` in a terminal"


WORDS: Mapping[NextStep, Callable[[str, str], str]] = {
    **IN_PYTHON,
    NextStep.SET: lambda of, value: f"the setting {of}{f' at {value}' if value else ''}",
    NextStep.CONTINUE_RUN: _plain("the tool plan with resume=true"),
    NextStep.LET_PASS: lambda of, value: f"the tool plan with force={of.split()!r}",
    NextStep.ENTER_KEY: _ask("launcher keys set"),
    NextStep.ENTER_SECRET: _ask("launcher keys set"),
    NextStep.ENTER_ADDRESSES: _ask("launcher keys set notify"),
    NextStep.LOOK_FOR_PODS: _ask("launcher reap"),
    NextStep.COMPARE_API: _ask("launcher doctor"),
    NextStep.MAKE_PLAN: _plain("the tool plan"),
    NextStep.LIST_GPUS: _plain("the tool offers"),
    NextStep.LIST_SETTINGS: _plain("the tool settings"),
    NextStep.LIST_PRESETS: _plain("the tool presets"),
    NextStep.ASSIGN: lambda of, value: f"settings={{{of!r}: {value!r}}}" if of else "settings",
    NextStep.LIST_RUNS: _plain("the tool runs"),
    NextStep.SHOW_RUN: _tool("watch"),
    NextStep.FOLLOW_RUN: _tool("watch"),
    NextStep.STOP_RUN: _tool("stop"),
    NextStep.ABORT_RUN: _ask("launcher abort"),
    NextStep.SAY_SENTENCE: _ask("launcher sample"),
    NextStep.READ_LOG: _tool("logs"),
    NextStep.LIST_RESULTS: _ask("launcher results"),
}
