"""What a run has made to hear or see, with its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from launcher.api.both import Doing, both
from launcher.api.desk import Desk
from launcher.domain.run import Run as KnownRun
from launcher.domain.run_picture import picture_of
from launcher.services.common.attempt_events import events_of_attempt
from launcher.services.following.delivered_files import download_results, list_results
from pod_image.contract.bodies import Sample as SampleBody
from pod_image.contract.paths import ResultsFolder


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
    _desk: Desk = field(repr=False, compare=False)
    _run: KnownRun = field(repr=False, compare=False)

    @property
    def doing(self) -> Doing:
        return self._desk.doing

    @both
    async def file(self) -> Path:
        """It, on this computer, checked against the repo's listing; brought here once."""
        got = await download_results(self._desk.bench, self._run, patterns=(self.path,))
        return got.files[0]

    @both
    async def read(self) -> bytes:
        """Its content, such as a WAV file."""
        got = await download_results(self._desk.bench, self._run, patterns=(self.path,))
        return got.files[0].read_bytes()


async def delivered_samples(desk: Desk, run: KnownRun) -> list[Sample]:
    """Those in the results repo, in the order they were made. Raises HubError, NotConfigured."""
    results = desk.bench.results(run.results_repo)
    there = {file.path for file in await list_results(desk.bench, run)}
    events = events_of_attempt(await results.events(run.run_id), run, 0)
    folder = ResultsFolder(run.run_id)
    return [
        _sample(desk, run, event.body)
        for event in picture_of(events).samples
        if folder.path(event.body.path) in there
    ]


def _sample(desk: Desk, run: KnownRun, body: SampleBody) -> Sample:
    media = body.media or "audio"
    return Sample(body.step, body.text, body.path, body.kind, media, body.seconds, desk, run)
