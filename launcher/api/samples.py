"""What a run has made to hear or see, with its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from launcher.api.both import Doing, both
from launcher.api.desk import Desk
from launcher.domain.run import Run as KnownRun
from launcher.domain.run_picture import picture_of
from launcher.hub.results_repo import exactly
from launcher.services.following.attached import delivered_events
from launcher.services.following.delivered_files import download_results, list_results
from pod_image.contract.bodies import Sample as SampleBody
from pod_image.contract.paths import ResultsFolder

MOST_SHOWN_BYTES = 8_000_000
"""A notebook keeps what it shows in its file."""
SHOWN_TOGETHER = 6


@dataclass(frozen=True)
class Sample:
    """One of them. `text` is what it says, or what tells it from others of its step.

    `path` is below the run's folder.
    """

    step: int
    text: str
    path: str
    kind: str
    media: str
    """"audio", "image", "video" or "text"."""
    seconds: float | None
    size_bytes: int
    _desk: Desk = field(repr=False, compare=False)
    _run: KnownRun = field(repr=False, compare=False)

    @property
    def doing(self) -> Doing:
        return self._desk.doing

    @both
    async def file(self) -> Path:
        """It, on this computer, checked against the repo's listing; brought here once."""
        got = await download_results(self._desk.bench, self._run, patterns=exactly(self.path))
        return got.files[0]

    @both
    async def read(self) -> bytes:
        """Its content, such as a WAV file."""
        return (await self.file.aio()).read_bytes()

    def _repr_html_(self) -> str:
        from launcher.api.html import sample_html

        return sample_html(f"step {self.step:,}: {self.text}".rstrip(": "), self.path, self._shown)

    @property
    def _shown(self) -> bytes | None:
        """Its content for a notebook; a program with a loop of its own reads it itself."""
        if self.size_bytes > MOST_SHOWN_BYTES:
            return None
        try:
            return self.read()
        except RuntimeError:
            return None


class Samples(tuple[Sample, ...]):
    """The samples of a run, the newest last; a notebook plays and shows the newest."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return "".join(sample._repr_html_() for sample in self[-SHOWN_TOGETHER:])


async def delivered_samples(desk: Desk, run: KnownRun) -> Samples:
    """Those in the results repo, in the order they were made. Raises HubError, NotConfigured."""
    sizes = {file.path: file.size_bytes for file in await list_results(desk.bench, run)}
    events = await delivered_events(desk.bench, run)
    folder = ResultsFolder(run.run_id)
    told = (event.body for event in picture_of(events).samples)
    return Samples(
        _sample(desk, run, body, sizes[path])
        for body in told
        if (path := folder.path(body.path)) in sizes
    )


def _sample(desk: Desk, run: KnownRun, body: SampleBody, size_bytes: int) -> Sample:
    media = body.media or "audio"
    told = (body.step, body.text, body.path, body.kind, media, body.seconds)
    return Sample(*told, size_bytes, desk, run)
