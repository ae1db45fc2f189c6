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
            min=0,
            max=65_535,
            help=(
                "Port. Default: 8420, or with the form the port of last time; 0 chooses a free one."
            ),
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="Address to listen on. One that other computers can reach needs --tls-cert.",
        ),
    ] = "127.0.0.1",
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name", metavar="NAME", help="Another host name that clients use; repeatable."
        ),
    ] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow-folder",
            metavar="DIR",
            help="Clients may use files in this folder; repeatable.",
        ),
    ] = None,
    secrets: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-variable",
            metavar="NAME",
            help="Clients may give this secret to a run's command; repeatable.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Certificate as PEM; the server then uses https."),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Private key of the certificate, without a password."),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Serve other computers without encryption anyway."),
    ] = False,
    with_form: Annotated[
        bool, typer.Option("--with-form", help="Also serve the web form, on the same port.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Serve plans, runs, events, samples, logs and commands to programs, with REST and server-sent events.

    Requests carry a token (launcher serve token). Keys are read on this computer, as for every command; no
    client sends or gets one. A client can rent only what a plan showed, by its hash. Runs continue when the
    server ends.
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
        typer.Option("--new", help="Make a new token; a running server uses it after a restart."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the token of `launcher serve`, from the keyring or LAUNCHER_SERVE_TOKEN.

    Do not put it on a command line, which every program on the computer can read; docs/http.md shows how.
    """
    from launcher.cli.serving import print_token
    from launcher.cli.terminal.output import Output

    print_token(Output(as_json=as_json), is_new=new)
