"""The next steps as the pages say them: what to click, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pod_image.contract.next_steps import Link, NextStep, Said, Step

_BEGINS_A_SENTENCE = re.compile(r"(^|[.!?]\s|\n)\s*$")


def on_page(said: Said) -> str:
    """What is said, with every step as this form calls it, and with quotation marks in place of backticks."""
    return "".join(on_page_with_links(said))


def on_page_with_links(said: Said) -> list[str | Link]:
    """The same in pieces, where the links in it can be drawn as such."""
    text = ""
    pieces: list[str | Link] = []
    for part in (said,) if isinstance(said, str) else said.parts:
        if isinstance(part, Link):
            pieces += [_quoted(text), part]
            text = ""
        elif isinstance(part, Step):
            words = word_step(part)
            text += words[:1].upper() + words[1:] if _BEGINS_A_SENTENCE.search(text) else words
        else:
            text += part
    return [piece for piece in (*pieces, _quoted(text)) if piece]


def _quoted(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"“\1”", text)


def word_step(step: Step) -> str:
    return WORDS[step.do](step.of, step.value)


def _plain(words: str) -> Callable[[str, str], str]:
    return lambda of, value: words


def _set(of: str, value: str) -> str:
    from pod_image.contract.settings import SETTINGS  # late: most of what is said names none

    label = f"“{SETTINGS[of].knob.label}”"
    return f"{label}: {value}" if value else label


_PAGE_OF_RUN = _plain("the page of the run")

WORDS: Mapping[NextStep, Callable[[str, str], str]] = {
    NextStep.SET: _set,
    NextStep.CONTINUE_RUN: _plain("“Continue an earlier run”"),
    NextStep.LET_PASS: _plain("“Ignore” next to it"),
    NextStep.ENTER_KEY: _plain("enter it on the Keys page"),
    NextStep.ENTER_SECRET: lambda of, value: f"enter {of} under “Secrets of the command”",
    NextStep.ENTER_ADDRESSES: _plain("enter it under “Notifications” on the Keys page"),
    NextStep.LOOK_FOR_PODS: _plain("“Look for forgotten GPUs” on the Keys page"),
    NextStep.COMPARE_API: _plain("launcher doctor, in a terminal,"),
    NextStep.MAKE_PLAN: _plain("“Check everything” on the Train page"),
    NextStep.LIST_GPUS: _plain("the table under Where"),
    NextStep.LIST_SETTINGS: _plain("the Train page"),
    NextStep.LIST_PRESETS: _plain("the choice of presets on the Train page"),
    NextStep.SAVE_PRESET: lambda of, value: f"“Save as my preset”, for example {of}",
    NextStep.ASSIGN: _plain("the field of the setting"),
    NextStep.START_RUN: _plain("the Train page"),
    NextStep.LIST_FAULTS: _plain("launcher demo, in a terminal,"),
    NextStep.LIST_RUNS: _plain("the Runs page"),
    NextStep.SHOW_RUN: _PAGE_OF_RUN,
    NextStep.FOLLOW_RUN: _PAGE_OF_RUN,
    NextStep.STOP_RUN: _plain("“Finish now” there"),
    NextStep.ABORT_RUN: _plain("“Cancel run” on the page of the run"),
    NextStep.SAY_SENTENCE: _plain("“Sample now” on the page of the run"),
    NextStep.READ_LOG: _plain("Log, on the page of the run,"),
    NextStep.LIST_RESULTS: _plain("Files, on the page of the run,"),
    NextStep.CHOOSE_CHECKPOINT: _plain("its step"),
    NextStep.LIST_DATASETS: _plain("the Datasets page"),
    NextStep.SHOW_DATASET: _plain("the page of the dataset"),
    NextStep.RESTORE_CLIPS: _plain("“Clips left out” on the page of the dataset"),
    NextStep.MAKE_DATASET: _plain("“Add recordings” under Datasets"),
    NextStep.NORMALISE_DATASET: _plain("“Add recordings” under Datasets"),
    NextStep.NAME_RECORDINGS: _plain("“Add recordings”"),
    NextStep.NAME_FOLDER: _plain("its name"),
    NextStep.CHOOSE_SAMPLE_RATE: lambda of, value: f"“Sample rate”: {of}",
    NextStep.CHECK_DATASET: _plain("“Check” under Datasets"),
    NextStep.REPAIR_TEXTS: _plain("“Move the transcripts”, on the page of the dataset,"),
    NextStep.SUGGEST_TEXTS: _plain("“Suggest transcripts”, on the page of the dataset"),
    NextStep.PROOFREAD_TEXTS: _plain("“Compare with the recordings”, on the page of the dataset,"),
    NextStep.NAME_LANGUAGE: lambda of, value: f"“Spoken language”: {of or 'en'}",
    NextStep.CHECK_EVERY_CLIP: _plain("“Check” under Datasets"),
    NextStep.SET_LICENCE: _plain("“Licence” under Datasets"),
    NextStep.SEND_WITHOUT_BAD_LINES: _plain("“Leave them out” there"),
    NextStep.PUSH_OVER: _plain("“Replace it”"),
    NextStep.CONFIRM: _plain("“Delete it”"),
    NextStep.CHOOSE_PORT: _plain("the port"),
    NextStep.GIVE_CERTIFICATE: _plain("a certificate and its key"),
    NextStep.SERVE_IN_THE_OPEN: _plain("serving it without encryption"),
    NextStep.USE_PLAIN_ADDRESS: _plain("the numeric address"),
}
