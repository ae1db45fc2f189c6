"""The places that there are: found by name, read without their machinery, opened when they are needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

import launcher.providers
from launcher.clock import SystemClock
from launcher.errors import NotConfigured
from launcher.providers.access import Opening
from launcher.providers.registry import (
    ACCESSES,
    PLACES,
    access_to,
    default_place,
    is_known,
    place_named,
)
from launcher.stores.secrets import KeyName, find_keys
from pod_image.contract import places as contract

FOLDERS = Path(launcher.providers.__file__).parent


def test_every_folder_below_the_providers_is_a_place_and_every_place_a_folder() -> None:
    folders = {path.parent.name.replace("_", "-") for path in FOLDERS.glob("*/__init__.py")}
    assert folders == set(PLACES) == set(ACCESSES) == set(contract.PLACES)
    for name in PLACES:
        folder = FOLDERS / name.replace("-", "_")
        assert (folder / "place.py").is_file()
        assert (folder / "access.py").is_file()
        assert (folder / "provider.py").is_file()
        assert place_named(name).name == name
    assert default_place().name == contract.DEFAULT_PLACE
    with pytest.raises(KeyError):
        place_named("nowhere")


def test_a_machine_that_is_named_is_a_place_of_its_own() -> None:
    machine = place_named("ssh:me@gpubox")
    assert (machine.name, machine.kind, machine.title) == ("ssh:me@gpubox", "ssh", "me@gpubox")
    assert access_to(machine) is ACCESSES["ssh"]()
    assert [is_known(name) for name in ("ssh:gpubox", "ssh", "local:x", "nowhere")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(KeyError):
        place_named("local:x")


@pytest.mark.parametrize("name", PLACES)
def test_a_place_is_read_without_loading_what_it_is_asked_with(name: str) -> None:
    program = (
        "import sys; from launcher.providers.registry import place_named; "
        f"place_named({name!r}); "
        "print(*{'httpx', 'pydantic', 'tenacity', 'keyring'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.parametrize("name", PLACES)
def test_the_key_of_a_place_is_one_that_the_launcher_keeps(name: str) -> None:
    key = place_named(name).key
    assert key is None or KeyName(key.name) in KeyName


@pytest.mark.parametrize("name", PLACES)
async def test_a_place_is_opened_and_says_where_it_is(name: str) -> None:
    place = place_named(name)
    url = place.url or "https://cloud"
    provider = access_to(place).open(Opening(url, SecretStr("demo-key"), SystemClock()))
    assert provider.place is place
    assert provider.pod_environment == {}
    assert provider.calls == 0
    await provider.aclose()


async def test_pods_are_told_the_address_of_a_stand_in() -> None:
    place = place_named("runpod")
    given = {"runpod": "http://localhost:1"}
    assert place.has_stand_in(given)
    assert not place.has_stand_in({})
    assert not place.has_stand_in({"runpod": place.url})
    provider = access_to(place).open(
        Opening(place.address(given), SecretStr("demo-key"), SystemClock())
    )
    assert provider.pod_environment == {"RUNPOD_API_BASE_URL": "http://localhost:1"}
    await provider.aclose()


def test_a_place_that_needs_a_key_is_not_opened_without_one() -> None:
    place = place_named("runpod")
    with pytest.raises(NotConfigured):
        access_to(place).open(Opening(place.url, find_keys({}).runpod, SystemClock()))
