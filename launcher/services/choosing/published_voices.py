"""Published voices as they are known today: asked for once a day, without a token, and known from our table else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from launcher.clock import is_within
from launcher.config import Config
from launcher.errors import HubError, InvalidRequest, LauncherError
from launcher.recipes.published_voices import (
    CHECKPOINTS_REPO,
    LIST_NAME,
    VOICES_REPO,
    PublishedVoice,
    card_terms,
    from_document,
    is_key,
    read_voices,
    to_document,
    voices_of_ours,
    with_checkpoints,
)
from launcher.services.choosing.kept import keep, read_kept
from launcher.services.choosing.option import shown_words
from launcher.services.common.workbench import Workbench
from pod_image.contract.next_steps import Said, Sentence
from pod_image.contract.whole_file import write_whole
from pod_image.hub import Hub, NotInRepo, Repo, RepoMissing, list_files, read_range

KEPT_FOR = timedelta(days=1)
LIST_BYTES = 8 << 20
SAMPLE_BYTES = 2 << 20
"""A sample of a few sentences has some hundred kilobytes; what is longer is none."""
_VOICES, _CHECKPOINTS = Repo(VOICES_REPO, "model"), Repo(CHECKPOINTS_REPO, "dataset")


@dataclass(frozen=True)
class Published:
    """`trouble` says why the list is not today's, with `what_to_do`; `at` when it was asked for, if it ever was."""

    voices: tuple[PublishedVoice, ...]
    at: datetime | None = None
    trouble: Said = ""
    what_to_do: Said = ""


async def published_voices(bench: Workbench) -> Published:
    """Today's list; the one of before, or our own table, where the Hub gives none. Never raises for the Hub."""
    path, now = bench.config.published_folder / LIST_NAME, bench.clock.now()
    before = _kept_list(path)
    if before is not None and before.at is not None and is_within(KEPT_FOR, before.at, now):
        return before
    try:
        voices = await bench.hub.run(_ask, _hub(bench))
    except LauncherError as error:
        return _instead(before, error)
    if not any(voice.onnx for voice in voices):
        return _instead(before, HubError(f"{LIST_NAME} of {VOICES_REPO} is not a list of voices."))
    keep(path, to_document(voices), now)
    return Published(voices, now)


def _ask(hub: Hub) -> tuple[PublishedVoice, ...]:
    """Two questions. Raises HubError; a list that cannot be read is none."""
    voices = read_voices(read_range(hub, _VOICES, "main", LIST_NAME, 0, LIST_BYTES))
    checkpoints = list_files(hub, _CHECKPOINTS, "main")
    return with_checkpoints(voices, {each.path: each.size_bytes for each in checkpoints})


def _instead(before: Published | None, error: LauncherError) -> Published:
    """What is known without the Hub, and since when."""
    said = Sentence("The list of published voices is not available: ", error.message)
    if before is not None and before.at is not None:
        of = f"This is the list of {before.at:%d %B %Y}."
        return replace(before, trouble=said, what_to_do=Sentence(of, " ", error.hint))
    ours = "These are the voices that the launcher knows; you can type the path of any other."
    return Published(voices_of_ours(), trouble=said, what_to_do=Sentence(ours, " ", error.hint))


def _kept_list(path: Path) -> Published | None:
    kept = read_kept(path)
    if kept is None:
        return None
    try:
        return Published(from_document(kept.content), kept.at)
    except (TypeError, ValueError):
        return None


def _hub(bench: Workbench) -> Hub:
    """What is public is asked for without a token: a refused one would keep it from us."""
    return replace(bench.hub.in_a_hurry().dataset, token=None)


async def licence_of(bench: Workbench, key: str) -> str:
    """What the voice's card says of its licence, kept for a day; empty where it says nothing.

    Raises HubError, InvalidRequest.
    """
    path = bench.config.published_folder / "licences" / f"{_checked(key)}.json"
    kept, now = read_kept(path), bench.clock.now()
    if kept is not None and is_within(KEPT_FOR, kept.at, now):
        return shown_words(kept.content)
    voice = await _voice(bench, key)
    terms = shown_words(await bench.hub.run(card_terms, _hub(bench), voice))
    keep(path, terms, now)
    return terms


def sample_here(config: Config, key: str) -> Path | None:
    """The sound of a voice, if it was fetched."""
    file = config.published_folder / "samples" / f"{key}.mp3"
    return file if is_key(key) and file.is_file() else None


async def sample_file(bench: Workbench, key: str) -> Path | None:
    """A sound of the voice on this computer, fetched once; None where none was published.

    Raises HubError, InvalidRequest.
    """
    if here := sample_here(bench.config, _checked(key)):
        return here
    voice = await _voice(bench, key)
    try:
        raw: bytes = await bench.hub.run(
            read_range, _hub(bench), _VOICES, "main", voice.sample_path, 0, SAMPLE_BYTES + 1
        )
    except HubError as error:
        if isinstance(error.__cause__, NotInRepo | RepoMissing):
            return None
        raise
    if not raw or len(raw) > SAMPLE_BYTES:
        return None
    file = bench.config.published_folder / "samples" / f"{key}.mp3"
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(file, raw, is_private=True, is_shared=True)
    return sample_here(bench.config, key)


async def _voice(bench: Workbench, key: str) -> PublishedVoice:
    found = await published_voices(bench)
    voice = next((each for each in found.voices if each.key == key), None)
    if voice is None:
        raise InvalidRequest(
            f"There is no published voice {key}.", hint="Choose one from the list."
        )
    return voice


def _checked(key: str) -> str:
    """It names a file: nothing but what a voice can be called."""
    if not is_key(key):
        raise InvalidRequest(f"There is no published voice {shown_words(key)}.")
    return key
