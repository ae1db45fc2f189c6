"""Every page and state that is looked at, by axe and as pictures: a name, an address, what to do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.browser.moments import (
    ask_for_help,
    ask_for_keys,
    ask_no_more,
    come_back,
    drop_what_was_typed,
    offer_keys,
    remember_a_key,
    stop_remembering,
)
from tests.browser.page_acts import (
    add_to_study,
    all_ways_of_using_it,
    ask_remove,
    bad_value,
    broken_preset,
    browse,
    builder_language,
    cancelled,
    check,
    check_empty,
    choose_language,
    choose_results,
    choose_voice,
    choose_without_token,
    clips,
    clips_keys,
    clips_pasted,
    clips_replaced,
    confirm,
    every_key_state,
    everything_wrong,
    make_clips,
    name_a_run,
    new_study,
    no_microphone,
    opened,
    queue_add,
    read_ours,
    refused_key,
    rented,
    sort_runs,
    spoken_and_compared,
    suggested,
    train_a_command,
    values,
    what_mattered,
    wrong_key,
)
from tests.browser.stage import TRAIN_PATH

Step = Callable[[Any], None]


@dataclass(frozen=True)
class PageState:
    """`within` names another that shows the same parts and more: it is looked at as a picture, not by axe."""

    name: str
    path: str
    act: Step = lambda page: None
    within: str = ""
    after: Step = lambda page: None
    """What undoes that for the states that follow."""


PAGE_STATES = (
    PageState("home-first", "/"),
    PageState("keys", "/keys", within="keys-all"),
    PageState("keys-wrong", "/keys", wrong_key, within="keys-all"),
    PageState("keys-refused", "/keys", refused_key, within="keys-all"),
    PageState("keys-how", "/keys", opened, within="keys-all"),
    PageState("keys-all", "/keys", every_key_state),
    PageState("datasets-empty", "/datasets"),
    PageState("record-choice", "/record/bert"),
    PageState("record-off", "/record/cora", read_ours, within="record-none"),
    PageState("record-none", "/record/cora", no_microphone),
    PageState("clips-absent", "/datasets/nobody/clips"),
    PageState("datasets-restored", "/datasets", come_back, after=drop_what_was_typed),
    PageState("builder-language", "/datasets/emil", builder_language, within="choose-folder"),
    PageState("keys-offered", "/help", offer_keys),
    PageState("train-no-key", "/train?preset=finetune-medium"),
    PageState("train-help", "/train?preset=finetune-medium", ask_for_help),
    PageState("choose-no-token", "/train?preset=finetune-medium", choose_without_token),
    PageState("choose-folder", "/datasets/emil", browse),
    PageState("runs-empty", "/runs"),
    PageState("compare-empty", "/compare"),
    PageState("voice-empty", "/voice"),
    PageState("help", "/help"),
    PageState("help-settings", "/help?topic=settings"),
    PageState("run-unknown", "/runs/nothing000"),
)
"""Before anything was entered or run."""

WITH_KEYS = (
    PageState("keys-held", "/keys", within="keys-remembered"),
    PageState("keys-remembered", "/keys", remember_a_key, after=stop_remembering),
    PageState("keys-asked", "/keys", ask_for_keys, after=ask_no_more),
    PageState("train", "/train?preset=finetune-medium&dataset=demo/clips", within="train-wrong"),
    PageState(
        "train-open",
        "/train?preset=finetune-medium&dataset=demo/clips",
        opened,
        within="train-wrong",
    ),
    PageState("train-command", "/train?preset=finetune-medium", train_a_command),
    PageState("train-error", "/train?preset=finetune-medium", bad_value, within="train-wrong"),
    PageState("train-missing", "/train?preset=finetune-medium", check_empty, within="train-wrong"),
    PageState("train-wrong", "/train?preset=finetune-medium&dataset=demo/clips", everything_wrong),
    PageState("train-checked", "/train?preset=quick-check&dataset=demo/clips", check),
    PageState("train-confirm", "/train?preset=quick-check&dataset=demo/clips", confirm),
    PageState("dataset-made", "/datasets/anna", make_clips),
    PageState("datasets", "/datasets"),
    PageState("clips", "/datasets/anna/clips", clips),
    PageState("clips-replaced", "/datasets/anna/clips", clips_replaced),
    PageState("clips-pasted", "/datasets/anna/clips", clips_pasted),
    PageState("clips-keys", "/datasets/anna/clips", clips_keys),
    PageState("choose-voice", "/train?preset=finetune-medium", choose_voice),
    PageState(
        "choose-results", "/train?preset=finetune-medium", choose_results, within="choose-voice"
    ),
    PageState(
        "choose-language", "/train?preset=finetune-medium", choose_language, within="choose-voice"
    ),
    PageState("run-followed", TRAIN_PATH, rented, within="run-live", after=cancelled),
)

WITH_RUNS = (
    PageState("home-running", "/"),
    PageState("runs", "/runs"),
    PageState("runs-sort_runs", "/runs?number=2", sort_runs, within="runs"),
    PageState("runs-none", "/runs?search=nowhere&kind=bad"),
    PageState("runs-label", "/runs?tag=keeper", name_a_run),
    PageState("queue", "/queue", within="queue-add"),
    PageState("queue-add", "/queue", queue_add),
    PageState("train-own-presets", "/train?preset=softer", broken_preset),
    PageState("studies", "/studies", within="runs"),
    PageState("studies-new", "/studies", new_study),
    PageState("study-add", "/studies/demo/voice/tune", add_to_study),
    PageState("study", "/studies/demo/voice/tune", what_mattered),
    PageState("compare", "/compare?a=finished00&b=stopped000"),
    PageState("run-live", "/runs/running000"),
    PageState("run-command", "/runs/pictures00"),
    PageState("run-samples", "/runs/running000?tab=samples"),
    PageState("run-misheard", "/runs/finished00?tab=samples"),
    PageState("run-log", "/runs/running000?tab=log"),
    PageState("run-files", "/runs/running000?tab=files"),
    PageState("run-settings", "/runs/running000?tab=settings"),
    PageState("run-remove", "/runs/running000?ask=remove", ask_remove),
    PageState("run-finished", "/runs/finished00", all_ways_of_using_it),
    PageState("run-finished-heard", "/runs/finished00", spoken_and_compared, within="run-finished"),
    PageState("run-early", "/runs/capped0000"),
    PageState("run-nothing", "/runs/aborted000"),
    PageState("run-failed", "/runs/failed0000"),
    PageState("run-alarm", "/runs/overdue000"),
    PageState("run-waiting", "/runs/starting00"),
    PageState("voice-runs", "/voice"),
    PageState("run-values", "/runs/running000", values),
    PageState("dataset-heard", "/datasets/dora", suggested),
)
"""With a history that `write_history` has made; no keys, so the running ones show their last known figures."""
