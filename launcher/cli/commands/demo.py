"""`launcher demo`: the whole way on this computer, against a stand-in cloud, Hub and registry."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from launcher.cli import offering
from launcher.cli.demo_faults import refuse_what_shows_nothing, struck_text
from launcher.cli.documents.made import DemoFaults, DemoStandIns
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.form_door import (
    BrowserOption,
    FormDoor,
    OwnNameOption,
    PortOption,
    say,
    tell_address,
)
from launcher.cli.terminal.layout import pairs
from launcher.cli.terminal.output import Output
from launcher.demo.base_voice import DemoBase, installed_base
from launcher.demo.cloud import (
    DemoCloud,
    check_extra,
    check_fault,
    demo_cloud,
    demo_folder,
    fault_list,
)
from launcher.demo.recipes import USUAL, DemoRecipe
from launcher.errors import InvalidRequest
from launcher.providers.registry import place_named
from launcher.services.common.interrupts import leaving_signals
from pod_image.contract.places import Provider
from pod_image.contract.surroundings import stay_on_loopback

app = command_app()


@app.command()
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Run one training without the web form.")
    ] = False,
    emulators: Annotated[
        bool,
        typer.Option(
            "--emulators", help="Start only the simulated services, for use from another terminal."
        ),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", hidden=True, help="Old name of --emulators.")
    ] = False,
    steps: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Train exactly this many steps (batches).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the voice and its spoken sample.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Random seed.")] = 1234,
    recipe: Annotated[
        DemoRecipe,
        typer.Option(help="piper trains a voice; command only tests every step, in seconds."),
    ] = USUAL,
    image: Annotated[
        str,
        typer.Option(help="bootstrap: run without our image and install the agent from a wheel."),
    ] = "",
    provider: Annotated[
        Provider,
        typer.Option(
            help="Where the run of --headless goes: a pod at RunPod, or a job of Hugging Face."
        ),
    ] = Provider.RUNPOD,
    base: Annotated[
        bool,
        typer.Option(
            "--base/--no-base",
            help="Start from the published voice of the extra `voice`, if it is installed, or from scratch.",
        ),
    ] = True,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=offering.faults,
            metavar="NAME",
            help="Inject a failure; 'list' shows the failures you can inject.",
        ),
    ] = None,
    port: PortOption = None,
    own_name: OwnNameOption = True,
    browser: BrowserOption = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a tiny voice on this computer, free and offline. Only the cloud is simulated.

    RunPod, Hugging Face and the image registries are simulated on this computer. Everything else is real: the
    same plan, request and pod program as on a rented GPU. A minute on a CPU shows that every step works, not
    how good a voice can be. With --headless --json every event is one line, and the last one is the result.
    """
    output = Output(as_json=as_json, quiet=quiet, streams=True)
    stay_on_loopback()
    if fault and "list" in fault:
        listed: DemoFaults = {"schema": "demo.faults", "version": 1, "faults": fault_list()}
        output.answer(listed, lambda: pairs(fault_list().items()))
        return
    if not place_named(provider).is_rented:
        raise InvalidRequest(
            f"The demo stands in for what is rented, and {provider.value} is the real thing without it.",
            hint=f"launcher deploy --provider {provider.value}",
        )
    only_emulators = emulators or serve
    if headless and only_emulators:
        raise InvalidRequest("--headless and --emulators cannot be combined.", hint="Choose one.")
    faults = tuple(fault or ())
    with demo_folder() as folder:
        for name in faults:
            check_fault(name)
        if not only_emulators:
            refuse_what_shows_nothing(faults, is_headless=headless)
        start = installed_base() if base and recipe.begins_as_a_voice else None
        if only_emulators:
            _run_emulators(faults, folder, start, output)
        elif headless:
            from launcher.cli.demo_run import DemoOrder, run_demo

            order = DemoOrder(steps, out, seed, faults, recipe, image, start, provider.value)
            run_demo(order, folder, output)
        else:
            check_extra(recipe.packages)
            _open_page(faults, folder, start, FormDoor(port, own_name, browser), output)


def _open_page(
    faults: tuple[str, ...],
    folder: Path,
    base: DemoBase | None,
    door: FormDoor,
    output: Output,
) -> None:
    from launcher.cli.demo_form import open_form

    output.talk("Starting simulated RunPod, Hugging Face and image registries on this computer…")
    struck = open_form(
        list(faults), folder, base=base, door=door, say=say, ready=tell_address(output)
    )
    if struck:
        output.talk(f"Faults: {struck_text(struck)}.")
    output.talk("The demo has ended and removed everything it made.")


def _run_emulators(
    faults: tuple[str, ...], folder: Path, base: DemoBase | None, output: Output
) -> None:
    over = threading.Event()
    for number in leaving_signals():
        signal.signal(number, lambda *_: over.set())
    with demo_cloud(folder, dict.fromkeys(faults), base=base) as cloud:
        _say_where(cloud, base, output)
        over.wait()
        struck = cloud.struck
    if struck:
        output.talk(f"Faults: {struck_text(struck)}.")
    output.talk("The simulated services have stopped.")


def _say_where(cloud: DemoCloud, base: DemoBase | None, output: Output) -> None:
    if output.as_json:
        document: DemoStandIns = {
            "schema": "demo.stand_ins",
            "version": 1,
            "env": cloud.env,
            "dataset_repo": cloud.dataset_repo,
            "results_repo": cloud.results_repo,
        }
        output.event(document)
        return
    for name, value in cloud.env.items():
        print(f"export {name}={shlex.quote(value)}")
    sys.stdout.flush()
    output.talk(
        "\nPaste these lines into another terminal; the keys work only for this demo. Then:\n  launcher plan "
        f"--preset quick-check --dataset-repo {cloud.dataset_repo} --results-repo "
        f"{cloud.results_repo}\n{_from_base(base)}Ctrl-C here ends everything."
    )


def _from_base(base: DemoBase | None) -> str:
    if base is None:
        return ""
    return f"  (from a published voice: add --quality medium --base-checkpoint {base.checkpoint})\n"
