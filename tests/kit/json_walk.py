"""Which commands the tests run with `--json`, in which order; and where those are run that take more than a shell.

A new command is added here: to a walk, or to ELSEWHERE.
"""

from __future__ import annotations

from tests.kit.clouds import RESULTS_REPO

COMMAND_RUN = ("--recipe", "command", "--results-repo", RESULTS_REPO)

ELSEWHERE = {
    "label": "tests/cli/commands/test_label.py",
    "rerun": "tests/cli/commands/test_rerun.py",
    "wait": "tests/cli/commands/test_wait.py",
    "cp": "tests/cli/commands/test_cp.py",
    "exec": "tests/cli/commands/test_exec.py",
    "shell": "tests/cli/commands/test_exec.py",
    "compare": "tests/cli/commands/test_compare.py",
    "demo": "tests/cli/commands/test_demo.py",
    "ui": "tests/cli/test_recorded_dataset.py",
    "serve": "tests/cli/documents/test_every_command.py",
    **{
        f"study {word}": "tests/cli/commands/test_study.py"
        for word in ("create", "add", "run", "show", "stop", "list")
    },
    "share": "tests/cli/commands/test_share.py",
    "top": "tests/cli/commands/test_top.py",
    "tensorboard": "tests/cli/commands/test_tensorboard.py",
    "mcp": "tests/cli/commands/test_mcp.py",
    "notify test": "tests/cli/commands/test_notify.py",
    "dataset record": "tests/cli/test_recorded_dataset.py",
    "dataset make": "tests/cli/commands/test_dataset.py",
    "dataset transcribe": "tests/cli/test_heard_datasets.py",
    "dataset proofread": "tests/cli/test_heard_datasets.py",
    "voices say": "tests/cli/commands/test_voices.py",
    "voices export": "tests/cli/commands/test_voices.py",
    "export voice": "tests/cli/commands/test_voices.py",
    "export task": "tests/cli/commands/test_export_task.py",
    **{
        f"queue {each}": "tests/cli/commands/test_queue.py"
        for each in ("add", "list", "run", "pause", "resume", "move", "remove")
    },
}
"""What takes a recogniser, a real training, a served form, or a queue of its own."""
A_RUN: tuple[tuple[str, ...], ...] = (
    ("plan", *COMMAND_RUN, "--json", "--", "true"),
    ("deploy", *COMMAND_RUN, "--yes", "--detach", "--json", "--", "true"),
    ("runs", "--json"),
    ("logs", "--json"),
    ("save", "--json"),
    ("sample", "Hello.", "--no-wait", "--json"),
    ("stop", "--json"),
    ("watch", "--json"),
    ("show", "--json"),
    ("attach", RESULTS_REPO, "--json"),
    ("cost", "--json"),
    ("results", "--json"),
    ("results", "--download", "--json"),
    ("presets", "save", "mine", "--from", "run-01", "--json"),
    ("presets", "show", "mine", "--json"),
    ("presets", "delete", "mine", "--json"),
    ("presets", "list", "--json"),
    ("voices", "list", "--json"),
    ("voices", "fetch", "--step", "20", "--json"),
    ("voices", "use", "run-01", "--step", "20", "--json"),
    ("voices", "bases", "--json"),
    ("deploy", *COMMAND_RUN, "--yes", "--detach", "--json", "--", "true"),
    ("abort", "run-02", "--yes", "--json"),
    ("reap", "--json"),
    ("gpus", "--json"),
    ("offers", "--recipe", "command", "--json"),
    ("keys", "set", "WANDB_API_KEY", "--json"),
    ("keys", "check", "--json"),
    ("keys", "forget", "WANDB_API_KEY", "--json"),
    ("doctor", "--json"),
    ("serve", "token", "--json"),
    ("notify", "set", "--json"),
    ("notify", "list", "--json"),
    ("init", "trainer", "--json"),
    ("init", "trainer", "quick-check", "FOLDER", "--json"),
)
A_DATASET: tuple[tuple[str, ...], ...] = (
    ("dataset", "list", "--json"),
    ("dataset", "check", "mine", "--json"),
    ("dataset", "edit", "mine", "b", "--text", "Bye.", "--json"),
    ("dataset", "show", "mine", "--json"),
    ("dataset", "undo", "mine", "--json"),
    ("dataset", "redo", "mine", "--json"),
    ("dataset", "push", "mine", "demo/one", "--json"),
    ("dataset", "drop", "mine", "a", "--yes", "--json"),
    ("dataset", "restore", "mine", "--json"),
    ("dataset", "restore", "mine", "a", "--json"),
    ("dataset", "empty-trash", "mine", "--yes", "--json"),
    ("dataset", "delete", "mine", "--yes", "--json"),
)
