"""The picture of a long journal kept beside it, so that its events are folded once and not at every opening."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture, after
from launcher.domain.written_picture import as_json, from_json, shape
from launcher.services.live.journal import Journal
from pod_image.contract.whole_file import write_whole

EVENTS_BETWEEN = 10_000
"""After so many more a run's picture is kept anew: they take about half a second to read."""
MOST_BYTES = 64_000_000
"""A picture is some megabytes at most; what is larger is none of ours."""


@dataclass(frozen=True)
class _Folded:
    """What the first `bytes_read` bytes of a journal make of a run."""

    picture: RunPicture
    bytes_read: int = 0


_NOTHING = _Folded(RunPicture())


class FoldedPictures:
    """`read` may be called on a thread. What is kept is the newest word on nothing: without it all is read again."""

    def __init__(self, journal: Journal, folder: Path, between: int = EVENTS_BETWEEN) -> None:
        self._journal, self._folder, self._between = journal, folder, between
        self._new: Counter[str] = Counter()

    def is_due_after_one_more(self, run: Run) -> bool:
        """One event more was written: whether there are enough by now to fold them."""
        self._new[run.nonce] += 1
        if self._new[run.nonce] < self._between:
            return False
        self._new[run.nonce] = 0
        return True

    def read(self, run: Run) -> RunPicture:
        """The picture that the journal makes, from where it was folded last; kept where that was much."""
        identity = self._journal.identity(run)
        kept, new = self._kept(run, identity), 0
        picture, bytes_read = kept.picture, kept.bytes_read
        for event, end in self._journal.read_from(run, kept.bytes_read):
            picture, bytes_read, new = after(picture, event), end, new + 1
        if new >= self._between and self._journal.identity(run) == identity:
            self._keep(run, identity, _Folded(picture, bytes_read))
        return picture

    def remove(self, run: Run) -> None:
        self._path(run).unlink(missing_ok=True)

    def _keep(self, run: Run, identity: int, folded: _Folded) -> None:
        """A disk that is full costs the next opening its time, and nothing else."""
        document = {
            "shape": shape(),
            "journal": identity,
            "bytes_read": folded.bytes_read,
            "picture": as_json(folded.picture),
        }
        try:
            text = json.dumps(document, separators=(",", ":"))
            write_whole(self._path(run), text, is_private=True, is_shared=True)
        except OSError:
            return

    def _kept(self, run: Run, identity: int) -> _Folded:
        """Nothing where there is none, it is of another release or another journal, or cannot be read."""
        path = self._path(run)
        try:
            if path.stat().st_size > MOST_BYTES:
                return _NOTHING
            document = json.loads(path.read_text(encoding="utf-8"))
            if (document["shape"], document["journal"]) != (shape(), identity):
                return _NOTHING
            return _Folded(from_json(document["picture"]), int(document["bytes_read"]))
        except (OSError, ValueError, KeyError, TypeError):
            return _NOTHING

    def _path(self, run: Run) -> Path:
        return self._folder / f"{run.nonce}.picture.json"
