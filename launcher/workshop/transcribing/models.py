"""Which recogniser a word means: a folder that holds a model, or a name whose model is fetched once and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pod_image.contract.whole_file import write_whole
from pod_image.hearing.models import MODEL_PATTERNS, NamedModel, check_weights, named_model
from pod_image.hearing.recogniser import GuessedLanguage, HeardText, Recogniser, Score, Sound
from pod_image.hub import FetchProgress, Hub, Repo, fetch

_WHOLE = ".whole"
FETCHING = "Fetching the model"
Tell = Callable[[str, int, int], None]


def model_folder(
    word: str, kept: Path, hub: Callable[[], Hub], tell: Tell = lambda what, done, of: None
) -> Path:
    """The folder of the model, fetched into `kept` where it does not exist yet.

    HearingError for a word that is neither a folder nor a name, or weights that are not the pinned ones; HubError of
    pod_image.hub where it cannot be fetched.
    """
    folder = Path(word).expanduser()
    if folder.is_dir():
        return folder
    model = named_model(word)
    here = kept / model.name
    if _is_whole(here, model):
        return here
    here.mkdir(parents=True, exist_ok=True)

    def told(progress: FetchProgress) -> None:
        tell(FETCHING, progress.done_bytes // 10**6, max(1, progress.all_bytes // 10**6))

    fetch(hub(), Repo(model.repo, "model"), model.commit, here, MODEL_PATTERNS, told)
    check_weights(here, model)
    write_whole(here / _WHOLE, model.commit)
    return here


def _is_whole(folder: Path, model: NamedModel) -> bool:
    """Whether it was fetched and checked before."""
    mark = folder / _WHOLE
    return mark.is_file() and mark.read_text(encoding="utf-8") == model.commit


class LateRecogniser:
    """A recogniser that is loaded when it is first asked: often there is nothing left to hear."""

    def __init__(self, name: str, load: Callable[[], Recogniser]) -> None:
        self._name, self._load = name, load
        self._loaded: Recogniser | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._name

    def guess_language(self, sound: Sound) -> GuessedLanguage:
        return self._there().guess_language(sound)

    def hear(self, sound: Sound, language: str) -> HeardText:
        return self._there().hear(sound, language)

    def hear_long(self, sound: Sound, language: str) -> HeardText:
        return self._there().hear_long(sound, language)

    def score(self, sound: Sound, texts: Sequence[str], language: str) -> list[Score]:
        return self._there().score(sound, texts, language)

    def _there(self) -> Recogniser:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded
