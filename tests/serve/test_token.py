"""The token: where it comes from, where it is kept, and that nothing shows it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from launcher.errors import NotConfigured
from launcher.serve.token import (
    IN_KEYRING,
    VARIABLE,
    ServeToken,
    TokenSource,
    new_token,
    take_token,
)
from launcher.stores.secrets import KeyName, KeyringStore
from tests.kit.key_store import InMemory, MemoryKeyStore

GIVEN = "given-in-the-environment-0123456789"


class NoKeyring(MemoryKeyStore):
    def save(self, name: object, value: SecretStr) -> None:
        raise NotConfigured("There is no keyring.")


def test_the_environments_token_is_taken_out_of_it_so_that_no_child_has_it() -> None:
    environment = {VARIABLE: f" {GIVEN}\n", "HOME": "/"}
    store = MemoryKeyStore()
    token = take_token(environment, store)
    assert (token.source, token.secret.get_secret_value()) == (TokenSource.ENVIRONMENT, GIVEN)
    assert environment == {"HOME": "/"}
    assert store.read(IN_KEYRING) is None


@pytest.mark.parametrize("value", ["short", "x" * 31, "with a blank " * 4, "ö" * 40, "x" * 600])
def test_a_token_that_could_be_guessed_or_sent_by_nobody_is_refused_and_not_quoted(
    value: str,
) -> None:
    with pytest.raises(NotConfigured) as caught:
        take_token({VARIABLE: value}, MemoryKeyStore())
    assert value not in str(caught.value)


def test_the_first_start_makes_a_token_that_the_keyring_keeps() -> None:
    backend = InMemory()
    store = KeyringStore(backend)
    first = take_token({}, store)
    assert (first.source, first.is_new) == (TokenSource.KEYRING, True)
    again = take_token({}, store)
    assert (again.secret, again.is_new) == (first.secret, False)
    assert len(first.secret.get_secret_value()) >= 43
    other = new_token(store)
    assert other.secret != first.secret
    assert take_token({}, store).secret == other.secret
    assert store.read(KeyName.RUNPOD) is None


def test_without_a_keyring_a_token_lives_as_long_as_the_server() -> None:
    tokens = [take_token({}, NoKeyring()) for _ in range(2)]
    assert {token.source for token in tokens} == {TokenSource.MEMORY}
    assert tokens[0].secret != tokens[1].secret


def test_what_is_kept_in_the_keyring_and_could_be_no_token_is_drawn_anew() -> None:
    store = MemoryKeyStore()
    store.save(IN_KEYRING, SecretStr("short"))
    assert take_token({}, store).is_new


def test_a_token_is_told_from_others_by_an_id_that_is_no_part_of_it() -> None:
    token, other = (
        ServeToken(SecretStr(each), TokenSource.MEMORY) for each in (GIVEN, GIVEN + "x")
    )
    assert token.id != other.id
    assert token.id not in GIVEN
    assert GIVEN not in repr(token)
    assert token.is_in(f"Bearer {GIVEN}")
    assert token.is_in(f"bearer  {GIVEN}")
    assert not token.is_in(f"Bearer {GIVEN}x")
    assert not token.is_in(GIVEN)
