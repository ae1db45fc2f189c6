"""`launcher mcp`: plans, runs within a budget and what runs say, for an agent's program that starts this one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, command_app
from launcher.errors import NotConfigured
from pod_image.contract.interpreter import module_command

app = command_app()


@app.command()
def mcp(
    allow_spend: Annotated[
        float | None,
        typer.Option(
            "--allow-spend",
            metavar="USD_PER_DAY",
            min=0.0,
            max=100_000.0,
            help="The most that all agents together may spend per day. Without it nothing is rented.",
        ),
    ] = None,
    allow_folder: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-folder",
            metavar="FOLDER",
            help="Let agents send files from this folder. Repeatable.",
        ),
    ] = None,
    allow_variable: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-variable",
            metavar="NAME",
            help="Let agents pass the secret with this name to their command. Repeatable.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve an agent over standard input and output (Model Context Protocol).

    Keys come from the environment and the keyring, as for every command; no tool sees them. An agent may make
    any plan. It can deploy only a plan that was shown, named by its hash, and only within --allow-spend. With
    --json the command only prints the entry for the agent's configuration.
    """
    if as_json:
        _print_entry(allow_spend, allow_folder or (), allow_variable or ())
        return
    from launcher.api.desk import Desk
    from launcher.cli.session import find, run
    from launcher.services.common.workbench import Workbench

    if find_spec("mcp") is None:
        raise NotConfigured(
            "Serving agents needs the package mcp, which is not installed.",
            hint='Install it: pip install "pod-launcher[mcp]"',
        )
    from launcher.serve.mcp.allowed import AllowedToAgents
    from launcher.serve.mcp.ground import grounded
    from launcher.serve.mcp.server import serve_stdio

    keys = find()
    if sys.stdin.isatty():
        typer.echo(
            "This command speaks the Model Context Protocol. Let your agent's program start it.",
            err=True,
        )

    async def serve(bench: Workbench) -> None:
        allowed = AllowedToAgents.by(bench.config, allow_folder or (), allow_variable or ())
        async with grounded(Desk.at(bench, keys), allowed, allow_spend) as ground:
            await serve_stdio(ground)

    run(keys, serve)


def _print_entry(spend: float | None, folders: Sequence[Path], names: Sequence[str]) -> None:
    from launcher.cli.documents.agents import mcp_document
    from launcher.cli.terminal.output import Output

    words = ["--allow-spend", f"{spend:g}"] if spend is not None else []
    words += [word for folder in folders for word in ("--allow-folder", str(folder.absolute()))]
    words += [word for name in names for word in ("--allow-variable", name)]
    program, *rest = module_command("launcher", "mcp", *words)
    Output(as_json=True).answer(mcp_document(program, rest), str)
