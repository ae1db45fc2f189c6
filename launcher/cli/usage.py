"""How a command's arguments are written, in its help, in errors and in the reference: RUN, [RUN], -- COMMAND..."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand


class CommandApp(typer.Typer):
    """A Typer whose commands write arguments as other tools do: typer alone has {RUN}, [[RUN]], {-- COMMAND...}..."""

    def command(self, name: str | None = None, **options: Any) -> Any:
        return super().command(name, **{"cls": _Command, **options})


class _Command(TyperCommand):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for param in self.params:
            if param.param_type_name == "argument":
                param.metavar = param.metavar or str(param.name).upper()

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return [self.options_metavar or "", *map(argument_words, arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and param.param_type_name == "argument":
                record = (argument_words(param), record[1].removesuffix("[required]").rstrip())
            if record is not None:
                sections[param.param_type_name].append(record)
        for title, records in zip(("Arguments", "Options"), sections.values(), strict=True):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def argument_words(param: Any) -> str:
    """Such as RUN, [RUN], CLIP..., [-- COMMAND...]: in brackets what may be left out, with dots what may be several."""
    words = str(param.metavar)
    if param.nargs != 1 and not words.endswith("..."):
        words += "..."
    return words if param.required else f"[{words}]"
