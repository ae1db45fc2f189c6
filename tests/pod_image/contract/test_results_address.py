"""Where results go, as one text."""

from __future__ import annotations

import pytest

from pod_image.contract.results_address import folder_in, is_folder, name_below, results_in
from pod_image.contract.settings import RunSettings


@pytest.mark.parametrize(
    ("results", "host", "path"),
    [
        ("/home/me/voices", "", "/home/me/voices"),
        ("gpubox:/data/voices", "gpubox", "/data/voices"),
        ("me@192.168.1.20:/data/my voices", "me@192.168.1.20", "/data/my voices"),
    ],
)
def test_a_folder_is_told_with_its_machine(results: str, host: str, path: str) -> None:
    found = folder_in(results)
    assert found is not None
    assert (found.host, found.path, str(found)) == (host, path, results)


@pytest.mark.parametrize(
    "results",
    [
        "",
        "me/voice",
        "hf://me/voice",
        "https://huggingface.co/me/voice",
        "voices",
        "/",
        "..:/a",
        "-x:/a",
    ],
)
def test_a_repo_is_no_folder(results: str) -> None:
    assert not is_folder(results)
    assert name_below(results) == results


def test_copies_of_a_folder_lie_elsewhere() -> None:
    assert name_below("/home/me/voices") == "folders/here/home/me/voices"
    assert name_below("gpubox:/data/voices") == "folders/gpubox/data/voices"
    assert name_below("/../../../etc/voices") == "folders/here/etc/voices"


def test_settings_say_where_results_go_here_and_there() -> None:
    by_ssh = RunSettings(provider="ssh", host="gpubox", results_folder="/data/voices")
    assert (by_ssh.results, by_ssh.results_there) == ("gpubox:/data/voices", "/data/voices")
    assert results_in(by_ssh.applicable()) == "gpubox:/data/voices"
    to_repo = RunSettings(results_repo="me/voice")
    assert (to_repo.results, to_repo.results_there) == ("me/voice", "me/voice")
