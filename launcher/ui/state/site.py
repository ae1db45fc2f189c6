"""What every page is given: configuration, keys by tab, sessions, run state, preferences. Knows no page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.clock import Clock
from launcher.config import Config
from launcher.errors import InvalidRequest
from launcher.providers.place import Place
from launcher.providers.registry import default_place
from launcher.services.common.place_key import has_place_key, holds_place_key
from launcher.services.live.live_runs import Live
from launcher.stores.heard_samples import HeardSampleStore
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import KeyStore
from launcher.ui.state.admissions import Admissions
from launcher.ui.state.awaited_pages import AwaitedPages
from launcher.ui.state.choices import Choices
from launcher.ui.state.drafts import Drafts
from launcher.ui.state.hearings import Hearings
from launcher.ui.state.listening_answers import ListeningAnswers
from launcher.ui.state.offers import Market
from launcher.ui.state.preferences import Preferences, read_preferences, write_preferences
from launcher.ui.state.queue_here import QueueHere
from launcher.ui.state.sessions import Sessions
from launcher.ui.state.spoken_texts import SpokenTexts
from launcher.ui.state.studies_here import StudiesHere
from launcher.ui.state.sweeps import Sweeps
from launcher.ui.state.tensorboards import TensorBoards
from launcher.ui.state.told_here import ToldHere
from launcher.ui.state.vault import Vault

if TYPE_CHECKING:
    from launcher.services.transcripts import Load
    from launcher.workshop.report import DatasetReport
    from pod_image.contract.findings import Finding


@dataclass
class Site:
    """One per process. `demo` names what is emulated, for the note on every page."""

    config: Config
    clock: Clock
    vault: Vault
    sessions: Sessions
    history: RunHistory
    live: Live
    market: Market
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    key_store: KeyStore | None = None
    demo: str = ""
    drafts: Drafts = field(default_factory=Drafts)
    reports: dict[str, DatasetReport] = field(default_factory=dict, repr=False)
    """The last check of each dataset of this machine, by its name."""
    recording_folders: dict[str, Path] = field(default_factory=dict, repr=False)
    """Folders outside our own that sentences are read into, by the name in the address of their page."""
    clip_problems: dict[str, dict[str, tuple[Finding, ...]]] = field(
        default_factory=dict, repr=False
    )
    """What the last check found of single clips, by dataset and file; not of those that were changed since."""
    preferences: Preferences = field(default_factory=Preferences)
    when_preferences_changed: list[Callable[[], None]] = field(default_factory=list)

    awaited_pages: AwaitedPages = field(default_factory=AwaitedPages, repr=False)
    hearings: Hearings = field(default_factory=Hearings)
    load_recogniser: Load | None = None
    """Stands for Whisper where there is another one."""

    admissions: Admissions = field(init=False, repr=False)
    choices: Choices = field(init=False)
    suggestion_edits: dict[str, dict[Any, str]] = field(default_factory=dict, repr=False)
    """What a person has made of texts that Whisper suggested, until they are taken: by dataset and suggestion."""

    sweeps: Sweeps = field(init=False)
    queue: QueueHere = field(init=False, repr=False)
    studies: StudiesHere = field(init=False, repr=False)
    told: ToldHere = field(init=False)
    tensorboards: TensorBoards = field(init=False)
    spoken_texts: SpokenTexts = field(init=False, repr=False)
    listening_answers: ListeningAnswers = field(init=False, repr=False)
    heard_samples: HeardSampleStore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.admissions = Admissions(self.vault)
        self.choices = Choices(self.clock)
        self.sweeps = Sweeps(self.sessions, self.clock)
        self.queue = QueueHere(self.config, self.sessions, self.vault)
        self.studies = StudiesHere(self.sessions, self.vault, self.live.followed)
        self.preferences = read_preferences(self.config.preferences_path)
        self.told = ToldHere(self.clock)
        self.tensorboards = TensorBoards(self.clock)
        # The folder's name is that of older releases, so that what those left behind is swept too.
        self.spoken_texts = SpokenTexts(self.config.data_folder / "takes")
        self.listening_answers = ListeningAnswers(self.config.data_folder / "listening")
        self.heard_samples = HeardSampleStore(self.config.data_folder / "heard")
        self.sessions.told = self.told
        self.sessions.preferred_addresses = self._preferred_addresses

    def _preferred_addresses(self) -> str:
        """A file that somebody edited by hand may hold anything: it keeps no page from opening."""
        if not self.preferences.notify:
            return ""
        from launcher.services.telling.addresses import addresses_in

        try:
            addresses_in(self.preferences.notify)
        except InvalidRequest:
            return ""
        return self.preferences.notify

    @property
    def place(self) -> Place:
        """Where runs go."""
        return default_place()

    def can_rent(self, tab: str, place: Place | None = None) -> bool:
        """Whether the tab holds the key of that place, or of the usual one."""
        return has_place_key(self.sessions.keys_of(tab), place or self.place)

    def can_look(self, tab: str) -> bool:
        """Whether the tab holds the key of any place, so that its pods can be looked through."""
        return holds_place_key(self.sessions.keys_of(tab))

    def can_write_results(self, tab: str) -> bool:
        """Whether the tab holds the token that writes the results."""
        return self.sessions.keys_of(tab).hf_upload is not None

    def unix_seconds(self) -> float:
        """The clock's time as the services of datasets take it."""
        return self.clock.now().timestamp()

    def prefer(self, **changes: Any) -> None:
        """Change preferences and write them."""
        self.preferences = replace(self.preferences, **changes)
        write_preferences(self.config.preferences_path, self.preferences)
        for hear in self.when_preferences_changed:
            hear()
