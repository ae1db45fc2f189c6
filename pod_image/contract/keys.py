"""Whether the words of a command hold a key: by the known shapes of keys, and by what stands before a value.

A command stands in the pod's definition, in the history, in run.json and on the model card. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

HIDDEN = "***"

_SHAPES = (
    # A token is either long or mixes digits or cases: `hf_transfer_test` is a file's name.
    ("a Hugging Face token", r"hf_(?:[A-Za-z0-9]{30,}|(?=[a-zA-Z]*\d|[a-z]*[A-Z]+[a-z])[A-Za-z0-9]{12,})"),
    ("a RunPod key", r"rp[as]_(?:[A-Za-z0-9]{24,}|(?=[A-Za-z]*\d)[A-Za-z0-9]{12,})"),
    ("a key that starts with sk-", r"sk-(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{16,}"),
    ("an AWS key", r"A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Z])"),
    ("a GitHub token", r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("a GitLab token", r"glpat-[A-Za-z0-9_-]{16,}"),
    ("a Slack token", r"xox[abprs]-[A-Za-z0-9-]{10,}"),
    ("a Google key", r"AIza[0-9A-Za-z_-]{35}"),
    ("a signed token", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"),
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"),
)  # fmt: skip
_BEARER = re.compile(
    r"(?i:\bauthorization\s*[:=]\s*(?:bearer|basic|token)\s+|\bbearer\s+(?=\S{16}|\S*\d))(?P<value>[A-Za-z0-9._~+/=-]{6,})"
)
_ADDRESS = re.compile(r"\b(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,20})://(?P<value>[^\s/@'\"?#]+)@")
_NAMED = re.compile(
    r"(?<![A-Za-z0-9_.-])-{0,2}(?P<name>(?:[A-Za-z0-9]+[_-])*(?i:api_?keys?|keys?|tokens?|passwords?|passwd|passphrase|"
    r"secrets?|credentials?))[\"']?(?P<sign>\s*=\s*|:\s+|:(?=[\"']))(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|,\"')}\]]+)"
)
_FLAG = re.compile(r"-{1,2}(?P<name>[A-Za-z0-9_-]+)")
_NAME_OF_A_KEY = re.compile(
    r"(?i)(?:^|[_-])(?:api_?key|key|token|password|passwd|passphrase|secret|credential)s?$"
)
_SAYS_SO = re.compile(
    r"(?i)(?:password|passwd|passphrase|secret|credential)s?$"
    r"|(?:api|access|auth|hub|hf|secret|private|account|session|bot|wandb|openai|github|aws)[_-]?(?:key|token)s?$"
)
"""Names that mean a secret and nothing else; a `pad_token` or a `sort_key` is none."""
_IS_SHOUTED = re.compile(r"[A-Z0-9_]+")
_POINTS_ELSEWHERE = re.compile(r"[$<%{~./\\]|\*+$|(?i:none|null|true|false|os\.|env)")
"""A variable, a place to fill in, a path, or nothing: what a careful person writes instead of the key."""
_CODE_OR_PATH = re.compile(r"[(\[]|/.*[/.]|\.[a-z]{1,12}$")
_LONG_NAME = 16


@dataclass(frozen=True)
class FoundKey:
    """Where the text holds what looks like a key, and of which kind; never the key itself."""

    kind: str
    start: int
    end: int


def key_in(words: Sequence[str]) -> tuple[int, str] | None:
    """Number of the first word, from one, that looks like it holds a key, and the kind; None when none does."""
    for number, word in enumerate(words, 1):
        found = next(_found(word), None)
        if found is not None:
            return number, found.kind
        if number > 1 and _is_value_of_flag(words[number - 2], word):
            return number, f"the value of {words[number - 2]}"
    return None


def without_keys(words: Sequence[str]) -> tuple[str, ...]:
    """The same words with each key in them hidden, for what is published."""
    shown = []
    for index, word in enumerate(words):
        is_value = index > 0 and _is_value_of_flag(words[index - 1], word)
        shown.append(HIDDEN if is_value else hide_keys(word))
    return tuple(shown)


def hide_keys(text: str) -> str:
    """The text with each key in it hidden."""
    for found in sorted(_found(text), key=lambda one: one.start, reverse=True):
        text = text[: found.start] + HIDDEN + text[found.end :]
    return text


NAME_HINTS = ("key", "token", "passw", "passphrase", "secret", "credential")
HINTED_NAME = re.compile(
    r"(?:keys?|tokens?|passwords?|passwd|passphrase|secrets?|credentials?)[\"']?\s{0,9}[:=]"
)
"""What stands from such a word on, in small letters, where it is the name of a value."""
HINTS = ("authorization", "bearer", "://")
SHAPE_HINTS = (
    "hf_", "rpa_", "rps_", "sk-", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
    "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "aiza", "eyj", "-----begin ",
)  # fmt: skip
"""A text that has none of these in small letters holds nothing that is found here: they are looked for quickly."""


def shaped_key(text: str) -> FoundKey | None:
    """The first key that is known by its shape alone: for what is no text."""
    return next(_by_shape(text), None)


def key_in_line(line: str, *, is_code: bool = False) -> FoundKey | None:
    """The first key in a line of a file. In code what is not between quotes is a name, and no value."""
    for found in _found(line):
        is_named = found.kind.startswith(_BY_NAME)
        if not (is_code and is_named and not _is_literal(line, found)):
            return found
    return None


_BY_NAME = "the value of "


def _is_literal(line: str, found: FoundKey) -> bool:
    value = line[found.start : found.end]
    inner = value.strip("\"'")
    if inner == value:
        return False
    name = found.kind.removeprefix(_BY_NAME)
    is_placeholder = re.sub(r"\W|_", "", inner.lower()) in re.sub(r"\W|_", "", name.lower())
    mixes = any(letter.isdigit() for letter in inner) and any(letter.isalpha() for letter in inner)
    is_password = re.search(r"(?i)passw|passphrase", name) is not None
    return not is_placeholder and (mixes or is_password)


def _found(text: str) -> Iterator[FoundKey]:
    """Without overlap, so that hiding one leaves the others' places right."""
    taken: list[FoundKey] = []
    for look in _LOOKS:
        for found in look(text):
            if not any(found.start < other.end and other.start < found.end for other in taken):
                taken.append(found)
                yield found


def _by_shape(text: str) -> Iterator[FoundKey]:
    for kind, shape in _COMPILED:
        for match in shape.finditer(text):
            yield FoundKey(kind, *match.span())


def _in_header(text: str) -> Iterator[FoundKey]:
    for match in _BEARER.finditer(text):
        yield FoundKey("the token of a request", *match.span("value"))


def _in_address(text: str) -> Iterator[FoundKey]:
    for match in _ADDRESS.finditer(text):
        user, colon, password = match["value"].partition(":")
        is_web = match["scheme"].lower() in ("http", "https", "ftp", "ftps")
        secret = password if colon else user if is_web else ""
        if secret and not _POINTS_ELSEWHERE.match(secret):
            yield FoundKey("a name or password in an address", *match.span("value"))


def _by_name(text: str) -> Iterator[FoundKey]:
    for match in _NAMED.finditer(text):
        value = match["value"].strip("\"'")
        if _is_secret(match["name"], value):
            yield FoundKey(f"the value of {match['name']}", *match.span("value"))


def _is_value_of_flag(flag: str, word: str) -> bool:
    match = _FLAG.fullmatch(flag)
    if match is None or word.startswith("-") or not _NAME_OF_A_KEY.search(match["name"]):
        return False
    return _is_secret(match["name"], word)


def _is_secret(name: str, value: str) -> bool:
    if not value or _POINTS_ELSEWHERE.match(value) or _CODE_OR_PATH.search(value):
        return False
    if value.isdecimal() and not name.lower().endswith(("password", "passwd", "passphrase")):
        return False
    if _SAYS_SO.search(name) or _IS_SHOUTED.fullmatch(name):
        return len(value) >= 4
    mixes = any(letter.isdigit() for letter in value) and any(letter.isalpha() for letter in value)
    return len(value) >= _LONG_NAME and mixes and " " not in value


_COMPILED = tuple((kind, re.compile(rf"(?<![A-Za-z0-9]){shape}")) for kind, shape in _SHAPES)
_LOOKS: tuple[Callable[[str], Iterator[FoundKey]], ...] = (
    _by_shape,
    _in_header,
    _in_address,
    _by_name,
)
