"""The reference made of the description: as a page without any script, and as Markdown for the docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from launcher.errors import LauncherError
from launcher.serve.problems import OTHER_KINDS, STATUSES, kebab

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem; border-bottom: 1px solid var(--line); }
h2 { border-bottom: 2px solid var(--line); } h3 { margin-top: 2rem; } .table { overflow-x: auto; }
"""


@dataclass(frozen=True)
class Field:
    """A member of a document, a parameter of an address."""

    name: str
    kind: str
    about: str


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    about: str
    parameters: tuple[Field, ...]
    body: str
    """The name of the document that is sent; empty where none is."""
    answer: str
    """The name of the document that is answered, or its media type."""


def operations(document: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """Every operation by its subject, in the order of declaration."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, each in methods.items():
            found.setdefault(each["tags"][0], []).append(_operation(method, path, each))
    return found


def documents(document: Mapping[str, Any]) -> dict[str, tuple[str, list[Field]]]:
    """Every document with what it is and its members, by name."""
    found = {}
    for name, schema in document["components"]["schemas"].items():
        required = schema.get("required", ())
        members = [
            Field(
                member if member in required or not name.endswith("Asked") else f"{member}?",
                _kind(one),
                _about(one),
            )
            for member, one in schema.get("properties", {}).items()
        ]
        if "enum" in schema:
            members = [Field(str(value), "", "") for value in schema["enum"]]
        if members:
            found[name] = (_one_line(schema.get("description", "")), members)
    return found


def problems() -> list[Field]:
    """Every kind of problem: its status and what it means."""
    ours = [
        Field(kebab(kind.__name__), str(status), _first_line(kind)) for kind, status in STATUSES
    ]
    return [
        *ours,
        *(Field(kind, str(status), words) for kind, (status, words) in OTHER_KINDS.items()),
    ]


def markdown(document: Mapping[str, Any]) -> str:
    """The reference as the docs have it."""
    return "\n".join(_markdown(document))


def page(document: Mapping[str, Any]) -> str:
    """The reference as a page: nothing of it is loaded from anywhere."""
    body = "".join(_html(document))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Launcher: reference</title><style>{_STYLE}</style><main>{body}</main></html>"
    )


def _markdown(document: Mapping[str, Any]) -> Iterator[str]:
    for subject, members in operations(document).items():
        yield f"### {subject[:1].upper()}{subject[1:]}\n"
        for each in members:
            yield f"#### {each.method} {each.path}\n\n{each.about}\n"
            if each.parameters:
                yield from _markdown_table("Parameter", each.parameters)
            yield _sent_and_answered(each, "[{0}](#{1})") + "\n"
    yield "### Documents\n"
    yield "A name with `?` is optional in a request.\n"
    for name, (about, members_of) in documents(document).items():
        yield f"#### {name}\n\n{about}\n" if about else f"#### {name}\n"
        yield from _markdown_table("Name", members_of)
    yield "### Problems\n"
    yield from _markdown_table("Kind", problems(), "Status")


def _markdown_table(
    first: str, rows: list[Field] | tuple[Field, ...], second: str = "Type"
) -> Iterator[str]:
    yield f"| {first} | {second} | Meaning |\n| --- | --- | --- |"
    for row in rows:
        about = row.about.replace("|", "\\|")
        yield f"| `{row.name}` | {row.kind.replace(' | ', ' or ')} | {about} |"
    yield ""


def _sent_and_answered(each: Operation, link: str) -> str:
    def named(name: str) -> str:
        return link.format(name, name.lower()) if "/" not in name else f"`{name}`"

    sent = f"Sends {named(each.body)}. " if each.body else ""
    return f"{sent}Answers {named(each.answer)}."


def _html(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
    yield f"<p>{_with_code(info['description'])}</p>"
    yield '<p>For other tools: <a href="openapi.json">openapi.json</a>.</p>'
    for subject, members in operations(document).items():
        yield f"<h2>{escape(subject[:1].upper() + subject[1:])}</h2>"
        for each in members:
            yield f"<h3><code>{each.method} {escape(each.path)}</code></h3>"
            yield "".join(f"<p>{_with_code(part)}</p>" for part in each.about.split("\n\n"))
            if each.parameters:
                yield _html_table("Parameter", each.parameters)
            yield f"<p>{_sent_and_answered(each, _LINK)}</p>"
    yield "<h2>Documents</h2><p>A name with <code>?</code> is optional in a request.</p>"
    for name, (about, members_of) in documents(document).items():
        yield f'<h3 id="{escape(name.lower())}">{escape(name)}</h3><p>{_with_code(about)}</p>'
        yield _html_table("Name", members_of)
    yield "<h2>Problems</h2>"
    yield _html_table("Kind", problems(), "Status", prefix="problem-")


_LINK = '<a href="#{1}">{0}</a>'


def _html_table(
    first: str, rows: list[Field] | tuple[Field, ...], second: str = "Type", prefix: str = ""
) -> str:
    lines = [
        f"<tr{_id(prefix, row.name)}><td><code>{escape(row.name)}</code></td>"
        f"<td>{escape(row.kind)}</td><td>{_with_code(row.about)}</td></tr>"
        for row in rows
    ]
    head = f"<tr><th>{first}</th><th>{second}</th><th>Meaning</th></tr>"
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{first}">'
        f"<table><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _id(prefix: str, name: str) -> str:
    return f' id="{prefix}{escape(name)}"' if prefix else ""


def _with_code(text: str) -> str:
    """What stands in backticks as code; everything else as it is."""
    parts = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(parts))


def _operation(method: str, path: str, each: Mapping[str, Any]) -> Operation:
    body = each.get("requestBody", {}).get("content", {}).get("application/json", {})
    answer = next(iter(each["responses"].values()))
    media, content = next(iter(answer["content"].items()))
    schema = content.get("schema", {})
    return Operation(
        method=method.upper(),
        path=path,
        about=each["description"],
        parameters=tuple(
            Field(one["name"], _kind(one["schema"]), _one_line(one.get("description", "")))
            for one in each.get("parameters", ())
        ),
        body=_name(body.get("schema", {})),
        answer=_name(schema) if "$ref" in schema else media,
    )


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_kind(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" if "items" in schema else "list"
    if schema.get("format") == "date-time":
        return "time"
    return str(schema.get("type", "any"))


def _about(schema: Mapping[str, Any]) -> str:
    return _one_line(schema.get("description", ""))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _first_line(kind: type[LauncherError]) -> str:
    """As the tree of errors says it, which is the one place where each kind is described."""
    import launcher.errors

    line = next(
        (
            each
            for each in (launcher.errors.__doc__ or "").splitlines()
            if each.split()[:1] == [kind.__name__]
        ),
        "",
    )
    words = line.strip().removeprefix(kind.__name__).strip().lstrip("0123456789").strip()
    return (
        f"{words[:1].upper()}{words[1:]}."
        if words and words != "exit"
        else "Something else of ours."
    )
