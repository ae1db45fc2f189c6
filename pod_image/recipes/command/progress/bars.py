"""One drawn progress bar as tqdm draws it, read back. The form is from tqdm 4.70, `std.py` of its package."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pod_image.recipes.command.progress.reading import number

LONGEST_BAR = 600
_NUMBER = r"\d+(?:\.\d+)?[kMGTPEZY]?"
_CLOCK = r"\d+:\d\d(?::\d\d)?"
_TAIL = r"(?:,\s*(?P<rate>[^,\]]*))?(?:,\s*(?P<postfix>.*))?\]"
_WITH_TOTAL = re.compile(
    rf"(?:(?P<description>.*?):?\s)?\s*\d{{1,3}}%\|[^|]*\|\s*(?P<done>{_NUMBER})/(?P<total>{_NUMBER})"
    rf"\s*\[{_CLOCK}<[^,\]]*{_TAIL}"
)
_WITHOUT_TOTAL = re.compile(
    rf"(?:(?P<description>.*?):\s)?\s*(?P<done>{_NUMBER})[^\d\s\[]*\s?[^\d\[]*\[{_CLOCK}{_TAIL}"
)
_ENDS = re.compile(rf"\[{_CLOCK}(?:<[^,\]]*)?(?:,[^\]]*)?\](?=.)")
_SCALAR = re.compile(
    r"(?P<name>[A-Za-z_][\w ./-]*?)\s*[=:]\s*"
    r"(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?=[,\s]|$)"
)
_SUFFIXES = {letter: 1000.0 ** (at + 1) for at, letter in enumerate("kMGTPEZY")}


@dataclass(frozen=True)
class Bar:
    """`total` is None where the bar has none, also once it went past it. `rate` is text, such as "8.61MB/s"."""

    description: str
    done: float
    total: float | None
    rate: str = ""
    scalars: dict[str, float] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Totals may be decimal; the count never reaches them then."""
        return self.total is not None and self.done + 1 > self.total


def bar_in(text: str) -> Bar | None:
    """The bar that a piece of output is; None for anything else."""
    if not text.endswith("]") or len(text) > LONGEST_BAR:
        return None
    found = _WITH_TOTAL.fullmatch(text) or _WITHOUT_TOTAL.fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    total = parts.get("total")
    return Bar(
        description=(parts["description"] or "").strip(" :"),
        done=_count(parts["done"]),
        total=_count(total) if total else None,
        rate=(parts["rate"] or "").strip(),
        scalars=_scalars(parts["postfix"] or ""),
    )


def apart(text: str) -> tuple[str, str]:
    """A bar, and what a script printed right behind it on the same line; two of nothing where it is not that."""
    end = _ENDS.search(text, 0, LONGEST_BAR)
    if end is None or bar_in(text[: end.end()]) is None:
        return "", ""
    return text[: end.end()], text[end.end() :]


def _count(text: str) -> float:
    if text[-1] in _SUFFIXES:
        return float(text[:-1]) * _SUFFIXES[text[-1]]
    return float(text)


def _scalars(postfix: str) -> dict[str, float]:
    """`loss=0.028, lr=1e-4` or `lr: 1.0e-04 loss: 3.2e-02`; what is no number is left out."""
    found = ((each["name"].strip(), number(each["value"])) for each in _SCALAR.finditer(postfix))
    return {name: value for name, value in found if value is not None}
