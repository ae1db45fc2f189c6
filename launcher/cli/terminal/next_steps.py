"""The next steps as this edge says them: commands and options."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from launcher.forms.option_names import option_of
from pod_image.contract.next_steps import NextStep, Said, Step, worded


def in_terminal(said: Said) -> str:
    """What is said, with every step as a command or an option."""
    return worded(said, word_step)


def word_step(step: Step) -> str:
    return WORDS[step.do](step.of, step.value)


def _plain(words: str) -> Callable[[str, str], str]:
    return lambda of, value: words


def _about(words: str) -> Callable[[str, str], str]:
    """With what it is about behind it, where that is known."""
    return lambda of, value: f"{words} {as_typed(of)}".strip()


def as_typed(name: str) -> str:
    """A name as a shell takes it for one word; nothing for none."""
    return shlex.quote(name) if name else ""


def _set(of: str, value: str) -> str:
    return f"{option_of(of)} {value}".strip()


def _enter_key(of: str, value: str) -> str:
    from launcher.stores.secrets import KeyName  # loads pydantic, which most commands do without

    return f"launcher keys set {of}, or set the variable {KeyName(of).variable}"


WORDS: Mapping[NextStep, Callable[[str, str], str]] = {
    NextStep.SET: _set,
    NextStep.CONTINUE_RUN: _plain("--resume"),
    NextStep.LET_PASS: lambda of, value: " ".join(f"--force {code}" for code in of.split()),
    NextStep.ENTER_KEY: _enter_key,
    NextStep.ENTER_SECRET: lambda of, value: f"launcher keys set {of}, or set the variable {of}",
    NextStep.ENTER_ADDRESSES: _plain(
        "launcher keys set notify, or set the variable LAUNCHER_NOTIFY"
    ),
    NextStep.LOOK_FOR_PODS: _plain("launcher reap"),
    NextStep.COMPARE_API: _plain("launcher doctor"),
    NextStep.MAKE_PLAN: _plain("launcher plan"),
    NextStep.LIST_GPUS: _plain("launcher offers"),
    NextStep.LIST_SETTINGS: _plain("`launcher deploy --help`"),
    NextStep.LIST_PRESETS: _plain("`launcher presets list`"),
    NextStep.SAVE_PRESET: _about("launcher presets save"),
    NextStep.ASSIGN: lambda of, value: f"--set {as_typed(f'{of}={value}')}" if of else "--set",
    NextStep.START_RUN: _plain("`launcher deploy`"),
    NextStep.LIST_FAULTS: _plain("`launcher demo --fault list`"),
    NextStep.LIST_RUNS: _plain("launcher runs"),
    NextStep.SHOW_RUN: _about("launcher show"),
    NextStep.FOLLOW_RUN: _about("launcher watch"),
    NextStep.STOP_RUN: _about("launcher stop"),
    NextStep.ABORT_RUN: _about("launcher abort"),
    NextStep.SAY_SENTENCE: lambda of, value: (
        f'launcher sample "Some words." --run {as_typed(of) or "run-01"}'
    ),
    NextStep.READ_LOG: _about("launcher logs"),
    NextStep.LIST_RESULTS: _about("launcher results"),
    NextStep.CHOOSE_CHECKPOINT: _plain("--step"),
    NextStep.LIST_DATASETS: _plain("`launcher dataset list`"),
    NextStep.SHOW_DATASET: lambda of, value: f"`launcher dataset show {as_typed(of)}`",
    NextStep.RESTORE_CLIPS: lambda of, value: f"`launcher dataset restore {as_typed(of)}`",
    NextStep.MAKE_DATASET: lambda of, value: (
        f"`launcher dataset make{f' --out {as_typed(of)} FILE' if of else ''}`"
    ),
    NextStep.NORMALISE_DATASET: _plain("`launcher dataset make --normalise`"),
    NextStep.NAME_RECORDINGS: _plain("--from FILES_OR_FOLDERS"),
    NextStep.NAME_FOLDER: _plain("--out"),
    NextStep.CHOOSE_SAMPLE_RATE: _about("--sample-rate"),
    NextStep.CHECK_DATASET: _plain("`launcher dataset check`"),
    NextStep.REPAIR_TEXTS: _plain("`launcher dataset proofread --repair`"),
    NextStep.SUGGEST_TEXTS: _plain("`launcher dataset transcribe`"),
    NextStep.PROOFREAD_TEXTS: _plain("`launcher dataset proofread`"),
    NextStep.NAME_LANGUAGE: lambda of, value: f"--language {of or 'en'}",
    NextStep.CHECK_EVERY_CLIP: _plain("`launcher dataset check --deep`"),
    NextStep.SET_LICENCE: _plain("`launcher dataset push --licence`"),
    NextStep.SEND_WITHOUT_BAD_LINES: _plain("--force"),
    NextStep.PUSH_OVER: _plain("add --yes"),
    NextStep.CONFIRM: _plain("--yes"),
    NextStep.CHOOSE_PORT: _plain("--port"),
    NextStep.GIVE_CERTIFICATE: _plain("--tls-cert and --tls-key"),
    NextStep.SERVE_IN_THE_OPEN: _plain("--insecure"),
    NextStep.USE_PLAIN_ADDRESS: _plain("--no-own-name"),
}
