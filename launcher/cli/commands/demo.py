"""`launcher demo`: the whole way on this computer, against a stand-in cloud and a stand-in Hub."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.commands.ui import BrowserOption, PortOption, say
from launcher.cli.demo_cloud import DemoCloud, check_fault, demo_cloud, fault_list, free_of_proxies
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.layout import pairs
from launcher.cli.output import Output
from launcher.errors import InvalidRequest
from pod_image.contract.settings import RecipeName

app = command_app()


@app.command()
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="One training run, without the web form.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Only the stand-ins; use them from another terminal.")
    ] = False,
    steps: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Train exactly so many steps (batches).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the voice and what it says.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Start of every draw.")] = 1234,
    recipe: Annotated[
        RecipeName,
        typer.Option(help="piper trains a voice; command only walks the way, in seconds."),
    ] = RecipeName.PIPER,
    image: Annotated[
        str,
        typer.Option(help="bootstrap: as without an image of ours; the agent comes as a wheel."),
    ] = "",
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A misfortune to see; 'list' names them."),
    ] = None,
    port: PortOption = 0,
    browser: BrowserOption = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a tiny voice on this computer, free and offline; nothing is mocked but the cloud.

    A stand-in for RunPod and one for Hugging Face run on this machine; the rest is the real thing: the same
    plan, order and pod program as on a rented GPU. A minute on a CPU proves the way, not the voice.
    """
    output = Output(as_json=as_json, quiet=quiet)
    free_of_proxies()
    if fault and "list" in fault:
        output.answer(fault_list(), lambda: pairs(fault_list().items()))
        return
    for name in fault or ():
        check_fault(name)
    if headless and serve:
        raise InvalidRequest("--headless and --serve are two different things.", hint="Give one.")
    if serve:
        _serve(fault or [], output)
    elif headless:
        from launcher.cli.demo_run import DemoOrder, run_demo

        run_demo(DemoOrder(steps, out, seed, tuple(fault or ()), recipe, image), output)
    else:
        _open_page(fault or [], port, browser, output)


def _open_page(faults: list[str], port: int, browser: bool, output: Output) -> None:
    from launcher.cli.demo_form import open_form

    output.talk("Starting the stand-ins for RunPod and Hugging Face on this computer…")
    open_form(faults, port=port, open_browser=browser, say=say)
    output.talk("Everything of the demo is closed and removed.")


def _serve(faults: list[str], output: Output) -> None:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with (
        tempfile.TemporaryDirectory(prefix="launcher-demo-") as folder,
        demo_cloud(Path(folder), dict.fromkeys(faults)) as cloud,
    ):
        _say_where(cloud, output)
        over.wait()
    output.talk("Both stand-ins are closed.")


def _say_where(cloud: DemoCloud, output: Output) -> None:
    if output.as_json:
        document = {
            "env": cloud.env,
            "dataset_repo": cloud.dataset_repo,
            "results_repo": cloud.results_repo,
        }
        print(json.dumps(document), flush=True)
        return
    for name, value in cloud.env.items():
        print(f"export {name}={shlex.quote(value)}")
    sys.stdout.flush()
    output.talk(
        "\nPaste these lines into another terminal; the keys open nothing but this demo. Then:\n"
        f"  launcher plan --preset quick-check --dataset-repo {cloud.dataset_repo} "
        f"--results-repo {cloud.results_repo}\n"
        "Ctrl-C here ends it all."
    )
