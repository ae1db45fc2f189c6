"""A dataset here to a dataset repo on the Hub: a few shards, the table and a card, in one commit."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from launcher.config import is_private
from launcher.errors import InvalidRequest
from launcher.workshop.audio_headers import Heard, read_headers
from launcher.workshop.before_push import NOT_DATA, PushLook, look_before_push
from launcher.workshop.card import CardFacts, render_card
from launcher.workshop.changing import changing
from launcher.workshop.editing.own_folder import OWN_FOLDER, own_folder
from launcher.workshop.names import repo_name
from launcher.workshop.shards import (
    SHARD_BYTES,
    SHARD_PREFIX,
    ShardedClip,
    shard_names,
    write_shards,
)
from launcher.workshop.table import TABLE, Line, read_record, render_lines
from launcher.workshop.unfit_to_push import notes_on_unfit
from pod_image.contract.figures import counted, recorded
from pod_image.contract.findings import Severity
from pod_image.contract.next_steps import NextStep, Sentence, joined
from pod_image.contract.whole_file import write_whole
from pod_image.dataset import FolderSource, Survey, survey
from pod_image.hub import Hub, Repo, RepoMissing, list_files, publish, resolve_commit, whoami

LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
FEWEST_FILES_FOR_SHARDS = 100
"""Below that, loose files are kinder to people who look into the repo."""

PUSHES = "pushes.json"
MOST_BESIDE = 100
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PushRequest:
    """What to push where. `licence` is an identifier of the Hub (cc0-1.0, cc-by-4.0, other); None leaves the card's.

    `force` pushes in spite of lines that cannot be used; they are left out. `agreed` is what the person was told of
    a repo that holds other data, and agreed to.
    """

    folder: Path
    repo_id: str
    licence: str | None = None
    language: str = ""
    private: bool = True
    force: bool = False
    tables: tuple[str, ...] = ()
    """Which tables of the folder count; none leaves it to the reader."""
    shard_bytes: int = field(default=SHARD_BYTES)
    agreed: PushLook | None = None


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

    An existing repo keeps its visibility. InvalidRequest for a dataset with errors, and for a repo that holds other
    data unless `request.agreed` says just that; HubError of pod_image.hub when the Hub refuses, or somebody else
    changed the repo meanwhile: nothing is pushed then.
    """
    return await asyncio.to_thread(_push, hub, request, progress)


async def look_before_pushing(hub: Hub, request: PushRequest) -> PushLook:
    """What the push would do to what the repo holds. Raises as `push_dataset` does."""
    return await asyncio.to_thread(_look_with_notes, hub, request)


def default_repo(hub: Hub, folder: Path) -> str:
    """The repo named after the dataset, of the token's own account. Blocking; raises HubError."""
    account = whoami(hub)
    spaces = account.writable_namespaces
    owner = account.name if account.name in spaces or not spaces else spaces[0]
    return f"{owner}/{repo_name(folder.resolve().name)}"


def free_repo_beside(hub: Hub, repo_id: str) -> str:
    """A repo that is not there yet and is named after this one, such as me/voice-2. Blocking; raises HubError."""
    stem = re.sub(r"-[0-9]{1,3}$", "", repo_id)
    for number in range(2, MOST_BESIDE):
        try:
            resolve_commit(hub, Repo(f"{stem}-{number}", "dataset"))
        except RepoMissing:
            return f"{stem}-{number}"
    raise InvalidRequest(f"There are too many repos like {stem}-2.", hint="Write another name.")


def last_repo(folder: Path) -> str:
    """Where the dataset was pushed to last; empty if nowhere."""
    return next(reversed(read_pushes(folder)), "")


def _surveyed(request: PushRequest) -> Survey:
    if request.licence is not None and not LICENCE.fullmatch(request.licence):
        raise InvalidRequest(
            f"{request.licence!r} is not a licence identifier.",
            hint="Such as cc0-1.0, cc-by-4.0 or other.",
        )
    found = survey(FolderSource(request.folder, follows_links=True), request.tables)
    _refuse_errors(found, request)
    return found


def _look(hub: Hub, request: PushRequest, found: Survey) -> PushLook:
    sizes = {str(each.path): each.size for each in found.utterances}
    loose = len(sizes) < FEWEST_FILES_FOR_SHARDS
    clips = set(sizes) if loose else shard_names(sizes, request.shard_bytes)
    last = read_pushes(request.folder).get(request.repo_id, "")
    return look_before_push(hub, request.repo_id, found, _table(found), {TABLE, *clips}, last)


def _look_with_notes(hub: Hub, request: PushRequest) -> PushLook:
    found = _surveyed(request)
    heard, findings = read_headers(
        found.source, found.utterances, lambda done, of: None, most_remote=None
    )
    notes = notes_on_unfit(found.utterances, heard, findings)
    return replace(_look(hub, request, found), notes=notes)


def _agreed(look: PushLook, request: PushRequest) -> PushLook:
    """What is to be done. InvalidRequest when the person has to be asked first, or anew."""
    agreed = request.agreed
    if not look.holds_other_data or look == agreed:
        return look
    news = "was changed meanwhile, and holds" if agreed is not None else "holds"
    raise InvalidRequest(
        f"{look.repo_id} {news} other data. {' '.join(look.consequences)}",
        hint=Sentence(
            "Push to a repo of its own, or ", NextStep.PUSH_OVER, " if that is intended: Hugging Face keeps "
            "what is there now in the repo's history.",
        ),
    )  # fmt: skip


def _push(hub: Hub, request: PushRequest, progress: Progress) -> Pushed:
    found = _surveyed(request)
    look = _agreed(_look(hub, request, found), request)
    heard, _ = read_headers(
        found.source, found.utterances, partial(progress, "headers"), most_remote=None
    )
    repo = Repo(request.repo_id, "dataset")
    parent = look.commit or _made(hub, repo, private=request.private)
    with tempfile.TemporaryDirectory(prefix="launcher-push-") as scratch:
        files = _files(found, request, Path(scratch))
        facts = _facts(found, heard, request, any(name.startswith(SHARD_PREFIX) for name in files))
        progress("sending", 0, len(files))
        receipt = publish(
            hub,
            repo,
            files,
            f"{counted(facts.clips, 'clip')}, {recorded(facts.minutes)}",
            deletes=look.deletes,
            parent=parent,
            card=lambda present: render_card(present, facts),
        )
        progress("sending", len(files), len(files))
    remember_push(request.folder, repo.id, receipt.commit)
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
            f"The dataset has {counted(len(grave), 'error')}: {grave[0].message}{place}",
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
        minutes=round(sum(each.seconds or 0.0 for each in heard) / 60, 3),
        speakers=tuple(dict.fromkeys(each.speaker for each in found.utterances if each.speaker)),
        sample_rate_hz=rates.most_common(1)[0][0] if rates else 22_050,
        shards=has_shards,
    )


def _made(hub: Hub, repo: Repo, *, private: bool) -> str:
    """A new repo's first commit. InvalidRequest when somebody else made it and put data there first."""
    hub.ask(
        f"creating {repo}",
        lambda api: api.create_repo(repo.id, repo_type="dataset", private=private, exist_ok=True),
    )
    commit = resolve_commit(hub, repo)
    if any(row.path not in NOT_DATA for row in list_files(hub, repo, commit)):
        raise InvalidRequest(
            f"{repo.id} was created by somebody else at the same moment.",
            hint="Try again to see what it contains.",
        )
    return commit


def read_pushes(folder: Path) -> dict[str, str]:
    """Repos that the dataset was pushed to, the last one last, and the commit that this left there."""
    try:
        document = json.loads((folder / OWN_FOLDER / PUSHES).read_text("utf-8"))
        return {str(repo): str(commit) for repo, commit in document["pushes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # then a person is asked once more


def remember_push(folder: Path, repo_id: str, commit: str) -> None:
    """Note where the dataset is now, beside what others note at the same moment."""
    # A folder that can only be read, or that somebody else does not leave: a person is asked once more.
    with suppress(OSError, InvalidRequest), changing(folder):
        pushes = read_pushes(folder)
        pushes.pop(repo_id, None)
        text = json.dumps({"format": 1, "pushes": {**pushes, repo_id: commit}}) + "\n"
        path = own_folder(folder) / PUSHES
        write_whole(path, text, is_private=is_private(folder), is_shared=True)
