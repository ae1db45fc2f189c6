"""What most commands begin with: configuration, keys (asked for where a person sits), a workbench."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, TypeVar

import typer
from pydantic import SecretStr

from launcher.cli.completing import complete
from launcher.cli.terminal.command_line import know_shared
from launcher.cli.terminal.output import print_warning
from launcher.config import Config, hub_address, read_config
from launcher.domain.run import Run
from launcher.domain.run_address import run_address
from launcher.errors import BadEnvironment, InvalidRequest, LauncherError
from launcher.providers.registry import all_places, default_place
from launcher.services.common.place_key import place_key
from launcher.services.common.places import place_of
from launcher.services.common.run_secrets import named_secrets
from launcher.services.common.run_tokens import needs_hub
from launcher.services.common.workbench import (
    Workbench,
    known_machines,
    open_history,
    open_workbench,
)
from launcher.stores.secrets import (
    HUB_KEYS,
    AnyKey,
    KeyName,
    KeyringStore,
    Keys,
    KeySource,
    KeyStore,
    NamedSecret,
    find_keys,
    find_named,
    how_to_give,
)
from pod_image.contract.next_steps import NextStep, Sentence, joined
from pod_image.contract.results_address import is_folder
from pod_image.contract.surroundings import drop_certificates_that_are_not_there, read_no_proxy

if TYPE_CHECKING:
    from pod_image.contract.settings import RunSettings

T = TypeVar("T")

PLACE_ALONE = tuple(name for name in (place_key(default_place()),) if name is not None)
"""The key that the usual place takes. Who has the key of another alone is not asked for it."""


def find_for(settings: RunSettings) -> Keys:
    """The keys that a run with these settings takes. Raises NotConfigured for one that nobody gives."""
    if needs_hub(settings):
        return find_place(settings, HUB_KEYS)
    return find_place(settings, optional=HUB_KEYS[:1])  # what is public is read without it


def find_place(
    settings: RunSettings, more: Sequence[KeyName] = (), optional: Sequence[KeyName] = ()
) -> Keys:
    """The key of the place that these settings name, and those. Raises NotConfigured for one that nobody gives."""
    own = place_key(place_of(settings))
    return find((*((own,) if own is not None else ()), *more), optional=optional, any_place=False)


def find(
    needed: Sequence[KeyName] = (),
    store: KeyStore | None = None,
    *,
    optional: Sequence[KeyName] = (),
    any_place: bool = True,
    everywhere: bool = False,
    before_asking: Callable[[KeyName], None] = lambda name: None,
) -> Keys:
    """Environment, then keyring, then a hidden prompt for what is needed and missing, on a terminal only.

    With `any_place` the key of another place does for the usual one's, and none is needed where a machine of one's own
    was used. Raises NotConfigured for a needed key that
    nobody gives.
    """
    is_of_places = everywhere or (any_place and not set(PLACE_ALONE).isdisjoint(needed))
    also = [*needed, *optional, *(_place_keys() if is_of_places else ())]
    keys = find_keys(os.environ, store or KeyringStore(), also=also)
    is_missing = any(keys.get(name) is None for name in needed if name in PLACE_ALONE)
    if is_missing and any_place and (_has_other_place(keys) or _has_own_machine()):
        needed = [name for name in needed if name not in PLACE_ALONE]
    for name in needed:
        if keys.get(name) is None:
            before_asking(name)
            typed = ask_secret(name) if sys.stdin.isatty() else None
            if typed is not None:
                keys = keys.with_given(name, typed)
        keys.need(name)
    return keys


def _place_keys() -> list[KeyName]:
    """Of every place: a run may be at any of them."""
    return [name for name in map(place_key, all_places()) if name is not None]


def _has_other_place(keys: Keys) -> bool:
    return any(keys.get(name) is not None for name in _place_keys() if name not in PLACE_ALONE)


def _has_own_machine() -> bool:
    """Whether runs were ever started on a machine of the person's own, which takes no key."""
    try:
        config = read_config()
        return config.own_runs_folder.is_dir() or bool(known_machines(config).all())
    except (BadEnvironment, OSError):
        return False


def find_unless_named(key: str, needed: Sequence[KeyName]) -> Keys:
    """The keys; a run that is named by its results repo needs none: a public one tells everybody. Those of every place
    are among them: the run may be at any.
    """
    return find_for_run(key, () if run_address(key, hub_address(os.environ)) else needed)


def find_for_run(key: str, needed: Sequence[KeyName]) -> Keys:
    """The keys. Raises InvalidRequest where one is missing and this computer does not know the run: nobody enters a key
    for a run that is misspelt.
    """
    return find(needed, everywhere=True, before_asking=lambda name: _know_run(key, name))


def _know_run(key: str, missing: KeyName) -> None:
    """Raises InvalidRequest where a history that can be read has no run of that name."""
    if not key or run_address(key, hub_address(os.environ)):
        return
    try:
        config = read_config()
    except BadEnvironment:
        return
    with closing(open_history(config, is_needed=False)) as runs:
        if runs.trouble:
            return
        try:
            runs.get(key)
        except InvalidRequest as error:
            error.hint = Sentence(
                error.hint, " For a run of another computer give its results repo too, like ",
                NextStep.SHOW_RUN.of(f"OWNER/NAME/{key}"), ", or enter the key that finds its pod: ",
                how_to_give(missing),
            )  # fmt: skip
            raise


def named_version(key: str) -> str:
    """The version that is named with a run: of `me/voice@run-01.2/run-01`, or of its page; mostly none."""
    address = run_address(key, hub_address(os.environ))
    return address.revision if address else ""


def with_secrets(keys: Keys, settings: RunSettings, *, is_needed: bool) -> Keys:
    """The same with the secrets of the run's command: environment, then keyring; what is needed is asked for.

    Raises NotConfigured for one that is needed and that nobody gives.
    """
    names = named_secrets(settings)
    if not names:
        return keys
    keys = find_named(keys, names, os.environ, KeyringStore())
    if not is_needed:
        return keys
    for name in names:
        if name not in keys.named and sys.stdin.isatty():
            typed = ask_secret(NamedSecret(name))
            if typed is not None:
                keys = keys.with_named(name, typed, KeySource.GIVEN)
    keys.need_named(names)
    return keys


def ask_secret(name: AnyKey) -> SecretStr | None:
    """Ask without echo; None for an empty answer. The prompt goes to stderr: stdout is for answers."""
    value = typer.prompt(name.purpose, hide_input=True, default="", show_default=False, err=True)
    return SecretStr(value.strip()) if value.strip() else None


def run(
    keys: Keys,
    work: Callable[[Workbench], Awaitable[T]],
    config: Config | None = None,
    *,
    needs_history: bool = True,
    ends_pods: bool = False,
) -> T:
    """Do one piece of work at an opened workbench, and close it whatever happens. Without `needs_history` a history
    that cannot be opened is warned about, and the work is done. What `ends_pods` waits for nothing else either."""

    if ends_pods:
        needs_history = False
        _go_as_far_as_it_goes()
    for entry in read_no_proxy():
        print_warning(
            f"NO_PROXY contains {entry!r}, which is not a host and is ignored. Correct it."
        )

    async def at_bench() -> T:
        async with open_workbench(
            config or _config(is_needed=not ends_pods), keys, needs_history=needs_history
        ) as bench:
            if bench.runs.trouble:
                print_warning(f"{bench.runs.trouble} Only what the pods report is used.")
            bench.runs.on_trouble = bench.teller.on_trouble = print_warning
            know_shared(bench.runs.shared_ids())
            try:
                return await work(bench)
            finally:
                know_shared(bench.runs.shared_ids())

    try:
        return complete(at_bench())
    except BadEnvironment as error:
        if ends_pods:
            consoles = " or ".join(place.console_address for place in all_places())
            elsewhere = f"A pod that still costs money can be ended at {consoles}."
            error.hint = joined([error.hint, elsewhere])
        raise


def run_at(
    key: str,
    work: Callable[[Workbench], Awaitable[T]],
    needed: Sequence[KeyName] = (),
    more: Callable[[Keys], Keys] = lambda keys: keys,
    *,
    is_for_results: bool = True,
) -> T:
    """The same for work on one run: what its pod and its results repo tell does without a history that can be read.

    `more` adds to the keys what this work takes beside them. `is_for_results`: the token that writes is needed for the
    results alone, and not where these are in a folder.
    """
    config = read_config()
    config.make_folders()
    known = _known_run(key, config)
    if known is not None and is_for_results and is_folder(known.results_repo):
        needed = [name for name in needed if name is not KeyName.HF_UPLOAD]
    if known is not None and not needed and known.place == default_place().name:
        keys = find(any_place=False)  # at no other place: their keys are not looked for
    else:
        keys = find_unless_named(key, needed)
    return run(more(keys), work, config, needs_history=False)


def _known_run(key: str, config: Config) -> Run | None:
    """None also where the history cannot be read."""
    with closing(open_history(config, is_needed=False)) as runs, suppress(LauncherError):
        return runs.chosen(key)
    return None


def _config(*, is_needed: bool) -> Config:
    """The configuration; where no home is needed and none is found, one whose folders cannot be made."""
    try:
        return read_config()
    except BadEnvironment as error:
        if is_needed:
            raise
        print_warning(f"{error.message} {error.hint}")
        return read_config({**os.environ, "LAUNCHER_HOME": f"{os.devnull}/no-home"})


def _go_as_far_as_it_goes() -> None:
    """What ends pods does not wait for somebody to set certificates right: the usual ones do."""
    for fault in drop_certificates_that_are_not_there():
        print_warning(f"{fault.message} The defaults are used. {fault.hint}")
