"""`launcher study`: many runs that search for good settings under one budget."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli import offering
from launcher.cli.documents.studies import (
    StudyAdd,
    StudyCreate,
    StudyList,
    StudyStop,
    ToldTrial,
    show_document,
    study_facts,
)
from launcher.cli.flags import (
    ForceOption,
    JsonOption,
    NoNotifyOption,
    NotifyOption,
    QuietOption,
    YesOption,
    group_app,
)
from launcher.cli.options import Asked, asks_for_settings
from launcher.cli.terminal.command_line import command_line
from launcher.cli.terminal.layout import paragraph, usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.study_view import study_text
from launcher.config import read_config
from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.objective import Direction
from launcher.domain.studies.study import (
    EVERY_STEPS,
    MOST_AT_A_TIME,
    MOST_TRIALS,
    PrunerName,
    SamplerName,
    Study,
)
from launcher.stores.known_studies import KnownStudies
from pod_image.contract.figures import counted

app = group_app("Many runs that search for good settings, under one budget.")

StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study, such as tune, OWNER/NAME/tune or /FOLDER/tune. Default: the one used last.",
        autocompletion=offering.studies,
    ),
]


@app.callback()
def study() -> None:
    """Many runs that search for good settings, under one budget."""


@app.command()
@asks_for_settings
def create(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Name of the study; its runs are NAME-001, NAME-002."),
    ],
    asked: Asked,
    search: Annotated[
        list[str],
        typer.Option(
            metavar="SETTING=VALUES",
            help="What to try, such as learning_rate=1e-5..1e-3:log,batch_size=16|32; repeatable.",
        ),
    ],
    objective: Annotated[
        str, typer.Option(metavar="NAME", help="The loss or score to improve, as runs report it.")
    ],
    budget: Annotated[
        float,
        typer.Option(
            metavar="USD", min=0.01, help="The most that all trials together may cost, in dollars."
        ),
    ],
    sampler: Annotated[SamplerName, typer.Option(help="How values are chosen.")] = SamplerName.TPE,
    pruner: Annotated[
        PrunerName, typer.Option(help="Which trials are stopped early.")
    ] = PrunerName.MEDIAN,
    direction: Annotated[
        Direction | None,
        typer.Option(help="Default: minimize, unless the score says otherwise."),
    ] = None,
    at_most: Annotated[int, typer.Option(min=1, max=MOST_AT_A_TIME, help="Trials at a time.")] = 1,
    trials: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_TRIALS, help="End the study after this many trials."),
    ] = None,
    no_better: Annotated[
        int | None,
        typer.Option(
            min=1, help="End the study after this many trials in a row without a better one."
        ),
    ] = None,
    report_every: Annotated[
        int,
        typer.Option(metavar="STEPS", min=1, help="Compare trials every this many steps."),
    ] = EVERY_STEPS,
    sampler_seed: Annotated[
        int, typer.Option(min=0, help="Fixes the random choices of the sampler.")
    ] = 0,
    force: ForceOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Create a study in the results repo or folder. Nothing is rented until you run it.

    The settings that all trials share are options here, as for deploy. One trial is planned to
    learn its cost.
    """
    from launcher.cli.request import read_asked
    from launcher.cli.session import find_for, run, with_secrets
    from launcher.services.studies.creating import StudyWish, create_study
    from launcher.services.studies.sampling import need_optuna

    need_optuna()
    read = read_asked(asked)
    settings = read.unchecked()
    keys = with_secrets(find_for(settings), settings, is_needed=False)
    wish = StudyWish(
        name=name,
        search=search,
        objective=objective,
        budget_usd=budget,
        direction=direction.value if direction else "",
        sampler=sampler,
        pruner=pruner,
        every_steps=report_every,
        seed=sampler_seed,
        at_most=at_most,
        most_trials=trials,
        patience=no_better,
        forced=tuple(force or ()),
    )
    made = run(keys, lambda bench: create_study(bench, keys, read.preset, read.given, wish))
    document: StudyCreate = {
        "schema": "study.create",
        "version": 1,
        **study_facts(made.address, made.study),
        "worst_case_usd": made.worst_case_usd,
        "grid_points": made.grid_points,
    }
    grid = f" Its grid has {counted(made.grid_points, 'combination')}." if made.grid_points else ""
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: (
            f"{study_text(made.address, made.study, {})}\n\n"
            + paragraph(
                f"One trial may cost {usd(made.worst_case_usd)}; all of them {usd(budget)} together.{grid}"
            )
            + f"\nRun it: {command_line('study', 'run', str(made.address))}"
        ),
        quiet=str(made.address),
    )


@app.command()
def add(
    study: StudyArgument = "",
    values: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING=VALUE",
            help="A trial with these values, such as learning_rate=1e-4,batch_size=16; repeatable.",
        ),
    ] = None,
    budget: Annotated[
        float, typer.Option(metavar="USD", min=0.0, help="Dollars to add to its budget.")
    ] = 0.0,
    trials: Annotated[int, typer.Option(min=0, help="Trials to add to its number.")] = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Add a trial of your own, more budget or more trials. A stopped study can then run again."""
    from launcher.cli.session import run
    from launcher.cli.studying import keys_to_read, named_study
    from launcher.services.common.workbench import Workbench
    from launcher.services.studies.adding import add_to_study

    address = named_study(study)

    async def work(bench: Workbench) -> tuple[StudyAdd, str]:
        now = await add_to_study(
            bench, address, values=values or (), more_usd=budget, more_trials=trials
        )
        document: StudyAdd = {"schema": "study.add", "version": 1, **study_facts(address, now)}
        return document, study_text(address, now, {})

    document, text = run(keys_to_read(address), work)
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: f"{text}\n\nRun it: {command_line('study', 'run', document['study'])}",
        quiet=document["study"],
    )


@app.command("run")
def run_it(
    study: StudyArgument = "",
    yes: YesOption = False,
    notify: NotifyOption = None,
    no_notify: NoNotifyOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run trials until the budget, the number of trials or the stop rule ends the study.

    Ctrl-C leaves them running; run the study again on any computer to continue. What trials have
    cost and what live ones can still cost never exceed the budget.

    With --json each thing that happens is one line; the last is the study.
    """
    from launcher.cli.studying import run_and_tell

    output = Output(as_json=as_json, quiet=quiet, streams=True)
    run_and_tell(study, output, is_agreed=yes, notify=notify or [], is_silent=no_notify)


@app.command()
def show(
    study: StudyArgument = "",
    optuna: Annotated[
        str,
        typer.Option(
            metavar="STORAGE",
            help="Also write it into this storage of Optuna's, such as sqlite:///study.db, for optuna-dashboard.",
        ),
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show trials, costs, the best voices side by side, and which setting mattered."""
    from launcher.cli.session import find, run
    from launcher.services.common.workbench import Workbench
    from launcher.services.studies.keeping import find_study, known_studies
    from launcher.services.studies.sampling import importances_if_any, write_into

    async def work(bench: Workbench) -> tuple[StudyAddress, Study]:
        address = known_studies(bench).found(study)
        return address, (await find_study(bench, address)).study

    address, found = run(find(), work)
    output = Output(as_json=as_json, quiet=quiet)
    if optuna:
        write_into(found, optuna, str(address))
        output.talk(f"Written into that storage of Optuna, under the name {address}.")
    shares = importances_if_any(found)
    output.answer(
        show_document(address, found, shares),
        lambda: study_text(address, found, shares),
        quiet=found.best.run_id if found.best else "",
    )


@app.command()
def stop(
    study: StudyArgument = "", as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Start no further trials, on any computer; runs in progress finish and deliver."""
    from launcher.cli.session import PLACE_ALONE, run
    from launcher.cli.studying import keys_to_read, named_study
    from launcher.services.common.workbench import Workbench
    from launcher.services.studies.stopping import stop_study

    address = named_study(study)

    async def work(bench: Workbench) -> tuple[StudyStop, str]:
        stopped = await stop_study(bench, address)
        told: list[ToldTrial] = [
            {"run_id": each.trial.run_id, "trouble": in_terminal(each.trouble)}
            for each in stopped.told
        ]
        document: StudyStop = {
            "schema": "study.stop",
            "version": 1,
            **study_facts(address, stopped.study),
            "told": told,
        }
        lines = [f"{address} is stopped: no further trial starts."]
        lines += [
            f"  {one['run_id']}: {one['trouble'] or 'it finishes and delivers.'}" for one in told
        ]
        return document, "\n".join(lines)

    document, text = run(keys_to_read(address, *PLACE_ALONE), work)
    Output(as_json=as_json, quiet=quiet).answer(document, lambda: text, quiet=document["study"])


@app.command("list")
def list_studies(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Studies that this computer has made or run."""
    known = [str(each) for each in KnownStudies(read_config().data_folder).addresses()]
    document: StudyList = {"schema": "study.list", "version": 1, "studies": known}
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: "\n".join(known) or "This computer has made or run no study yet.",
        quiet="\n".join(known),
    )
