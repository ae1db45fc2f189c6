"""Making the page of a run and putting it where the person wants it: a file here, or a Space on the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from launcher.services.sharing.choice import Choice
from launcher.services.sharing.shared_page import MADE_BY, shared_page
from launcher.services.sharing.shared_run import SharedRun, gather
from pod_image.contract.figures import counted, size
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.whole_file import write_whole

_MARK_WITHIN_BYTES = 4_000


@dataclass(frozen=True)
class Made:
    """A page, and what is in it."""

    run: Run
    content: bytes
    samples: int
    samples_made: int
    trouble: str

    @property
    def name(self) -> str:
        return f"{self.run.run_id}.html"

    @property
    def holds(self) -> str:
        """Such as "3.2 MB, 4 samples of 12"."""
        samples = f"{counted(self.samples, 'sample')} of {self.samples_made:,}"
        return f"{size(len(self.content))}, {samples}"


async def make_page(bench: Workbench, run: Run, choice: Choice) -> Made:
    """Raises nothing for a results repo that cannot be read: the page has what is known here, `trouble` says why."""
    shared: SharedRun = await gather(bench, run, choice)
    content = shared_page(shared, choice).encode()
    return Made(run, content, len(shared.samples), shared.samples_made, shared.trouble)


def is_ours(content: bytes) -> bool:
    """Whether a page was made here, so that a newer one may take its place."""
    return f'content="{MADE_BY}"'.encode() in content[:_MARK_WITHIN_BYTES]


def write_page(made: Made, path: Path, *, replaces: bool) -> Path:
    """The page as a file for its owner alone. Raises InvalidRequest where a file that is no page of ours lies there."""
    target = path / made.name if path.is_dir() else path
    if target.exists() and not replaces and not is_ours(_beginning(target)):
        raise InvalidRequest(
            f"{target} already exists and is not a shared run.",
            hint=Sentence("Choose another file, or replace it with ", NextStep.CONFIRM, "."),
        )
    try:
        write_whole(target, made.content, is_private=True)
    except OSError as exc:
        raise InvalidRequest(f"{target} cannot be written: {exc.strerror}.") from exc
    return target


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MARK_WITHIN_BYTES)
    except OSError:
        return b""
