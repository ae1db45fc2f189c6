"""What a person typed, as values of settings; and what is wrong with it, in their words."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from launcher.errors import InvalidRequest
from launcher.forms.fields import FormField, Kind, form_field
from pod_image.contract.next_steps import NextStep, Said, Sentence, joined, setting
from pod_image.contract.older_settings import RETIRED, todays_name
from pod_image.contract.settings import SETTINGS, RunSettings

_SECRET_SHAPED = re.compile(r"(hf|rpa|rps|sk)_\w{6,}|\w{32,}")


def check_names(names: Iterable[str], source: str | NextStep) -> None:
    """Raises InvalidRequest for a name that is no setting, with the nearest ones as a hint."""
    for name in names:
        if name not in SETTINGS:
            raise InvalidRequest(
                Sentence(f"There is no setting {name!r} (", source, ")."), hint=_meant(name)
            )


def _meant(name: str) -> Said:
    if name in RETIRED:
        return f"An earlier release had it: {RETIRED[name]}."
    now = todays_name(name)
    return nearest(name, SETTINGS) if now == name else f"It is now called {now}."


def nearest(name: str, known: Iterable[str]) -> Said:
    """A hint that names what may have been meant, or where all names are listed."""
    close = difflib.get_close_matches(name.replace("-", "_"), list(known), n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return Sentence(NextStep.LIST_SETTINGS, " lists every setting.")


def parse_assignment(text: str) -> tuple[str, Any]:
    """`key=value` as a name and a value; the value is read as TOML where it can be, else as plain text.

    Raises InvalidRequest for a name that is no setting, or no `=`.
    """
    name, separator, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not separator:
        raise InvalidRequest(
            f"{shown(text)} is not of the form key=value.",
            hint=Sentence("For example: ", NextStep.ASSIGN.of("batch_size", 16)),
        )
    check_names([name], NextStep.ASSIGN)
    return name, _read_value(form_field(SETTINGS[name]), value.strip())


def _read_value(field: FormField, text: str) -> Any:
    if field.kind is Kind.TEXT or field.kind is Kind.CHOICE:
        return text.strip("\"'")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if field.kind is Kind.LIST and not isinstance(value, list):
        return entries(field, str(value))
    return value


def entries(field: FormField, text: str) -> list[str]:
    """A list as it was typed in one piece. A new line separates what commas do, too."""
    parts = text.replace(field.separator, "\n").split("\n")
    return [part.strip() for part in parts if part.strip()]


def in_one_piece(field: FormField, values: Iterable[Any]) -> str:
    """A list as it is typed in one piece."""
    separator = field.separator if field.separator == "\n" else f"{field.separator} "
    return separator.join(str(value) for value in values)


def to_settings(values: Mapping[str, Any]) -> RunSettings:
    """The settings with these values, the rest at their defaults.

    Raises InvalidRequest that names the setting, the range and the unit of everything that cannot be taken.
    """
    try:
        return RunSettings.model_validate(dict(values))
    except ValidationError as exc:
        sentences, hints = _explained(exc)
    raise InvalidRequest(joined(sentences), hint=joined(hints))


def _explained(error: ValidationError) -> tuple[list[Said], list[Said]]:
    sentences: list[Said] = []
    hints: list[Said] = []
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0])
        field = form_field(SETTINGS[name])
        item = f" (item {int(fault['loc'][1]) + 1})" if len(fault["loc"]) > 1 else ""
        sentences.append(Sentence(setting(name), f"{item} {_problem(field, fault)}"))
        hint = _hint(field, str(fault["type"]))
        if hint and hint not in hints:
            hints.append(hint)
    return sentences, hints


def _problem(field: FormField, fault: Mapping[str, Any]) -> str:
    kind, context = str(fault["type"]), fault.get("ctx", {})
    given = shown(fault["input"])
    unit = f" {field.unit}" if field.unit else ""
    if kind in ("greater_than_equal", "less_than_equal", "greater_than"):
        return f"must be {field.limits}{unit}; {given} was given."
    if kind in ("enum", "literal_error"):
        return f"must be one of {', '.join(field.choices)}; {given} was given."
    if kind.startswith(("int_", "float_")):
        a_number = "a whole number" if field.kind is Kind.INTEGER else "a number"
        limits = f", {field.limits}" if field.limits else ""
        return f"must be {a_number}{limits}{unit}; {given} was given."
    if kind == "string_pattern_mismatch":
        return f"cannot be {given}."
    if kind == "string_too_long":
        return (
            f"can have at most {context['max_length']} characters; this has {len(fault['input'])}."
        )
    if kind in ("string_too_short", "too_short"):
        return "cannot be empty."
    if kind == "too_long":
        return f"can have at most {context['max_length']} values; {context['actual_length']} were given."
    if kind.startswith("string_"):
        return f"must be text; {given} was given."
    if kind.startswith("tuple_"):
        return f"must be a list; {given} was given."
    return f"{str(fault['msg'])[:1].lower()}{str(fault['msg'])[1:]}."


def _hint(field: FormField, kind: str) -> str:
    if kind != "string_pattern_mismatch":
        return ""
    return field.written or f"{field.label}: {field.help}"


def shown(value: Any, limit: int = 60) -> str:
    """The value in quotes for a message; cut, and blotted out when it looks like a key typed in the wrong place."""
    text = str(value)
    if _SECRET_SHAPED.search(text) and "/" not in text and " " not in text:
        return "(something that looks like a key)"
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return repr(text) if isinstance(value, str) else text
