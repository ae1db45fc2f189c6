"""`launcher serve`: the same services for programs, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, command_app

app = command_app(invoke_without_command=True)


@app.callback()
def serve(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="8420, or with the form that of last time; 0 takes a free one."
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST", help="Where to listen; what other computers reach needs --tls-cert."
        ),
    ] = "127.0.0.1",
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="A further name that clients use; repeatable."),
    ] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-folder",
            metavar="DIR",
            help="Clients may name files of this computer below it; repeatable.",
        ),
    ] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-variable",
            metavar="NAME",
            help="Clients may hand this secret of yours to a run's command; repeatable.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Certificate, as PEM: it is served as https."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key, without a password.")
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Serve other computers without encryption all the same."),
    ] = False,
    with_form: Annotated[
        bool, typer.Option("--with-form", help="The web form too, at the same port.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Serve plans, runs, events, samples, logs and commands to programs: REST and server-sent events.

    Requests carry a token (launcher serve token). Keys are found as by every command, on this computer; no
    client gives or gets one. A client rents only what a plan showed, by its hash. Runs go on when it ends.
    """
    if context.invoked_subcommand is not None:
        return
    from launcher.cli.serving import serve_interface
    from launcher.cli.terminal.output import Output
    from launcher.serve.listening import Listening, port_asked_for

    serve_interface(
        Listening(
            host=host,
            port=port_asked_for(port, with_form=with_form),
            names=tuple(names or ()),
            certificate=tls_cert,
            private_key=tls_key,
            is_insecure=insecure,
        ),
        folders or [],
        secrets or [],
        Output(as_json=as_json, streams=True),
        with_form=with_form,
    )


@app.command("token")
def token(
    new: Annotated[
        bool,
        typer.Option(
            "--new", help="Make a new one; a server that runs takes it at its next start."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the token that `launcher serve` takes from the keyring or from LAUNCHER_SERVE_TOKEN.

    Keep it off command lines, which every program on the computer can read: docs/http.md shows how.
    """
    from launcher.cli.serving import print_token
    from launcher.cli.terminal.output import Output

    print_token(Output(as_json=as_json), is_new=new)
