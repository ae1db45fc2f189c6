"""The next steps as this interface says them: parts of a request, and what only the serving computer can do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from pod_image.contract.next_steps import NextStep, Said, Step, worded

_THERE = "on the computer that serves this"


def in_http(said: Said) -> str:
    """What is said, with every step as a part of a request."""
    return worded(said, word_step)


def word_step(step: Step) -> str:
    return WORDS[step.do](step.of, step.value)


def _plain(words: str) -> Callable[[str, str], str]:
    return lambda of, value: words


def _set(of: str, value: str) -> str:
    return f'"{of}": {_as_json(value)}' if value else f'"{of}"'


def _as_json(value: str) -> str:
    try:
        json.loads(value)
    except ValueError:
        return json.dumps(value)
    return value


def _of_run(path: str) -> Callable[[str, str], str]:
    return lambda of, value: path.format(run=of or "{run}")


_DATASETS = _plain(f"the datasets page of the web form, {_THERE}")

WORDS: Mapping[NextStep, Callable[[str, str], str]] = {
    NextStep.SET: _set,
    NextStep.CONTINUE_RUN: _plain('"resume": true'),
    NextStep.LET_PASS: lambda of, value: f'"let_pass": {json.dumps(of.split())}',
    NextStep.ENTER_KEY: lambda of, value: f"store the key {of} {_THERE}, and start it again",
    NextStep.ENTER_SECRET: lambda of, value: f"store the secret {of} {_THERE}, and allow it there",
    NextStep.ENTER_ADDRESSES: _plain(f"store the addresses {_THERE}"),
    NextStep.LOOK_FOR_PODS: _plain(f"a look for forgotten pods, {_THERE}"),
    NextStep.COMPARE_API: _plain(f"a comparison with the provider's interface, {_THERE},"),
    NextStep.LIST_GPUS: _plain("POST /api/v1/plans with fewer limits"),
    NextStep.LIST_SETTINGS: _plain("GET /api/v1/settings"),
    NextStep.LIST_PRESETS: _plain("GET /api/v1/presets"),
    NextStep.SAVE_PRESET: lambda of, value: f"a preset {of}, saved {_THERE}",
    NextStep.ASSIGN: _set,
    NextStep.START_RUN: _plain("POST /api/v1/runs"),
    NextStep.LIST_FAULTS: _plain("the list of the demo's faults"),
    NextStep.LIST_RUNS: _plain("GET /api/v1/runs"),
    NextStep.SHOW_RUN: _of_run("GET /api/v1/runs/{run}"),
    NextStep.FOLLOW_RUN: _of_run("GET /api/v1/runs/{run}/events/stream"),
    NextStep.READ_LOG: _of_run("GET /api/v1/runs/{run}/log"),
    NextStep.STOP_RUN: _of_run('POST /api/v1/runs/{run}/commands with "command": "stop"'),
    NextStep.ABORT_RUN: _of_run('POST /api/v1/runs/{run}/commands with "command": "abort"'),
    NextStep.SAY_SENTENCE: _plain('"command": "sample" with a "text"'),
    NextStep.LIST_RESULTS: _of_run("GET /api/v1/runs/{run}/files"),
    NextStep.CHOOSE_CHECKPOINT: _plain("the step of a checkpoint"),
    NextStep.LIST_DATASETS: _DATASETS,
    NextStep.SHOW_DATASET: _DATASETS,
    NextStep.RESTORE_CLIPS: _DATASETS,
    NextStep.MAKE_DATASET: _DATASETS,
    NextStep.NORMALISE_DATASET: _DATASETS,
    NextStep.NAME_RECORDINGS: _DATASETS,
    NextStep.NAME_FOLDER: _plain("the name of the dataset"),
    NextStep.CHOOSE_SAMPLE_RATE: lambda of, value: f'"sample_rate_hz": {of or 22050}',
    NextStep.CHECK_DATASET: _plain("POST /api/v1/datasets/check"),
    NextStep.REPAIR_TEXTS: _DATASETS,
    NextStep.SUGGEST_TEXTS: _DATASETS,
    NextStep.PROOFREAD_TEXTS: _DATASETS,
    NextStep.NAME_LANGUAGE: lambda of, value: f'"language": "{of or "en_US"}"',
    NextStep.CHECK_EVERY_CLIP: _plain('POST /api/v1/datasets/check with "deep": true'),
    NextStep.SET_LICENCE: _DATASETS,
    NextStep.SEND_WITHOUT_BAD_LINES: _DATASETS,
    NextStep.PUSH_OVER: _DATASETS,
    NextStep.CONFIRM: _plain("confirming it"),
    NextStep.CHOOSE_PORT: _plain("the port"),
    NextStep.GIVE_CERTIFICATE: _plain("a certificate and its key"),
    NextStep.SERVE_IN_THE_OPEN: _plain("serving it without encryption"),
    NextStep.MAKE_PLAN: _plain("POST /api/v1/plans"),
    NextStep.USE_PLAIN_ADDRESS: _plain("the numeric address"),
}
