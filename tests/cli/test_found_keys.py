"""Which keys a command finds: in the environment, in the keyring, of every place that a run may be at."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from launcher.cli import session
from launcher.stores.secrets import HUB_KEYS, KeyName, KeySource
from tests.kit.key_store import MemoryKeyStore
from tests.kit.runs import new_run


@pytest.fixture
def kept_for_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token for jobs in the keyring; the usual keys come from the environment."""
    store = MemoryKeyStore()
    store.save(KeyName.HF_JOBS, SecretStr("kept-for-jobs"))
    monkeypatch.setattr(session, "KeyringStore", lambda: store)
    for name in (KeyName.RUNPOD, KeyName.HF_DATASET, KeyName.HF_UPLOAD):
        monkeypatch.setenv(name.variable, "from-the-environment")
    monkeypatch.delenv(KeyName.HF_JOBS.variable, raising=False)


@pytest.mark.usefixtures("kept_for_jobs")
@pytest.mark.parametrize("key", ["", "run-01", "me/voice/run-01"])
def test_a_run_may_be_at_any_place_so_the_keys_of_all_are_found_for_it(key: str) -> None:
    for needed in ((), session.PLACE_ALONE):
        found = session.find_unless_named(key, needed)
        assert found.sources[KeyName.HF_JOBS] is KeySource.KEYRING
        assert found.sources[KeyName.RUNPOD] is KeySource.ENVIRONMENT


@pytest.mark.usefixtures("kept_for_jobs")
def test_what_concerns_no_run_opens_no_keyring_for_the_key_of_another_place() -> None:
    assert session.find(HUB_KEYS).hf_jobs is None


@pytest.mark.usefixtures("kept_for_jobs")
def test_machines_of_ones_own_are_looked_for_only_where_a_key_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[bool] = []

    def look() -> bool:
        looks.append(True)
        return True

    monkeypatch.setattr(session, "_has_other_place", lambda keys: False)
    monkeypatch.setattr(session, "_has_own_machine", look)
    session.find(session.PLACE_ALONE)
    assert looks == []

    monkeypatch.delenv(KeyName.RUNPOD.variable)
    assert session.find(session.PLACE_ALONE).runpod is None
    assert looks == [True]


@pytest.mark.parametrize(("is_for_results", "left"), [(True, []), (False, [KeyName.HF_UPLOAD])])
def test_a_token_for_something_else_than_results_is_needed_for_a_run_in_a_folder_too(
    monkeypatch: pytest.MonkeyPatch, is_for_results: bool, left: list[KeyName]
) -> None:
    asked: list[Any] = []
    known = new_run(results_repo="/voices", place="local")
    monkeypatch.setattr(session, "_known_run", lambda key, config: known)
    monkeypatch.setattr(session, "find_unless_named", lambda key, needed: asked.extend(needed))
    monkeypatch.setattr(session, "run", lambda *given, **named: None)
    session.run_at(
        "run-01",
        lambda bench: None,  # type: ignore[arg-type,return-value]  # never called
        (KeyName.HF_UPLOAD,),
        is_for_results=is_for_results,
    )
    assert asked == left
