"""A dataset here to a dataset repo on the Hub: a few shards, the table and a card, in one commit."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from launcher.errors import InvalidRequest
from launcher.workshop.audio_headers import Heard, read_headers
from launcher.workshop.card import BEGIN, CardFacts, render_card
from launcher.workshop.licence import CARD
from launcher.workshop.shards import SHARD_BYTES, SHARD_PREFIX, ShardedClip, write_shards
from launcher.workshop.table import CLIPS_FOLDER, TABLE, Line, read_record, render_lines
from pod_image.contract.figures import recorded
from pod_image.contract.findings import Severity
from pod_image.contract.next_steps import NextStep, Sentence, joined
from pod_image.dataset import FolderSource, Survey, survey
from pod_image.hub import Hub, Repo, list_files, publish, read_bytes, resolve_commit

LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
FEWEST_FILES_FOR_SHARDS = 100
"""Below that, loose files are kinder to people who look into the repo."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PushRequest:
    """What to push where. `licence` is an identifier of the Hub (cc0-1.0, cc-by-4.0, other); None leaves the card's.

    `force` pushes in spite of lines that cannot be used; they are left out.
    """

    folder: Path
    repo_id: str
    licence: str | None = None
    language: str = ""
    private: bool = True
    force: bool = False
    shard_bytes: int = field(default=SHARD_BYTES)


@dataclass(frozen=True)
class Pushed:
    """What is in the repo now. `made_commit` is False when all of it was there before."""

    repo_id: str
    url: str
    commit: str
    made_commit: bool
    clips: int
    minutes: float
    files: int
    size_bytes: int


async def push_dataset(
    hub: Hub, request: PushRequest, *, progress: Progress = lambda what, done, of: None
) -> Pushed:
    """Push a dataset folder; the repo is made, private unless asked otherwise, when it is absent.

    An existing repo keeps its visibility. InvalidRequest for a dataset with errors; HubError of pod_image.hub when
    the Hub refuses.
    """
    return await asyncio.to_thread(_push, hub, request, progress)


def _push(hub: Hub, request: PushRequest, progress: Progress) -> Pushed:
    if request.licence is not None and not LICENCE.fullmatch(request.licence):
        raise InvalidRequest(
            f"{request.licence!r} is no licence identifier.",
            hint="Such as cc0-1.0, cc-by-4.0 or other.",
        )
    found = survey(FolderSource(request.folder, follows_links=True))
    _refuse_errors(found, request)
    heard, _ = read_headers(
        found.source, found.utterances, partial(progress, "headers"), most_remote=None
    )
    repo = Repo(request.repo_id, "dataset")
    hub.ask(
        f"creating {repo}",
        lambda api: api.create_repo(
            repo.id, repo_type="dataset", private=request.private, exist_ok=True
        ),
    )
    with tempfile.TemporaryDirectory(prefix="launcher-push-") as scratch:
        files = _files(found, request, Path(scratch))
        facts = _facts(found, heard, request, any(name.startswith(SHARD_PREFIX) for name in files))
        progress("sending", 0, len(files))
        receipt = publish(
            hub,
            repo,
            files,
            f"{facts.clips:,} clips, {recorded(facts.minutes)}",
            deletes=_outdated(hub, repo, set(files)),
            card=lambda present: render_card(present, facts),
        )
        progress("sending", len(files), len(files))
    sizes = [each.size_bytes for each in receipt.files.values()]
    return Pushed(
        repo_id=repo.id,
        url=repo.page(hub.endpoint),
        commit=receipt.commit,
        made_commit=receipt.made_commit,
        clips=facts.clips,
        minutes=facts.minutes,
        files=len(receipt.files),
        size_bytes=sum(sizes),
    )


def _refuse_errors(found: Survey, request: PushRequest) -> None:
    grave = [each for each in found.findings if each.severity is Severity.ERROR]
    if not found.utterances:
        first = grave[0] if grave else None
        raise InvalidRequest(
            f"There is nothing to push{f': {first.message}' if first else '.'}",
            hint=first.hint if first else "",
        )
    if grave and not request.force:
        place = f" ({grave[0].place})" if grave[0].place else ""
        raise InvalidRequest(
            f"The dataset has {len(grave):,} errors: {grave[0].message}{place}",
            hint=joined(
                [
                    grave[0].hint,
                    Sentence(
                        NextStep.CHECK_DATASET,
                        " lists them all; ",
                        NextStep.SEND_WITHOUT_BAD_LINES,
                        " leaves those lines out.",
                    ),
                ]
            ),
        )


def _files(found: Survey, request: PushRequest, scratch: Path) -> dict[str, Path | bytes]:
    """Every file of the commit but the card. What is in shards here already is packed anew, the same way."""
    clips = [_clip(found, request.folder, str(each.path), scratch) for each in found.utterances]
    files: dict[str, Path | bytes] = {TABLE: _table(found)}
    if len(clips) < FEWEST_FILES_FOR_SHARDS:
        return files | {clip.name: clip.path for clip in clips}
    shards = write_shards(clips, scratch, request.shard_bytes)
    return files | {shard.name: shard for shard in shards}


def _clip(found: Survey, folder: Path, path: str, scratch: Path) -> ShardedClip:
    there = folder / path
    if not there.is_file():
        there = scratch / "unpacked" / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(found.source.read(path))
    return ShardedClip(there, path)


def _table(found: Survey) -> bytes:
    """The usable lines, each with the path its file has in the repo."""
    lines = [Line(str(each.path), each.text, each.speaker) for each in found.utterances]
    return render_lines(lines).encode()


def _facts(found: Survey, heard: list[Heard], request: PushRequest, has_shards: bool) -> CardFacts:
    record = read_record(request.folder)
    rates = Counter(each.header.rate_hz for each in heard if each.header)
    return CardFacts(
        title=request.repo_id.rsplit("/", 1)[-1],
        language=request.language or (record.language if record else "en_US"),
        licence=request.licence,
        clips=len(found.utterances),
        minutes=round(sum(each.seconds or 0.0 for each in heard) / 60, 1),
        speakers=tuple(dict.fromkeys(each.speaker for each in found.utterances if each.speaker)),
        sample_rate_hz=rates.most_common(1)[0][0] if rates else 22_050,
        shards=has_shards,
    )


def _outdated(hub: Hub, repo: Repo, wanted: set[str]) -> list[str]:
    """Clips and shards of an earlier push of ours that are no part of this one; other people's files stay."""
    commit = resolve_commit(hub, repo)
    card = read_bytes(hub, repo, CARD, commit)
    if card is None or BEGIN.encode() not in card:
        return []
    paths = [row.path for row in list_files(hub, repo, commit)]
    ours = [path for path in paths if path.startswith((SHARD_PREFIX, f"{CLIPS_FOLDER}/"))]
    return [path for path in ours if path not in wanted]
