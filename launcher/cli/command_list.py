"""Every command with its one line of help and its module; standard library only, since root help is made of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A command. `module` holds a `typer.Typer` named `app`."""

    name: str
    summary: str
    section: str
    module: str


_TRY, _RUN, _WATCH, _KEEP, _MONEY = (
    "Try it, free and offline",
    "Start a run",
    "While it runs",
    "Afterwards",
    "Keys, money, order",
)

_HIDDEN = ""
"""What a command is called no longer, and still answers to."""


def _entry(name: str, section: str, summary: str) -> Entry:
    return Entry(name, summary, section, f"launcher.cli.commands.{name.replace('-', '_')}")


COMMANDS: tuple[Entry, ...] = (
    _entry("demo", _TRY, "A complete run on this computer: simulated cloud, real voice."),
    _entry("ui", _RUN, "The web form: keys, datasets, training, listening."),
    _entry("serve", _RUN, "The same for programs: a REST API with events."),
    _entry("plan", _RUN, "What a run would do and cost; nothing is rented."),
    _entry("deploy", _RUN, "Show the plan, ask, rent a GPU, and follow the run."),
    _entry("queue", _RUN, "Runs that wait for a GPU, a price or their turn."),
    _entry("rerun", _RUN, "A new run with the settings of an earlier one."),
    _entry("mcp", _RUN, "The same for agents, over the Model Context Protocol."),
    _entry("presets", _RUN, "Named settings to start from: list, show, save, delete."),
    _entry("init", _RUN, "The files of a run in a folder, ready to edit."),
    _entry("offers", _RUN, "GPUs to rent now, from every provider: time and cost of this job."),
    _entry("gpus", _HIDDEN, "GPUs that can be rented now, with memory and price."),
    _entry("dataset", _RUN, "Check a dataset, make one from recordings, push it."),
    _entry("voices", _RUN, "Voices to start from, and your own: list, fetch, use, say, export."),
    _entry("study", _RUN, "Many runs that search for good settings, under one budget."),
    _entry("runs", _WATCH, "All runs that this computer knows."),
    _entry("top", _WATCH, "All live runs, at every provider: speed, GPU use, cost."),
    _entry("attach", _WATCH, "Add a run that another computer started, by its results repo."),
    _entry("label", _WATCH, "Name a run, tag it, keep notes on it."),
    _entry("show", _WATCH, "One run: state, cost, how it ended."),
    _entry("compare", _WATCH, "Compare runs: scores, cost, settings that differ."),
    _entry("watch", _WATCH, "Follow a run live; leaving does not stop it."),
    _entry("wait", _WATCH, "For scripts: return when a run has ended."),
    _entry("notify", _WATCH, "Notifications about your runs: list, set, test."),
    _entry("tensorboard", _WATCH, "TensorBoard for a run, updated while it runs."),
    _entry("logs", _WATCH, "What the pod printed."),
    _entry("sample", _WATCH, "Let the voice speak a sentence now."),
    _entry("save", _WATCH, "Write and upload a checkpoint now."),
    _entry("exec", _WATCH, "Run a command in the pod, next to the run: 20 seconds, no keys."),
    _entry("shell", _WATCH, "The same line by line, until Ctrl-D."),
    _entry("cp", _WATCH, "Copy a file or folder from the pod to this computer."),
    _entry("stop", _WATCH, "Finish a run now and deliver its results."),
    _entry("abort", _WATCH, "Cancel a run at once; what is not uploaded is lost."),
    _entry("results", _KEEP, "List or download the results of a run."),
    _entry("share", _KEEP, "Save a run's page as one file, to send or publish as a Space."),
    _entry("export", _KEEP, "Make a voice from a checkpoint, on this computer."),
    _entry("cost", _KEEP, "What runs have cost: planned, metered, billed."),
    _entry("keys", _MONEY, "Store, check or remove keys (RunPod, Hugging Face)."),
    _entry("reap", _MONEY, "Find forgotten pods and release them."),
    _entry("doctor", _MONEY, "Check keys, clock, versions and extras."),
)


def root_help() -> str:
    """What `launcher` and `launcher --help` print; fits 80 columns."""
    lines = [
        "launcher: rent a GPU for one training run, watch it, keep the result.",
        "The pod ends itself, so it cannot keep costing money.",
        "",
        "Usage: launcher COMMAND [OPTIONS]",
    ]
    for section in dict.fromkeys(entry.section for entry in COMMANDS if entry.section):
        lines += ["", section]
        lines += [
            f"  {entry.name:<9} {entry.summary}" for entry in COMMANDS if entry.section == section
        ]
    lines += [
        "",
        "  launcher COMMAND --help         the options of a command",
        "  launcher --version              the version",
        "  launcher --install-completion   completion for this shell",
        "",
        "New here? `launcher demo --headless` trains a tiny voice in a few minutes,",
        "without an account and free of charge.",
    ]
    return "\n".join(lines)
