"""Keys: found where they are, kept only where it is safe, shown nowhere."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import Any

import keyring
import pytest
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import NotConfigured
from launcher.stores.secrets import (
    KeyName,
    KeyringStore,
    Keys,
    KeySource,
    find_keys,
)
from tests.kit.key_store import InMemory, MemoryKeyStore


def value_of(keys: Keys, name: KeyName) -> str:
    return keys.need(name).get_secret_value()


def test_the_environment_comes_before_the_keyring_and_that_before_what_was_typed() -> None:
    store = MemoryKeyStore()
    for name in KeyName:
        store.save(name, SecretStr(f"kept-{name}"))
    store.forget(KeyName.HF_UPLOAD)
    keys = find_keys(
        {"RUNPOD_API_KEY": "from-env"},
        store,
        {name: SecretStr(f"typed-{name}") for name in KeyName},
    )
    assert value_of(keys, KeyName.RUNPOD) == "from-env"
    assert value_of(keys, KeyName.HF_DATASET) == "kept-hf-dataset"
    assert value_of(keys, KeyName.HF_UPLOAD) == "typed-hf-upload"
    assert keys.sources == {
        KeyName.RUNPOD: KeySource.ENVIRONMENT,
        KeyName.HF_DATASET: KeySource.KEYRING,
        KeyName.HF_UPLOAD: KeySource.GIVEN,
        KeyName.HF_JOBS: KeySource.KEYRING,
    }


def test_hf_token_stands_in_for_both_tokens_but_not_for_the_cloud() -> None:
    keys = find_keys({"HF_TOKEN": "one-for-both", "HF_UPLOAD_TOKEN": "for-upload"})
    assert value_of(keys, KeyName.HF_DATASET) == "one-for-both"
    assert value_of(keys, KeyName.HF_UPLOAD) == "for-upload"
    assert keys.missing == (KeyName.RUNPOD,)


def test_blank_values_are_no_keys_and_line_ends_are_dropped() -> None:
    keys = find_keys({"RUNPOD_API_KEY": "  \n", "HF_TOKEN": "", "HF_UPLOAD_TOKEN": "demo-token\n"})
    assert keys.missing == (KeyName.RUNPOD, KeyName.HF_DATASET)
    assert value_of(keys, KeyName.HF_UPLOAD) == "demo-token"


def test_a_missing_key_says_how_to_give_it() -> None:
    with pytest.raises(NotConfigured, match="RunPod API key") as caught:
        Keys().need(KeyName.RUNPOD)
    assert (
        in_terminal(caught.value.hint)
        == "launcher keys set runpod, or set the variable RUNPOD_API_KEY."
    )


@pytest.mark.promise("secrets-nowhere")
def test_no_value_is_ever_shown() -> None:
    keys = Keys().with_given(KeyName.RUNPOD, SecretStr("demo-key"))
    assert value_of(keys, KeyName.RUNPOD) == "demo-key"
    assert keys.sources == {KeyName.RUNPOD: KeySource.GIVEN}
    assert "demo-key" not in f"{keys!r} {keys} {keys.runpod}"


def test_keys_are_kept_read_and_forgotten_in_the_keyring() -> None:
    backend = InMemory()
    store = KeyringStore(backend)
    assert store.read(KeyName.RUNPOD) is None
    store.save(KeyName.RUNPOD, SecretStr("demo-key"))
    assert backend.kept == {("pod-launcher", "runpod"): "demo-key"}
    found = store.read(KeyName.RUNPOD)
    assert found is not None
    assert found.get_secret_value() == "demo-key"
    assert store.forget(KeyName.RUNPOD)
    assert not store.forget(KeyName.RUNPOD)


def test_the_systems_own_keyring_is_used_when_none_is_handed_in() -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    try:
        store = KeyringStore()
        store.save(KeyName.HF_UPLOAD, SecretStr("demo-token"))
        assert find_keys({}, store).missing == (KeyName.RUNPOD, KeyName.HF_DATASET)
    finally:
        keyring.set_keyring(before)


def plain_text() -> Any:
    """A backend such as keyrings.alt brings: it works, and writes a file."""
    module = ModuleType("keyrings.alt.file")
    return type("PlaintextKeyring", (InMemory,), {"__module__": module.__name__})()


def chained(*backends: Any) -> Any:
    chain = chainer.ChainerBackend()
    chain.__class__ = type(
        "ChainerBackend", (chainer.ChainerBackend,),
        {"backends": list(backends), "__module__": "keyring.backends.chainer"},
    )  # fmt: skip
    return chain


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        (fail.Keyring(), "there is none"),
        (null.Keyring(), "the selected one stores nothing"),
        (plain_text(), "a file that others can read"),
        (chained(InMemory(), plain_text()), "a file that others can read"),
        (chained(), "it is empty"),
    ],
)
def test_a_keyring_that_does_not_keep_a_secret_is_refused(backend: Any, why: str) -> None:
    store = KeyringStore(backend)
    with pytest.raises(NotConfigured, match=why) as caught:
        store.save(KeyName.RUNPOD, SecretStr("demo-key"))
    assert "RUNPOD_API_KEY" in in_terminal(caught.value.hint)
    assert "demo-key" not in str(caught.value)
    assert getattr(backend, "kept", {}) == {}
    assert store.read(KeyName.RUNPOD) is None
    with pytest.raises(NotConfigured):
        store.forget(KeyName.RUNPOD)


def test_a_chain_of_safe_keyrings_is_taken() -> None:
    chain = chained(InMemory())
    KeyringStore(chain).save(KeyName.RUNPOD, SecretStr("demo-key"))
    assert chain.get_password("pod-launcher", "runpod") == "demo-key"


def test_a_locked_keyring_is_a_sentence_without_the_backends_words() -> None:
    class Locked(InMemory):
        def get_password(self, service: str, username: str) -> str | None:
            raise KeyringLocked("secret words of a backend")

    with pytest.raises(NotConfigured, match="KeyringLocked") as caught:
        KeyringStore(Locked()).read(KeyName.RUNPOD)
    assert "secret words" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_unusual_key_alone_is_looked_for_in_the_keyring_only_where_it_is_needed() -> None:
    store = MemoryKeyStore()
    store.save(KeyName.HF_JOBS, SecretStr("kept"))
    environment = {"RUNPOD_API_KEY": "a", "HF_TOKEN": "b"}
    assert find_keys(environment, store).hf_jobs is None
    assert (
        value_of(find_keys(environment, store, also=(KeyName.HF_JOBS,)), KeyName.HF_JOBS) == "kept"
    )
    assert find_keys(environment).hf_jobs is None


def test_keys_can_be_looked_for_without_loading_the_keyring_library() -> None:
    code = (
        "import sys\n"
        "from launcher.stores.secrets import KeyringStore, find_keys\n"
        "find_keys({'RUNPOD_API_KEY': 'a', 'HF_TOKEN': 'b'}, KeyringStore())\n"
        "assert 'keyring' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
