"""The keys, and secrets that a person names for a command: where they are found and where they are kept.

Values are never written, shown or logged here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import ModuleType
from typing import Any, Protocol, TypeAlias, TypeVar

from pydantic import SecretStr

from launcher.config import APP_NAME
from launcher.errors import NotConfigured
from pod_image.contract.next_steps import NextStep, Said, Sentence, setting
from pod_image.contract.secret_names import NOTIFY_VARIABLE, SHORTEST_SECRET

_T = TypeVar("_T")


class KeyName(StrEnum):
    """The keys, by the names that `launcher keys` takes."""

    RUNPOD = "runpod"
    HF_DATASET = "hf-dataset"
    HF_UPLOAD = "hf-upload"
    HF_JOBS = "hf-jobs"

    @property
    def variable(self) -> str:
        return _VARIABLES[self]

    @property
    def purpose(self) -> str:
        return _PURPOSES[self]


_VARIABLES = {
    KeyName.RUNPOD: "RUNPOD_API_KEY",
    KeyName.HF_DATASET: "HF_DATASET_TOKEN",
    KeyName.HF_UPLOAD: "HF_UPLOAD_TOKEN",
    KeyName.HF_JOBS: "HF_JOBS_TOKEN",
}
_PURPOSES = {
    KeyName.RUNPOD: "RunPod API key, which rents and ends pods",
    KeyName.HF_DATASET: "Hugging Face token that reads the dataset",
    KeyName.HF_UPLOAD: "Hugging Face token that writes the results",
    KeyName.HF_JOBS: "Hugging Face token that starts jobs and cancels them",
}
USUAL_KEYS = (KeyName.RUNPOD, KeyName.HF_DATASET, KeyName.HF_UPLOAD)
"""What a run takes that goes to the usual place; another key is asked of nobody who goes nowhere else."""
HUB_KEYS = (KeyName.HF_DATASET, KeyName.HF_UPLOAD)
"""The tokens that a run is given; the common variable stands in for both."""
_NAMED = "secret:"
_COMMON_HUB_VARIABLE = "HF_TOKEN"
"""One token for both, as Hugging Face's own tools name it."""


@dataclass(frozen=True)
class NamedSecret:
    """A secret that a person names for their own command: its name is the variable that the command finds it in."""

    name: str

    @property
    def value(self) -> str:
        """What the keyring has it under, apart from the keys."""
        return f"{_NAMED}{self.name}"

    @property
    def variable(self) -> str:
        return self.name

    @property
    def purpose(self) -> str:
        return f"{self.name}, which the command gets"

    @classmethod
    def of(cls, value: str) -> NamedSecret | None:
        """From what the keyring has it under; None for a key."""
        return cls(value.removeprefix(_NAMED)) if value.startswith(_NAMED) else None


@dataclass(frozen=True)
class NotifyAddresses:
    """Where a person is told of their runs: addresses with spaces between them, any of which may hold a password."""

    value = "notify"
    """What the keyring has them under, and `launcher keys` takes."""
    variable = NOTIFY_VARIABLE
    purpose = "Notification addresses for your runs, separated by spaces"


NOTIFY = NotifyAddresses()
AnyKey: TypeAlias = KeyName | NamedSecret | NotifyAddresses


def keys_among(names: Iterable[str]) -> list[KeyName]:
    """The keys of what is held by name; a command's secrets and addresses are left out."""
    return [KeyName(name) for name in names if name in [*KeyName]]


class KeySource(StrEnum):
    GIVEN = "given"
    ENVIRONMENT = "environment"
    KEYRING = "keyring"


@dataclass(frozen=True)
class Keys:
    """The keys of one person for one use. None where there is none; `repr` shows no value."""

    runpod: SecretStr | None = None
    hf_dataset: SecretStr | None = None
    hf_upload: SecretStr | None = None
    hf_jobs: SecretStr | None = None
    sources: Mapping[KeyName, KeySource] = field(default_factory=dict)
    named: Mapping[str, SecretStr] = field(default_factory=dict)
    """Secrets for commands, by their names."""
    named_sources: Mapping[str, KeySource] = field(default_factory=dict)
    notify: SecretStr | None = None
    """Addresses to tell of runs at, with spaces between them."""

    def get(self, name: KeyName) -> SecretStr | None:
        value: SecretStr | None = getattr(self, _field(name))
        return value

    def need(self, name: KeyName) -> SecretStr:
        """The key. Raises NotConfigured, saying how to give it."""
        value = self.get(name)
        if value is None:
            raise NotConfigured(f"There is no {name.purpose}.", hint=how_to_give(name))
        return value

    def with_given(self, name: KeyName, value: SecretStr) -> Keys:
        """The same with one key that the person has just typed."""
        sources = {**self.sources, name: KeySource.GIVEN}
        given: dict[str, Any] = {_field(name): value}
        return replace(self, sources=sources, **given)

    def with_named(self, name: str, value: SecretStr, source: KeySource) -> Keys:
        """The same with a secret for commands. Raises NotConfigured for a value that could not be hidden or sent."""
        _check_value(name, value.get_secret_value())
        named_sources = {**self.named_sources, name: source}
        return replace(self, named={**self.named, name: value}, named_sources=named_sources)

    def need_named(self, names: Iterable[str]) -> dict[str, SecretStr]:
        """Those that a run hands to its command. Raises NotConfigured, saying how to give the one that is missing."""
        for name in names:
            if name not in self.named:
                raise NotConfigured(
                    f"There is no value for the secret {name}.", hint=how_to_give(NamedSecret(name))
                )
        return {name: self.named[name] for name in names}

    @property
    def missing(self) -> tuple[KeyName, ...]:
        """Those of the usual ones that are not there."""
        return tuple(name for name in USUAL_KEYS if self.get(name) is None)


def how_to_give(name: AnyKey) -> Said:
    if isinstance(name, NotifyAddresses):
        return Sentence(NextStep.ENTER_ADDRESSES, ".")
    step = NextStep.ENTER_KEY if isinstance(name, KeyName) else NextStep.ENTER_SECRET
    return Sentence(step.of(name.value if isinstance(name, KeyName) else name.name), ".")


def _check_value(name: str, value: str) -> None:
    """The value is not quoted."""
    if len(value) < SHORTEST_SECRET:
        raise NotConfigured(
            f"The value of {name} is shorter than {SHORTEST_SECRET} characters. It would appear in many "
            f"harmless lines, so it could not be masked in the run's output.",
            hint=Sentence(
                "Give the full key; put values that are not secret into ", setting("env"), "."
            ),
        )
    if "\0" in value:
        raise NotConfigured(
            f"The value of {name} contains a NUL character, which is not allowed in a variable.",
            hint="Copy it again.",
        )


class Kept(Protocol):
    """What is kept: its `value` is the name that it is kept under."""

    @property
    def value(self) -> str: ...


class KeyStore(Protocol):
    """Keeps keys between sessions. Every method may raise NotConfigured."""

    def read(self, name: Kept) -> SecretStr | None: ...

    def save(self, name: Kept, value: SecretStr) -> None: ...

    def forget(self, name: Kept) -> bool:
        """True when there was one."""
        ...


class Backend(Protocol):
    """What we use of `keyring.backend.KeyringBackend`."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


_SWITCHED_OFF = "keyring.backends.null.Keyring"
_STORES_NOTHING = "the selected one stores nothing"


class KeyringStore:
    """The operating system's keyring. Loads the keyring library at the first use, not before."""

    def __init__(self, backend: Backend | None = None) -> None:
        self._backend = backend

    def read(self, name: Kept) -> SecretStr | None:
        """None also where there is no usable keyring: then nothing can have been kept."""
        try:
            backend = self._usable()
        except NotConfigured:
            return None
        value = self._asked(lambda: backend.get_password(APP_NAME, name.value))
        return SecretStr(value) if value else None

    def save(self, name: Kept, value: SecretStr) -> None:
        backend = self._usable()
        self._asked(lambda: backend.set_password(APP_NAME, name.value, value.get_secret_value()))

    def forget(self, name: Kept) -> bool:
        backend = self._usable()
        if not self._asked(lambda: backend.get_password(APP_NAME, name.value)):
            return False
        self._asked(lambda: backend.delete_password(APP_NAME, name.value))
        return True

    def _usable(self) -> Backend:
        backend = self._backend if self._backend is not None else _system_backend()
        refused = _STORES_NOTHING if backend is None else _why_unfit(backend)
        if backend is None or refused:
            raise NotConfigured(
                f"This computer has no keyring that stores a key safely: {refused}.",
                hint="Nothing was stored. Set the variables RUNPOD_API_KEY, HF_DATASET_TOKEN and "
                "HF_UPLOAD_TOKEN instead, or install a keyring service (such as gnome-keyring).",
            )
        return backend

    def _asked(self, question: Callable[[], _T]) -> _T:
        from keyring.errors import KeyringError

        try:
            return question()
        except (KeyringError, RuntimeError, OSError) as exc:
            # The text of a backend's error is its own; it might quote what it was given.
            raise NotConfigured(
                f"The keyring did not answer ({type(exc).__name__}).",
                hint="Unlock it, or set the variables RUNPOD_API_KEY, HF_DATASET_TOKEN, HF_UPLOAD_TOKEN.",
            ) from None


def _system_backend() -> Backend | None:
    """None where the keyring was switched off: loading it, to be told nothing, takes longer than many a command."""
    if os.environ.get("PYTHON_KEYRING_BACKEND") == _SWITCHED_OFF:
        return None
    _leave_out_what_cannot_be_here()
    import keyring

    backend: Backend = keyring.get_keyring()
    return backend


def _leave_out_what_cannot_be_here() -> None:
    """keyring loads the backends of all systems: on Linux that of macOS starts a compiler and a linker in search of
    Apple's libraries, and that of the Secret Service, which it reaches by the session's bus alone, loads ciphers. Both
    together take a tenth of a command. An empty module in its place is a backend that is not there.
    """
    absent = []
    if sys.platform != "darwin":
        absent.append("keyring.backends.macOS")
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        absent.append("keyring.backends.SecretService")
    for name in absent:
        sys.modules.setdefault(name, ModuleType(name))


def _why_unfit(backend: object) -> str:
    """Why a backend is refused, or "". A chain is as weak as any of its members."""
    members = getattr(backend, "backends", None)
    if type(backend).__module__.startswith("keyring.backends.chainer") and members is not None:
        reasons = [_why_unfit(member) for member in members]
        return next((reason for reason in reasons if reason), "" if reasons else "it is empty")
    module = type(backend).__module__
    if module.startswith("keyring.backends.fail"):
        return "there is none"
    if module.startswith("keyring.backends.null"):
        return _STORES_NOTHING
    if module.startswith("keyrings.alt"):
        return "the selected one writes a file that others can read"
    return ""


def find_keys(
    environment: Mapping[str, str],
    store: KeyStore | None = None,
    given: Mapping[KeyName, SecretStr] | None = None,
    also: Iterable[KeyName] = (),
) -> Keys:
    """The keys to use: the environment first, then the keyring, then what was typed.

    HF_TOKEN stands in for either Hugging Face token. A key that is not usual is looked for in the keyring where that
    is open anyway, or where it is in `also`: opening it takes a while. Asking a person is the caller's matter.
    """
    found: dict[str, Any] = {}
    sources: dict[KeyName, KeySource] = {}
    once = None if store is None else _Opened(store)
    for name in KeyName:
        is_wanted = name in (*USUAL_KEYS, *also) or (once is not None and once.is_open)
        for source, value in _places(name, environment, once if is_wanted else None, given or {}):
            if value is not None and value.get_secret_value().strip():
                found[_field(name)] = SecretStr(value.get_secret_value().strip())
                sources[name] = source
                break
    return Keys(**found, sources=sources)


class _Opened:
    """A store that remembers whether it was asked."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self.is_open = False

    def read(self, name: Kept) -> SecretStr | None:
        self.is_open = True
        return self._store.read(name)


def find_named(
    keys: Keys,
    names: Iterable[str],
    environment: Mapping[str, str],
    store: KeyStore | None = None,
) -> Keys:
    """The same with the secrets of these names that are there: the environment first, then the keyring.

    Raises NotConfigured for a value that could not be hidden.
    """
    for name in names:
        if name in keys.named:
            continue
        if value := environment.get(name):
            keys = keys.with_named(name, SecretStr(value), KeySource.ENVIRONMENT)
        elif store is not None and (kept := store.read(NamedSecret(name))) is not None:
            keys = keys.with_named(name, kept, KeySource.KEYRING)
    return keys


def find_addresses(environment: Mapping[str, str], store: KeyStore | None = None) -> str:
    """The addresses that a person keeps to be told at: the environment's, else the keyring's; else nothing."""
    there = environment.get(NOTIFY.variable, "").strip()
    if there or store is None:
        return there
    kept = store.read(NOTIFY)
    return kept.get_secret_value().strip() if kept is not None else ""


def _places(
    name: KeyName,
    environment: Mapping[str, str],
    store: _Opened | None,
    given: Mapping[KeyName, SecretStr],
) -> Iterator[tuple[KeySource, SecretStr | None]]:
    """Where a key may be, in order; the keyring is asked only when it has to be."""
    yield KeySource.ENVIRONMENT, _secret(environment.get(name.variable))
    if name in HUB_KEYS:
        yield KeySource.ENVIRONMENT, _secret(environment.get(_COMMON_HUB_VARIABLE))
    if store is not None:
        yield KeySource.KEYRING, store.read(name)
    yield KeySource.GIVEN, given.get(name)


def _secret(value: str | None) -> SecretStr | None:
    return SecretStr(value) if value else None


def _field(name: KeyName) -> str:
    return name.value.replace("-", "_")
