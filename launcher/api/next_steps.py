"""The next steps as a program says them: calls and arguments of `import launcher`, else what to type in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from launcher.errors import LauncherError
from launcher.stores.secrets import KeyName
from pod_image.contract.next_steps import NextStep, Said, Step, worded


def in_python(said: Said) -> str:
    """What is said, with every step as a call or an argument."""
    return worded(said, word_step)


def word_step(step: Step) -> str:
    return WORDS[step.do](step.of, step.value)


def say_in_python(error: LauncherError) -> LauncherError:
    """The same error in words of this edge, its hint in what a traceback shows."""
    error.message, error.hint = in_python(error.message), in_python(error.hint)
    error.args = (error.message,)
    if error.hint and error.hint not in getattr(error, "__notes__", ()):
        error.add_note(error.hint)
    return error


def _plain(words: str) -> Callable[[str, str], str]:
    return lambda of, value: words


def _of_run(call: str) -> Callable[[str, str], str]:
    """A call of the run, by its name where that is known."""

    def said(of: str, value: str) -> str:
        return f'launcher.attach("{of}").{call}' if of else f"run.{call}"

    return said


def _set(of: str, value: str) -> str:
    if not value:
        return of
    return f"{of}={value if _is_number(value) else repr(value)}"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() or text in ("True", "False")


def _enter_key(of: str, value: str) -> str:
    return f'give keys={{"{of}": ...}}, or set the variable {KeyName(of).variable}'


WORDS: Mapping[NextStep, Callable[[str, str], str]] = {
    NextStep.SET: _set,
    NextStep.CONTINUE_RUN: _plain("resume=True"),
    NextStep.LET_PASS: lambda of, value: f"force={of.split()!r}",
    NextStep.ENTER_KEY: _enter_key,
    NextStep.ENTER_SECRET: lambda of, value: (
        f'give secrets={{"{of}": ...}}, or set the variable {of}'
    ),
    NextStep.ENTER_ADDRESSES: _plain(
        'give keys={"notify": ...}, or set the variable LAUNCHER_NOTIFY'
    ),
    NextStep.LOOK_FOR_PODS: _plain("launcher reap, in a terminal,"),
    NextStep.COMPARE_API: _plain("launcher doctor, in a terminal,"),
    NextStep.MAKE_PLAN: _plain("launcher.plan(...)"),
    NextStep.LIST_GPUS: _plain("launcher offers, in a terminal,"),
    NextStep.LIST_SETTINGS: _plain("launcher deploy --help, in a terminal,"),
    NextStep.LIST_PRESETS: _plain("launcher presets list, in a terminal,"),
    NextStep.SAVE_PRESET: lambda of, value: f"launcher presets save {of}, in a terminal,",
    NextStep.ASSIGN: lambda of, value: f"{of}={value}" if of else "arguments",
    NextStep.START_RUN: _plain("launcher.deploy()"),
    NextStep.LIST_FAULTS: _plain("launcher demo --fault list, in a terminal,"),
    NextStep.LIST_RUNS: _plain("launcher.runs()"),
    NextStep.SHOW_RUN: _of_run("show()"),
    NextStep.FOLLOW_RUN: _of_run("show()"),
    NextStep.STOP_RUN: _of_run("stop()"),
    NextStep.ABORT_RUN: _of_run("abort()"),
    NextStep.SAY_SENTENCE: _of_run('sample("Some words.")'),
    NextStep.READ_LOG: _of_run("logs()"),
    NextStep.LIST_RESULTS: _of_run("files()"),
    NextStep.CHOOSE_CHECKPOINT: _plain("its step"),
    NextStep.LIST_DATASETS: _plain("launcher dataset list, in a terminal,"),
    NextStep.SHOW_DATASET: lambda of, value: f"launcher dataset show {of}, in a terminal,",
    NextStep.RESTORE_CLIPS: lambda of, value: f"launcher dataset restore {of}, in a terminal,",
    NextStep.MAKE_DATASET: _plain("launcher dataset make, in a terminal,"),
    NextStep.NORMALISE_DATASET: _plain("launcher dataset make --normalise, in a terminal,"),
    NextStep.NAME_RECORDINGS: _plain("the recordings"),
    NextStep.NAME_FOLDER: _plain("the folder"),
    NextStep.CHOOSE_SAMPLE_RATE: lambda of, value: f"the sample rate {of}".strip(),
    NextStep.CHECK_DATASET: _plain("launcher dataset check, in a terminal,"),
    NextStep.REPAIR_TEXTS: _plain("launcher dataset proofread --repair, in a terminal,"),
    NextStep.SUGGEST_TEXTS: _plain("launcher dataset transcribe, in a terminal,"),
    NextStep.PROOFREAD_TEXTS: _plain("launcher dataset proofread, in a terminal,"),
    NextStep.NAME_LANGUAGE: lambda of, value: f"the language {of or 'en'}",
    NextStep.CHECK_EVERY_CLIP: _plain("launcher dataset check --deep, in a terminal,"),
    NextStep.SET_LICENCE: _plain("launcher dataset push --licence, in a terminal,"),
    NextStep.SEND_WITHOUT_BAD_LINES: _plain("leaving them out"),
    NextStep.PUSH_OVER: _plain("pushing over it"),
    NextStep.CONFIRM: _plain("confirming it"),
    NextStep.CHOOSE_PORT: _plain("the port"),
    NextStep.GIVE_CERTIFICATE: _plain("a certificate and its key"),
    NextStep.SERVE_IN_THE_OPEN: _plain("serving it without encryption"),
    NextStep.USE_PLAIN_ADDRESS: _plain("the numeric address"),
}
